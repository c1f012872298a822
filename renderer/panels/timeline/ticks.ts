import type { Viewport } from './viewport.ts';

export interface Tick {
  readonly ns: number;
  readonly label: string;
}

const LEAST_PIXELS = 110;
const STEPS = [1, 2, 5];

/** Round moments on the axis, as seconds since power on with as many digits as tell them apart. */
export function ticksOf(view: Viewport, width: number): Tick[] {
  const span = view.endNs - view.startNs;
  const stepNs = roundStep((span * LEAST_PIXELS) / Math.max(width, 1));
  const digits = Math.max(0, Math.min(9, 9 - Math.floor(Math.log10(stepNs))));
  const ticks: Tick[] = [];
  for (let count = Math.ceil(view.startNs / stepNs); count * stepNs <= view.endNs; count++) {
    const ns = count * stepNs;
    ticks.push({ ns, label: `${(ns / 1e9).toFixed(digits)} s` });
  }
  return ticks;
}

/** The smallest of 1, 2, 5, 10, … that is not below. */
function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(least, 1)));
  const step = STEPS.find((factor) => factor * power >= least);
  return step === undefined ? 10 * power : step * power;
}
