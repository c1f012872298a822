import type { Task } from '../sim/task.ts';
import { ACCESSES, CONFLICTING, type Footprints } from './footprint.ts';
import { enlarged, IntList } from './int-list.ts';
import { NONE, type Path } from './path.ts';
import type { Rehearsal, Taken } from './rehearsal.ts';
import type { SleepSets } from './sleep-sets.ts';
import type { WakeupTree } from './wakeup-tree.ts';

/**
 * The reversal of one race: a step that takes place before an event `base` of the path that it conflicts
 * with. Its *sequence*, to be performed at `base`, is every later event that did not happen after `base`,
 * then the step itself.
 *
 * The sequence is worth exploring unless it is covered: unless every execution that begins with it has an
 * equivalent one among those that begin with a step explored or already to be explored at `base`.
 *
 * The events of a sequence are what they were, as all that happened before them comes before them again. The step
 * is not: whether its task ends with it is found out by a rehearsal, as soon as anything depends on it. The same
 * goes for the last steps in the tree, which come from other reversals.
 */
export class Reversal {
  /** The tasks of the execution whose races are reversed. */
  tasks: readonly Task[] = [];
  private base = 0;
  private baseThread = 0;
  private baseIndex = 0;
  /** Events from `base` to `end` may be in the sequence. */
  private end = 0;
  /** The event that is the step, where it is one of them. */
  private stepEvent = NONE;
  private stepThread = 0;
  private stepAlternative = 0;
  private stepFootprint = 0;
  /** Is it known whether the task of the step ends with it, here? */
  private stepSure = false;
  private stepMatched = false;
  /** Nodes of the tree that were matched on the way to where the sequence is being inserted. */
  private readonly chain = new IntList();
  /**
   * By event: `LEFT` if it is in the sequence and not yet matched, `TAKEN` if it was. Made only when something is to
   * be taken out.
   */
  private member = new Int32Array(128);
  private listed = false;
  /** Once listed, by thread: its first event in the sequence; and by event: the next one of its thread there. */
  private firstListed = new Int32Array(16);
  private nextListed = new Int32Array(128);
  /** The event that the last successful `mayBegin` matched, `NONE` if none, `STEP` if the step itself. */
  private matched = NONE;

  constructor(
    private readonly path: Path,
    private readonly footprints: Footprints,
    private readonly rehearsal: Rehearsal,
  ) {}

  /** Sets out to reverse event `step` with `base`. The path is looked at up to `end`. */
  of(base: number, step: number, end: number): void {
    const { path } = this;
    this.alone(base, path.thread[step], path.alternative[step], path.footprint[step], end);
    this.stepEvent = step;
  }

  /** The sequence that is nothing but the given step. */
  alone(base: number, thread: number, alternative: number, footprint: number, end = base + 1): void {
    this.base = base;
    this.baseThread = this.path.thread[base];
    this.baseIndex = this.path.index[base];
    this.end = end;
    this.stepEvent = NONE;
    this.stepThread = thread;
    this.stepAlternative = alternative;
    this.stepFootprint = this.footprints.foreseen[footprint];
    this.stepSure = false;
    this.stepMatched = false;
    this.listed = false;
  }

  /** The step that comes last. */
  get step(): Taken & { footprint: number } {
    return { thread: this.stepThread, alternative: this.stepAlternative, footprint: this.toldFootprint() };
  }

  /** Takes `event` and all that happened after it out of the sequence. */
  without(event: number): void {
    this.list();
    this.remove(event);
    for (let later = event + 1; later < this.end; later++) {
      if (this.path.before(event, later)) this.remove(later);
    }
  }

  private remove(event: number): void {
    if (event <= this.base || this.member[event] === OUT) return;
    this.member[event] = OUT;
    // All later events of the thread go as well, as they happened after this one.
    const thread = this.path.thread[event];
    let last = this.firstListed[thread];
    if (last === event) this.firstListed[thread] = NONE;
    else {
      while (this.nextListed[last] !== event) last = this.nextListed[last];
      this.nextListed[last] = NONE;
    }
    for (let later = this.nextListed[event]; later !== NONE; later = this.nextListed[later])
      this.member[later] = OUT;
  }

