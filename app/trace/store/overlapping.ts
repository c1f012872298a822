import type { Moment, SliceText, TraceBuilder } from './builder.ts';

interface OpenSlice {
  readonly slice: number;
  readonly row: number;
}

/** Slices of one track that overlap without nesting: each has the first row that is free. */
export class Overlapping {
  private readonly byTrack = new Map<number, Map<object, OpenSlice>>();

  constructor(private readonly builder: TraceBuilder) {}

  open(track: number, key: object, at: Moment, text: SliceText): void {
    let open = this.byTrack.get(track);
    if (open === undefined) this.byTrack.set(track, (open = new Map<object, OpenSlice>()));
    if (open.has(key)) return;
    const taken = new Set([...open.values()].map(({ row }) => row));
    let row = 0;
    while (taken.has(row)) row++;
    open.set(key, { slice: this.builder.open(track, at, text, row), row });
  }

  close(track: number, key: object, at: Moment): void {
    const open = this.byTrack.get(track);
    const found = open?.get(key);
    if (open === undefined || found === undefined) return;
    open.delete(key);
    this.builder.close(found.slice, at);
  }

  keys(track: number): readonly object[] {
    return [...(this.byTrack.get(track)?.keys() ?? [])];
  }
}
