import { ACCESSES, CONFLICTING, type Footprints } from './footprint.ts';
import { enlarged } from './int-list.ts';
import { NONE, type Path } from './path.ts';
import type { SleepSets } from './sleep-sets.ts';
import type { WakeupTree } from './wakeup-tree.ts';

/**
 * The reversal of one race: a step that takes place before an event `base` of the path that it conflicts
 * with. Its *sequence*, to be performed at `base`, is every later event that did not happen after `base`,
 * then the step itself.
 *
 * The sequence is worth exploring unless it is covered: unless every execution that begins with it has an
 * equivalent one among those that begin with a step explored or already to be explored at `base`.
 */
export class Reversal {
  private base = 0;
  /** Events from `base` to `end` may be in the sequence; those with `member` 1 are, and not yet matched. */
  private end = 0;
  private member = new Int32Array(128);
  private stepThread = 0;
  private stepAlternative = 0;
  private stepFootprint = 0;
  private stepMatched = false;
  /** The event that the last successful `mayBegin` matched, `NONE` if none, `STEP` if the step itself. */
  private matched = NONE;

  constructor(
    private readonly path: Path,
    private readonly footprints: Footprints,
  ) {}

  /** Sets out to reverse event `step` with `base`. The path is looked at up to `end`. */
  of(base: number, step: number, end: number): void {
    const { path } = this;
    this.alone(base, path.thread[step], path.alternative[step], path.footprint[step], end);
    if (end > this.member.length) this.member = enlarged(this.member, end);
    for (let event = base + 1; event < end; event++) this.member[event] = path.before(base, event) ? 0 : 1;
    if (step < end) this.member[step] = 0;
  }

  /** Takes `event` and all that happened after it out of the sequence. */
  without(event: number): void {
    this.member[event] = 0;
    for (let later = event + 1; later < this.end; later++) {
      if (this.path.before(event, later)) this.member[later] = 0;
    }
  }

  /** The sequence that is nothing but the given step. */
  alone(base: number, thread: number, alternative: number, footprint: number, end = base + 1): void {
    this.base = base;
    this.end = end;
    this.stepThread = thread;
    this.stepAlternative = alternative;
    this.stepFootprint = footprint;
    this.stepMatched = false;
  }

  /** Is the sequence covered by one of the steps that sleep at its base? */
  sleeps(sleepers: SleepSets): boolean {
    const last = sleepers.end[this.base];
    for (let i = sleepers.first[this.base]; i < last; i++) {
      const thread = sleepers.thread.items[i];
      if (this.mayBegin(thread, sleepers.alternative.items[i], sleepers.footprint.items[i])) return true;
    }
    return false;
  }

  /** Adds the sequence to the tree at its base, unless the tree covers it. True if it was added. */
  insert(tree: WakeupTree): boolean {
    let parent = tree.root(this.base);
    for (let node = tree.firstChild[parent]; node !== NONE;) {
      if (!this.mayBegin(tree.thread[node], tree.alternative[node], tree.footprint[node])) {
        node = tree.sibling[node];
        continue;
      }
      if (this.matched === STEP) this.stepMatched = true;
      else if (this.matched !== NONE) this.member[this.matched] = 0;
      parent = node;
      node = tree.firstChild[parent];
      if (node === NONE) return false;
    }
    const { path } = this;
    for (let event = this.base + 1; event < this.end; event++) {
      if (this.member[event] === 0) continue;
      parent = tree.add(parent, path.thread[event], path.alternative[event], path.footprint[event]);
    }
    if (!this.stepMatched) tree.add(parent, this.stepThread, this.stepAlternative, this.stepFootprint);
    return true;
  }

  /** The threads of the sequence in order, without the step. */
  leadIn(): number[] {
    const events: number[] = [];
    for (let event = this.base + 1; event < this.end; event++)
      if (this.member[event] === 1) events.push(event);
    return events;
  }

  /**
   * Could what is left of the sequence begin with the given step: as one of its own steps that no other comes
   * before, or as one that depends on none of them?
   */
  private mayBegin(thread: number, alternative: number, footprint: number): boolean {
    this.matched = NONE;
    const event = this.firstOf(thread);
    if (event !== NONE) {
      if (this.path.alternative[event] !== alternative || !this.comesFirst(event)) return false;
      this.matched = event;
      return true;
    }
    if (!this.stepMatched) {
      if (thread === this.stepThread) {
        if (alternative !== this.stepAlternative || !this.independent(this.stepFootprint)) return false;
        this.matched = STEP;
        return true;
      }
      if (this.footprints.conflict(footprint, this.stepFootprint)) return false;
    }
    return this.independent(footprint);
  }

  /** The first event of `thread` that is left in the sequence. */
  private firstOf(thread: number): number {
    const { path, base, member } = this;
    let first = NONE;
    let event = path.last[thread];
    while (event >= this.end) event = path.previous[event];
    for (; event > base; event = path.previous[event]) if (member[event] === 1) first = event;
    return first;
  }

  /** Is nothing that happened before `event` left in the sequence? */
  private comesFirst(event: number): boolean {
    const { path, base, member } = this;
    const { items } = path.predecessors;
    const end = path.firstPredecessor[event + 1];
    for (let i = path.firstPredecessor[event]; i < end; i++) {
      if (items[i] > base && member[items[i]] === 1) return false;
    }
    return true;
  }

  /** Does a footprint conflict with nothing that is left in the sequence, the step aside? */
  private independent(footprint: number): boolean {
    const { path, base, member } = this;
    const slots = this.footprints.slots[footprint];
    for (let i = 0; i < slots.length; i++) {
      const access = slots[i] & (ACCESSES - 1);
      const first = slots[i] - access;
      const conflicting = CONFLICTING[access];
      for (let k = 0; k < conflicting.length; k++) {
        if (first + conflicting[k] >= path.heads.length) continue;
        let entry = path.heads[first + conflicting[k]];
        while (entry !== NONE) {
          const event = path.entryEvent.items[entry];
          if (event <= base) break;
          if (event < this.end && member[event] === 1) return false;
          entry = path.entryPrevious.items[entry];
        }
      }
    }
    return true;
  }
}

const STEP = -2;