  /**
   * Which of the steps that sleep at the base covers the sequence, counted from 0; `NONE` if none does. One
   * that is likely to can be tried first.
   */
  sleeper(sleepers: SleepSets, likely: number): number {
    const first = sleepers.first[this.base];
    const count = sleepers.end[this.base] - first;
    if (likely >= 0 && likely < count && this.coveredBy(sleepers, first + likely)) return likely;
    for (let i = 0; i < count; i++) if (i !== likely && this.coveredBy(sleepers, first + i)) return i;
    return NONE;
  }

  private coveredBy(sleepers: SleepSets, at: number): boolean {
    const { thread, alternative, footprint } = sleepers;
    return this.mayBegin(thread.items[at], alternative.items[at], footprint.items[at]);
  }

  /** Adds the sequence to the tree at its base, unless the tree covers it. True if it was added. */
  insert(tree: WakeupTree): boolean {
    this.list();
    const { path, firstListed } = this;
    let parent = tree.root(this.base);
    this.chain.length = 0;
    for (let node = tree.firstChild[parent]; node !== NONE;) {
      // Most often the tree holds the very sequence: its steps are matched one by one.
      const thread = tree.thread[node];
      const event = thread < path.width ? firstListed[thread] : NONE;
      if (event !== NONE) {
        if (path.alternative[event] !== tree.alternative[node] || !this.comesFirst(event)) {
          node = tree.sibling[node];
          continue;
        }
        this.take(event);
      } else {
        if (!this.mayBeginWith(tree, node)) {
          node = tree.sibling[node];
          continue;
        }
        if (this.matched === STEP) this.stepMatched = true;
      }
      parent = node;
      node = tree.firstChild[parent];
      if (node === NONE) return false;
      this.chain.push(parent);
    }
    for (let event = this.base + 1; event < this.end; event++) {
      if (this.member[event] !== LEFT) continue;
      parent = tree.add(parent, path.thread[event], path.alternative[event], path.footprint[event]);
    }
    if (!this.stepMatched) tree.add(parent, this.stepThread, this.stepAlternative, this.toldFootprint());
    return true;
  }

  /** As `mayBegin` for a step of the tree after those matched. Finds out what it touches if that matters. */
  private mayBeginWith(tree: WakeupTree, node: number): boolean {
    const footprint = tree.footprint[node];
    if (!this.mayBegin(tree.thread[node], tree.alternative[node], footprint)) return false;
    const ended = this.footprints.mayEnd[footprint];
    if (ended === NONE || !this.touches(ended, tree.thread[node])) return true;
    const chain = Array.from(this.chain.items.subarray(0, this.chain.length), (matched) =>
      tree.step(matched),
    );
    tree.footprint[node] = this.rehearsal.footprintOf(this.base, chain, tree.step(node));
    return this.mayBegin(tree.thread[node], tree.alternative[node], tree.footprint[node]);
  }

  /** Has anything that is left of the sequence to do with an object, a step of `thread` aside? */
  private touches(object: number, thread: number): boolean {
    const { path, base, end } = this;
    if (
      !this.stepMatched &&
      this.stepThread !== thread &&
      this.footprints.touches(this.stepFootprint, object)
    ) {
      return true;
    }
    for (let slot = object * ACCESSES; slot < (object + 1) * ACCESSES; slot++) {
      let entry = slot < path.heads.length ? path.heads[slot] : NONE;
      for (; entry !== NONE; entry = path.entryPrevious.items[entry]) {
        const event = path.entryEvent.items[entry];
        if (event <= base) break;
        if (event < end && this.left(event)) return true;
      }
    }
    return false;
  }

  /** What the step touches, or is foreseen to. */
  private toldFootprint(): number {
    const { stepFootprint, footprints } = this;
    if (this.stepSure) return stepFootprint;
    return footprints.unsure(stepFootprint, footprints.taskNumber(this.tasks[this.stepThread]));
  }

