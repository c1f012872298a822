import type { TraceData } from '../../../app/service/contract/trace.ts';
import { lowerBound } from './lanes.ts';
import { LANE_HEIGHT, rowAt, type Row } from './rows.ts';
import type { Scale } from './viewport.ts';

export type Hit =
  | { readonly kind: 'slice'; readonly index: number; readonly row: Row }
  | { readonly kind: 'instant'; readonly index: number; readonly row: Row }
  | { readonly kind: 'sample'; readonly index: number; readonly row: Row }
  | { readonly kind: 'row'; readonly row: Row };

/** Instants are small: the pointer need not meet them exactly. */
const REACH = 6;

/** What is at a place: x in pixels of the scale, y from the top of all tracks (pixels at zoom 1). */
export function hitAt(rows: readonly Row[], x: number, y: number, scale: Scale): Hit | null {
  const row = rows[rowAt(rows, y)];
  if (row === undefined) return null;
  const { content } = row;
  if (content === undefined) return { kind: 'row', row };
  const near = nearestInstant(row, x, scale);
  if (near !== null) return { kind: 'instant', index: near, row };
  const at = content.lanes.length > 1 ? Math.floor((y - row.y) / LANE_HEIGHT) : 0;
  const lane = content.lanes[at];
  const ns = scale.ns(x);
  if (lane !== undefined) {
    const place = lowerBound(lane.startNs, ns + 1) - 1;
    // A slice that is narrower than a pixel is met by the pixel that it is in.
    const slack = scale.ns(1) - scale.ns(0);
    if (place >= 0 && (lane.endNs[place] ?? 0) + slack >= ns) {
      return { kind: 'slice', index: lane.slices[place] ?? 0, row };
    }
  }
  if (content.samples.length > 0) {
    const place = lowerBound(content.sampleNs, ns + 1) - 1;
    if (place >= 0) return { kind: 'sample', index: content.samples[place] ?? 0, row };
  }
  return { kind: 'row', row };
}

function nearestInstant({ content }: Row, x: number, scale: Scale): number | null {
  if (content === undefined) return null;
  const { instantNs, instants } = content;
  const from = lowerBound(instantNs, scale.ns(x - REACH));
  let [best, distance] = [-1, REACH];
  for (let at = from; at < instants.length && at < from + 64; at++) {
    const away = Math.abs(scale.x(instantNs[at] ?? 0) - x);
    if (away > distance) {
      if (best >= 0) break;
      continue;
    }
    [best, distance] = [at, away];
  }
  return best < 0 ? null : (instants[best] ?? null);
}

/** The step that a hit leads to, in a run that was executed here. */
export function stepOf(trace: TraceData, hit: Hit): number | null {
  const step =
    hit.kind === 'slice'
      ? trace.slices.step[hit.index]
      : hit.kind === 'instant'
        ? trace.instants.step[hit.index]
        : hit.kind === 'sample'
          ? trace.samples.step[hit.index]
          : undefined;
  return step === undefined || step >= 0xffff_ffff ? null : step;
}
