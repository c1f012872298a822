import type { TraceData } from '../store/trace-data.ts';

/** Called with the slices of one lane in an order in which each ends after those inside it have ended. */
export interface SliceSink {
  begin(slice: number): void;
  end(slice: number, atNs: number): void;
}

/** Kinds of track whose slices lie side by side, not inside each other: each row is a lane of its own. */
const SIDE_BY_SIDE: ReadonlySet<string> = new Set(['lock', 'srcu', 'timer']);

export interface Lane {
  readonly track: number;
  /** 0 for tracks whose slices nest. */
  readonly row: number;
  readonly slices: readonly number[];
}

/** Lanes within which slices nest strictly, which is what other tools ask for. In order of tracks. */
export function lanesOf({ tracks, slices }: TraceData): Lane[] {
  const kinds = new Map(tracks.map(({ id, kind }) => [id, kind]));
  const lanes = new Map<string, { track: number; row: number; slices: number[] }>();
  for (let i = 0; i < slices.track.length; i++) {
    const track = slices.track[i];
    const row = SIDE_BY_SIDE.has(kinds.get(track) ?? '') ? slices.depth[i] : 0;
    const key = `${track}:${row}`;
    let lane = lanes.get(key);
    if (lane === undefined) lanes.set(key, (lane = { track, row, slices: [] }));
    lane.slices.push(i);
  }
  const order = new Map(tracks.map(({ id }, i) => [id, i]));
  return [...lanes.values()].sort(
    (a, b) => (order.get(a.track) ?? 0) - (order.get(b.track) ?? 0) || a.row - b.row,
  );
}

/** Goes through a lane as through brackets. A slice never ends after the one around it. */
export function bracket({ slices }: TraceData, lane: Lane, sink: SliceSink): void {
  const open: { slice: number; end: number }[] = [];
  const close = (until: number) => {
    for (let top = open.at(-1); top !== undefined && top.end <= until; top = open.at(-1)) {
      sink.end(top.slice, top.end);
      open.pop();
    }
  };
  for (const slice of lane.slices) {
    const start = slices.startNs[slice];
    const around = () => open.at(-1);
    close(start);
    // Of slices without length only the depth says what is inside what.
    for (
      let top = around();
      top !== undefined && lane.row === 0 && slices.depth[top.slice] >= slices.depth[slice];
      top = around()
    ) {
      sink.end(top.slice, Math.min(top.end, start));
      open.pop();
    }
    const end = Math.min(slices.endNs[slice], around()?.end ?? Infinity);
    sink.begin(slice);
    open.push({ slice, end });
  }
  close(Infinity);
}
