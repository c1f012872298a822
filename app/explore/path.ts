import { ACCESSES, CONFLICTING, type Footprints, WRITE } from './footprint.ts';
import { enlarged, IntList, NONE } from './int-list.ts';

export { NONE };

/**
 * The events of the present execution in order, with what happened before what.
 *
 * Invariants:
 * 1. Event `d` is the `d`-th operation performed; `thread[d]`, `alternative[d]` (of a `choose` operation, else
 *    0) and `footprint[d]` describe it.
 * 2. Event `a` happened before event `b > a` if and only if `before(a, b)`: by program order, by spawning, or
 *    because they conflict, and transitively.
 * 3. `predecessors` of an event are its immediate ones: none of them happened before another.
 * 4. Everything about events before `length` stays as it is until `truncate`, which undoes in reverse order.
 */
export class Path {
  length = 0;
  thread = new Int32Array(INITIAL);
  alternative = new Int32Array(INITIAL);
  footprint = new Int32Array(INITIAL);
  /** Position among the events of its thread, from 1. */
  index = new Int32Array(INITIAL);
  /** The event of the same thread before this one, or `NONE`. */
  previous = new Int32Array(INITIAL);

  /** Immediate predecessors of event `d`: `predecessors.items` from `firstPredecessor[d]` to that of `d + 1`. */
  readonly predecessors = new IntList();
  firstPredecessor = new Int32Array(INITIAL + 1);

  /** By thread: its last event, or `NONE`. */
  last = new Int32Array(4).fill(NONE);
  /** By thread: the event that spawned it, or `NONE`. */
  spawnedBy = new Int32Array(4).fill(NONE);

  /** By slot: its last entry. The entries of one slot are chained, latest first. */
  heads = new Int32Array(64).fill(NONE);
  readonly entrySlot = new IntList();
  readonly entryEvent = new IntList();
  readonly entryPrevious = new IntList();
  firstEntry = new Int32Array(INITIAL + 1);

  /** Threads that a clock has room for. */
  width = 4;
  /** By event and thread: how many events of the thread happened before the event, itself included. */
  clocks = new Int32Array(INITIAL * 4);
  private readonly found = new IntList();

  constructor(readonly footprints: Footprints) {}

  /** Did event `a` happen before event `b`, where `a < b`? */
  before(a: number, b: number): boolean {
    return this.clocks[b * this.width + this.thread[a]] >= this.index[a];
  }

  /** Appends an event of `thread`. */
  append(thread: number, alternative: number, footprint: number): void {
    const event = this.length;
    if (event + 1 >= this.thread.length) this.grow();
    if (thread >= this.width) this.widen(thread);
    this.length = event + 1;
    const previous = this.last[thread];
    this.thread[event] = thread;
    this.alternative[event] = alternative;
    this.footprint[event] = footprint;
    this.previous[event] = previous;
    this.index[event] = previous === NONE ? 1 : this.index[previous] + 1;
    this.last[thread] = event;
    this.order(event, previous === NONE ? this.spawnedBy[thread] : previous);
    this.enter(event, this.footprints.slots[footprint]);
  }

  /** Notes which event started a thread. Before the thread's first event. */
  spawned(thread: number, by: number): void {
    if (thread >= this.width) this.widen(thread);
    this.spawnedBy[thread] = by;
  }

  /** Forgets all events from `length` on. */
  truncate(length: number): void {
    for (let event = this.length - 1; event >= length; event--) {
      this.last[this.thread[event]] = this.previous[event];
      for (let entry = this.firstEntry[event + 1] - 1; entry >= this.firstEntry[event]; entry--) {
        this.heads[this.entrySlot.items[entry]] = this.entryPrevious.items[entry];
      }
    }
    if (length >= this.length) return;
    const entries = this.firstEntry[length];
    this.entrySlot.length = entries;
    this.entryEvent.length = entries;
    this.entryPrevious.length = entries;
    this.predecessors.length = this.firstPredecessor[length];
    this.length = length;
  }

