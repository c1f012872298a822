/** The part of time that is shown, on so many pixels. */
export interface Viewport {
  readonly startNs: number;
  readonly endNs: number;
}

export interface Bounds {
  readonly startNs: number;
  readonly endNs: number;
}

/** Nothing is shorter than a nanosecond: closer in there is nothing more to see. */
const LEAST_NS = 20;

/** A little room on both sides, so that the first and the last event do not stick to the edge. */
const MARGIN = 0.02;

export function whole({ startNs, endNs }: Bounds): Viewport {
  const span = Math.max(endNs - startNs, LEAST_NS);
  return { startNs: startNs - span * MARGIN, endNs: endNs + span * MARGIN };
}

/** Zooms so that the time under the pointer stays where it is; a factor below 1 zooms in. */
export function zoomed(view: Viewport, factor: number, atNs: number, bounds: Bounds): Viewport {
  const span = view.endNs - view.startNs;
  const most = whole(bounds);
  const next = Math.max(LEAST_NS, Math.min(span * factor, most.endNs - most.startNs));
  const share = (atNs - view.startNs) / span;
  return inside({ startNs: atNs - next * share, endNs: atNs + next * (1 - share) }, bounds);
}

/** Moves by a share of what is shown. */
export function panned(view: Viewport, share: number, bounds: Bounds): Viewport {
  const by = (view.endNs - view.startNs) * share;
  return inside({ startNs: view.startNs + by, endNs: view.endNs + by }, bounds);
}

/** Shows a span of time with room around it. */
export function around(startNs: number, endNs: number, bounds: Bounds): Viewport {
  const room = Math.max((endNs - startNs) * 0.5, LEAST_NS / 2);
  return inside({ startNs: startNs - room, endNs: endNs + room }, bounds);
}

/** The same span, moved so that the time is shown; as it is if it is shown already. */
export function showing(view: Viewport, ns: number, bounds: Bounds): Viewport {
  if (ns >= view.startNs && ns <= view.endNs) return view;
  const half = (view.endNs - view.startNs) / 2;
  return inside({ startNs: ns - half, endNs: ns + half }, bounds);
}

function inside(view: Viewport, bounds: Bounds): Viewport {
  const most = whole(bounds);
  const span = Math.min(view.endNs - view.startNs, most.endNs - most.startNs);
  const startNs = Math.min(Math.max(view.startNs, most.startNs), most.endNs - span);
  return { startNs, endNs: startNs + span };
}

/** Between moments and pixels. */
export class Scale {
  private readonly pixelsPerNs: number;

  constructor(
    readonly view: Viewport,
    readonly width: number,
  ) {
    this.pixelsPerNs = width / (view.endNs - view.startNs);
  }

  x(ns: number): number {
    return (ns - this.view.startNs) * this.pixelsPerNs;
  }

  ns(x: number): number {
    return this.view.startNs + x / this.pixelsPerNs;
  }
}
