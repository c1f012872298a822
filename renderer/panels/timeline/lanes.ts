import type { TraceData } from '../../../app/service/contract/trace.ts';

/** Slices of one track at one depth, in order: they do not overlap. Indices lead into the columns of the trace. */
export interface Lane {
  readonly depth: number;
  readonly slices: Uint32Array;
  readonly startNs: Float64Array;
  readonly endNs: Float64Array;
}

/** What there is to draw of one track. */
export interface TrackContent {
  readonly lanes: readonly Lane[];
  /** Instants in order. */
  readonly instants: Uint32Array;
  readonly instantNs: Float64Array;
  /** Samples of a counter in order. */
  readonly samples: Uint32Array;
  readonly sampleNs: Float64Array;
  readonly least: number;
  readonly most: number;
}

const NOTHING: TrackContent = {
  lanes: [],
  instants: new Uint32Array(),
  instantNs: new Float64Array(),
  samples: new Uint32Array(),
  sampleNs: new Float64Array(),
  least: 0,
  most: 0,
};

/** The content of every track, by its id. One pass over the columns for each kind of content. */
export function contentOf(trace: TraceData): ReadonlyMap<number, TrackContent> {
  const contents = new Map<number, TrackContent>();
  const add = (track: number, part: Partial<TrackContent>) => {
    contents.set(track, { ...(contents.get(track) ?? NOTHING), ...part });
  };
  const { slices, instants, samples } = trace;
  for (const [track, indices] of groupBy(slices.track)) {
    add(track, { lanes: lanesOf(indices, trace) });
  }
  for (const [track, indices] of groupBy(instants.track)) {
    add(track, { instants: indices, instantNs: pick(instants.timeNs, indices) });
  }
  for (const [track, indices] of groupBy(samples.track)) {
    const values = pick(samples.value, indices);
    let [least, most] = [0, 0];
    for (const value of values) {
      if (value < least) least = value;
      if (value > most) most = value;
    }
    add(track, { samples: indices, sampleNs: pick(samples.timeNs, indices), least, most });
  }
  return contents;
}

function lanesOf(indices: Uint32Array, { slices }: TraceData): Lane[] {
  const depths = new Uint32Array(indices.length);
  for (let at = 0; at < indices.length; at++) depths[at] = slices.depth[indices[at] ?? 0] ?? 0;
  return [...groupBy(depths)]
    .sort(([a], [b]) => a - b)
    .map(([depth, places]) => {
      const lane = new Uint32Array(places.length);
      for (let at = 0; at < places.length; at++) lane[at] = indices[places[at] ?? 0] ?? 0;
      return { depth, slices: lane, startNs: pick(slices.startNs, lane), endNs: pick(slices.endNs, lane) };
    });
}

/** Places of each value, in order: a counting sort. */
function groupBy(column: Uint32Array): Map<number, Uint32Array> {
  const counts = new Map<number, number>();
  for (const value of column) counts.set(value, (counts.get(value) ?? 0) + 1);
  const groups = new Map<number, Uint32Array>();
  const filled = new Map<number, number>();
  for (const [value, count] of counts) groups.set(value, new Uint32Array(count));
  for (let at = 0; at < column.length; at++) {
    const value = column[at] ?? 0;
    const next = filled.get(value) ?? 0;
    const group = groups.get(value);
    if (group !== undefined) group[next] = at;
    filled.set(value, next + 1);
  }
  return groups;
}

function pick(column: Float64Array, indices: Uint32Array): Float64Array {
  const picked = new Float64Array(indices.length);
  for (let at = 0; at < indices.length; at++) picked[at] = column[indices[at] ?? 0] ?? 0;
  return picked;
}

/** The first place whose value is at least this; the length of the column if there is none. */
export function lowerBound(column: Float64Array, value: number, from = 0): number {
  let [low, high] = [from, column.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((column[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
