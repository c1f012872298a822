import { flowKinds, type TraceData } from '../../../app/trace/store/trace-data.ts';
import type { Palette } from './palette.ts';
import type { Row } from './rows.ts';
import type { Surface } from './surface.ts';
import type { Scale } from './viewport.ts';

export interface Flow {
  readonly index: number;
  readonly kind: (typeof flowKinds)[number];
  readonly fromTrack: number;
  readonly fromNs: number;
  readonly fromStep: number;
  readonly toTrack: number;
  readonly toNs: number;
  readonly toStep: number;
}

/** What an arrow says. */
export const FLOW_NAMES: Readonly<Record<Flow['kind'], string>> = {
  wakeup: 'wakes',
  lock: 'hands the lock to',
  callback: 'queues, and runs as callback',
  'free-use': 'frees what is used here',
};

/** More arrows than this hide what they shall show. */
const MOST_ARROWS = 200;

export function flowAt({ flows }: TraceData, index: number): Flow {
  return {
    index,
    kind: flowKinds[flows.kind[index] ?? 0] ?? 'wakeup',
    fromTrack: flows.fromTrack[index] ?? 0,
    fromNs: flows.fromNs[index] ?? 0,
    fromStep: flows.fromStep[index] ?? 0,
    toTrack: flows.toTrack[index] ?? 0,
    toNs: flows.toNs[index] ?? 0,
    toStep: flows.toStep[index] ?? 0,
  };
}

/** Arrows that begin or end in a span of time on a track. */
export function flowsOf(trace: TraceData, track: number, startNs: number, endNs: number): Flow[] {
  const { flows } = trace;
  const found: Flow[] = [];
  for (let index = 0; index < flows.kind.length && found.length < MOST_ARROWS; index++) {
    const [from, to] = [flows.fromNs[index] ?? 0, flows.toNs[index] ?? 0];
    const begins = flows.fromTrack[index] === track && from >= startNs && from <= endNs;
    const ends = flows.toTrack[index] === track && to >= startNs && to <= endNs;
    if (begins || ends) found.push(flowAt(trace, index));
  }
  return found;
}

export interface FlowScene {
  readonly rows: readonly Row[];
  readonly scale: Scale;
  readonly scrollY: number;
  readonly zoom: number;
  readonly palette: Palette;
}

/** Draws arrows between tracks that are in the list of rows; those of collapsed tracks are left out. */
export function drawFlows(surface: Surface, flows: readonly Flow[], scene: FlowScene): void {
  const { rows, scale, scrollY, zoom, palette } = scene;
  const middle = new Map(rows.map(({ track, y, height }) => [track.id, (y + height / 2) * zoom - scrollY]));
  const colours: Readonly<Record<Flow['kind'], string>> = {
    wakeup: palette.text,
    lock: palette.accent,
    callback: palette.selection,
    'free-use': palette.report,
  };
  for (const { kind, fromTrack, fromNs, toTrack, toNs } of flows) {
    const [y1, y2] = [middle.get(fromTrack), middle.get(toTrack)];
    if (y1 === undefined || y2 === undefined) continue;
    surface.arrow(scale.x(fromNs), y1, scale.x(toNs), y2, colours[kind]);
  }
}
