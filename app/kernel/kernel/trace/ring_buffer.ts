import type { StackEntry } from '../../stack.ts';

export type TraceKind = 'event' | 'function' | 'graph_entry' | 'graph_return' | 'print' | 'stack';

/** One entry of the ring buffer. */
export interface TraceEntry {
  readonly kind: TraceKind;
  /** Nanoseconds since boot. */
  readonly time: number;
  readonly cpu: number;
  readonly pid: number;
  readonly tgid: number;
  readonly comm: string;
  /** The five columns of context. */
  readonly flags: string;
  /** Of an event: where it belongs; else empty. */
  readonly system: string;
  /** The event, or the function. */
  readonly name: string;
  /** The event's text, what was printed, or the calling function. */
  readonly text: string;
  /** Of function_graph. */
  readonly depth: number;
  readonly calltime: number;
  readonly frames: readonly StackEntry[];
  /** Bytes that it takes in the buffer. */
  readonly size: number;
}

/** What a real kernel has for itself of each page: a time stamp and the number of bytes in use. */
export const PAGE_HEADER = 16;
export const BUFFER_PAGE = 4096;

/** The ring buffer of one CPU. The oldest entries make room for new ones, as many as a page holds at once. */
export class CpuBuffer {
  /** Entries from `head` on, oldest first. */
  private entries: TraceEntry[] = [];
  private head = 0;
  bytes = 0;
  /** Entries that were ever written, overwritten, refused for want of room, and taken by readers. */
  written = 0;
  overrun = 0;
  dropped = 0;
  taken = 0;
  /** Overwritten ones of which the reader has not been told yet. */
  lost = 0;

  constructor(
    readonly cpu: number,
    public size: number,
  ) {}

  get length(): number {
    return this.entries.length - this.head;
  }

  at(index: number): TraceEntry {
    return this.entries[this.head + index];
  }

  /** When the newest entry was made; null if there is none. */
  get newest(): number | null {
    return this.entries.at(-1)?.time ?? null;
  }

  push(entry: TraceEntry, overwrite: boolean): boolean {
    if (this.bytes + entry.size > this.size) {
      if (!overwrite) {
        this.dropped++;
        return false;
      }
      const most = this.bytes + entry.size - this.size + BUFFER_PAGE;
      for (let freed = 0; freed < most && this.length > 0;) {
        freed += this.drop().size;
        this.overrun++;
        this.lost++;
      }
    }
    this.entries.push(entry);
    this.bytes += entry.size;
    this.written++;
    return true;
  }

  /** Takes the oldest entry out for a reader. */
  take(): TraceEntry {
    this.taken++;
    return this.drop();
  }

  clear(): void {
    this.entries = [];
    this.head = 0;
    this.bytes = 0;
    this.written = 0;
    this.overrun = 0;
    this.dropped = 0;
    this.lost = 0;
    this.taken = 0;
  }

  private drop(): TraceEntry {
    const entry = this.entries[this.head++];
    this.bytes -= entry.size;
    if (this.head > 1024 && this.head * 2 > this.entries.length) {
      this.entries = this.entries.slice(this.head);
      this.head = 0;
    }
    return entry;
  }
}

/** Goes through several buffers in order of time; of entries of one moment that of the lower CPU comes first. */
export class MergedEntries {
  private readonly next: number[];

  constructor(private readonly buffers: readonly CpuBuffer[]) {
    this.next = buffers.map(() => 0);
  }

  /** The next entry with the place of its buffer, without going on. */
  peek(): { readonly entry: TraceEntry; readonly buffer: number } | null {
    let best: { readonly entry: TraceEntry; readonly buffer: number } | null = null;
    for (const [buffer, entries] of this.buffers.entries()) {
      if (this.next[buffer] >= entries.length) continue;
      const entry = entries.at(this.next[buffer]);
      if (best === null || entry.time < best.entry.time) best = { entry, buffer };
    }
    return best;
  }

  advance(buffer: number): void {
    this.next[buffer]++;
  }

  /** The next entry of one buffer. */
  peekIn(buffer: number): TraceEntry | null {
    return this.next[buffer] < this.buffers[buffer].length
      ? this.buffers[buffer].at(this.next[buffer])
      : null;
  }
}