  private conflictsWithStep(footprint: number): boolean {
    const { footprints } = this;
    if (footprints.conflict(footprint, this.stepFootprint)) return true;
    if (this.stepSure) return false;
    if (!footprints.touches(footprint, footprints.taskNumber(this.tasks[this.stepThread]))) return false;
    const { path } = this;
    const before = this.leadIn().map((event) => {
      return { thread: path.thread[event], alternative: path.alternative[event] };
    });
    const step = { thread: this.stepThread, alternative: this.stepAlternative };
    const sure = this.rehearsal.footprintIfTaken(this.base, before, step);
    // Where a probe is yet to find that out, nothing can be said of a step that does not take place.
    if (sure === NONE) return true;
    this.stepFootprint = sure;
    this.stepSure = true;
    return footprints.conflict(footprint, this.stepFootprint);
  }

  /** Is an event after the base in the sequence? */
  includes(event: number): boolean {
    return this.left(event);
  }

  /** The events of the sequence in order, matched or not, without the step. */
  leadIn(): number[] {
    this.list();
    const events: number[] = [];
    for (let event = this.base + 1; event < this.end; event++)
      if (this.member[event] !== OUT) events.push(event);
    return events;
  }

  private list(): void {
    if (this.listed) return;
    const { path, base, end, baseIndex, stepEvent } = this;
    if (end > this.member.length) {
      this.member = enlarged(this.member, end);
      this.nextListed = enlarged(this.nextListed, end);
    }
    const { clocks, width, thread } = path;
    if (width > this.firstListed.length) this.firstListed = enlarged(this.firstListed, width);
    const { member, firstListed, nextListed } = this;
    for (let t = 0; t < width; t++) firstListed[t] = NONE;
    let at = (end - 1) * width + this.baseThread;
    for (let event = end - 1; event > base; event--) {
      if (clocks[at] >= baseIndex || event === stepEvent) member[event] = OUT;
      else {
        member[event] = LEFT;
        nextListed[event] = firstListed[thread[event]];
        firstListed[thread[event]] = event;
      }
      at -= width;
    }
    this.listed = true;
  }

  /** Takes the first event of a thread out of the sequence. */
  private take(event: number): void {
    this.member[event] = TAKEN;
    this.firstListed[this.path.thread[event]] = this.nextListed[event];
  }

  /** Is an event after `base` in the sequence and not yet matched? */
  private left(event: number): boolean {
    if (this.listed) return this.member[event] === LEFT;
    const { clocks, width } = this.path;
    return clocks[event * width + this.baseThread] < this.baseIndex && event !== this.stepEvent;
  }

  /**
   * Could what is left of the sequence begin with the given step: as one of its own steps that no other comes
   * before, or as one that depends on none of them?
   */
  mayBegin(thread: number, alternative: number, footprint: number): boolean {
    this.matched = NONE;
    const event = this.firstOf(thread);
    if (event !== NONE) {
      if (this.path.alternative[event] !== alternative || !this.comesFirst(event)) return false;
      this.matched = event;
      return true;
    }
    if (!this.stepMatched) {
      if (thread === this.stepThread) {
        if (alternative !== this.stepAlternative || !this.independent(footprint)) return false;
        this.matched = STEP;
        return true;
      }
      if (this.conflictsWithStep(footprint)) return false;
    }
    return this.independent(footprint);
  }

  /** The first event of `thread` that is left in the sequence. */
  private firstOf(thread: number): number {
    const { path, base } = this;
    if (this.listed) return thread < path.width ? this.firstListed[thread] : NONE;
    let first = NONE;
    let event = path.last[thread];
    while (event >= this.end) event = path.previous[event];
    for (; event > base; event = path.previous[event]) if (this.left(event)) first = event;
    return first;
  }

  /** Is nothing that happened before `event` left in the sequence? */
  private comesFirst(event: number): boolean {
    const { path, base } = this;
    const { items } = path.predecessors;
    const end = path.firstPredecessor[event + 1];
    for (let i = path.firstPredecessor[event]; i < end; i++) {
      if (items[i] > base && this.left(items[i])) return false;
    }
    return true;
  }

  /** Does a footprint conflict with nothing that is left in the sequence, the step aside? */
  private independent(footprint: number): boolean {
    const { path, base } = this;
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
          if (event < this.end && this.left(event)) return false;
          entry = path.entryPrevious.items[entry];
        }
      }
    }
    return true;
  }
}

const STEP = -2;
const OUT = 0;
const LEFT = 1;
const TAKEN = 2;