  /** Computes the clock and the immediate predecessors of `event`, whose program-order one is `parent`. */
  private order(event: number, parent: number): void {
    const { clocks, width } = this;
    const base = event * width;
    this.firstPredecessor[event] = this.predecessors.length;
    if (parent === NONE) {
      for (let t = 0; t < width; t++) clocks[base + t] = 0;
    } else {
      const from = parent * width;
      for (let t = 0; t < width; t++) clocks[base + t] = clocks[from + t];
      this.predecessors.push(parent);
    }
    this.collectConflicts(event);
    const found = this.found.items;
    for (let i = 0; i < this.found.length; i++) {
      const other = found[i];
      if (clocks[base + this.thread[other]] >= this.index[other]) continue;
      this.predecessors.push(other);
      if (this.firstPredecessor[other] === this.firstPredecessor[other + 1]) {
        clocks[base + this.thread[other]] = 1;
        continue;
      }
      const from = other * width;
      for (let t = 0; t < width; t++) {
        const theirs = clocks[from + t];
        if (theirs > clocks[base + t]) clocks[base + t] = theirs;
      }
    }
    clocks[base + this.thread[event]] = this.index[event];
    this.firstPredecessor[event + 1] = this.predecessors.length;
  }

  /**
   * Collects, latest first, the events that conflict with `event` and could be its immediate predecessors:
   * whatever lies behind a write of the same object happened before that write.
   */
  private collectConflicts(event: number): void {
    this.found.length = 0;
    const slots = this.footprints.slots[this.footprint[event]];
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i];
      const first = slot & ~(ACCESSES - 1);
      if (first + ACCESSES > this.heads.length) this.heads = enlarged(this.heads, first + ACCESSES, NONE);
      const write = this.heads[first + WRITE];
      const lastWrite = write === NONE ? NONE : this.entryEvent.items[write];
      if (write !== NONE) this.find(lastWrite, event);
      const conflicting = CONFLICTING[slot & (ACCESSES - 1)];
      for (let k = 1; k < conflicting.length; k++) {
        let entry = this.heads[first + conflicting[k]];
        while (entry !== NONE && this.entryEvent.items[entry] > lastWrite) {
          this.find(this.entryEvent.items[entry], event);
          entry = this.entryPrevious.items[entry];
        }
      }
    }
  }

  /** Inserts an event into `found`, which is in descending order, unless program order covers it. */
  private find(other: number, event: number): void {
    const { found, clocks, width } = this;
    if (clocks[event * width + this.thread[other]] >= this.index[other]) return;
    found.push(other);
    const { items } = found;
    let at = found.length - 1;
    while (at > 0 && items[at - 1] < other) {
      items[at] = items[at - 1];
      at--;
    }
    items[at] = other;
  }

  private enter(event: number, slots: readonly number[]): void {
    this.firstEntry[event] = this.entrySlot.length;
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i];
      const entry = this.entrySlot.length;
      this.entrySlot.push(slot);
      this.entryEvent.push(event);
      this.entryPrevious.push(this.heads[slot]);
      this.heads[slot] = entry;
    }
    this.firstEntry[event + 1] = this.entrySlot.length;
  }

  private grow(): void {
    const size = this.thread.length * 2;
    this.thread = enlarged(this.thread, size);
    this.alternative = enlarged(this.alternative, size);
    this.footprint = enlarged(this.footprint, size);
    this.index = enlarged(this.index, size);
    this.previous = enlarged(this.previous, size);
    this.firstPredecessor = enlarged(this.firstPredecessor, size + 1);
    this.firstEntry = enlarged(this.firstEntry, size + 1);
    this.clocks = enlarged(this.clocks, size * this.width);
  }

  /** Makes room for `thread` in clocks and tables: just enough, as each event pays for the width. */
  private widen(thread: number): void {
    const width = thread + 1;
    const clocks = new Int32Array(this.thread.length * width);
    for (let event = 0; event < this.length; event++) {
      const from = event * this.width;
      clocks.set(this.clocks.subarray(from, from + this.width), event * width);
    }
    this.clocks = clocks;
    this.width = width;
    if (width > this.last.length) {
      this.last = enlarged(this.last, width, NONE);
      this.spawnedBy = enlarged(this.spawnedBy, width, NONE);
    }
  }
}

const INITIAL = 128;
