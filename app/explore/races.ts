import { UNTOLD } from '../sim/object.ts';
import type { Operation } from '../sim/operation.ts';
import type { Task } from '../sim/task.ts';
import { ACCESSES, type Footprints, READ, slotsConflict } from './footprint.ts';
import { enlarged, IntList } from './int-list.ts';
import { NONE, type Path } from './path.ts';

/** What has to be done to reverse a race. */
export const PLAIN = 0;
/** The later step is to come before all conflicting operations on its object from the earlier event on. */
export const GROUP = 1;
/** As `PLAIN`, but whether the later step can run then is not known. */
export const PROBE = 2;
export const GROUP_PROBE = 3;
/** The later step cannot run before the earlier event. */
export const IRREVERSIBLE = 4;

/**
 * The races of each event of the path with earlier ones: pairs of conflicting events of different threads
 * that may come in the other order.
 *
 * An operation that never waits races with its immediate predecessors. One that waits may have been kept
 * waiting by an event that lies further back, and may not have been able to run before an immediate
 * predecessor. Whether it could is asked of the operation itself, with its object put back into the state
 * that it had before the earlier event.
 */
export class Races {
  first = new Int32Array(129);
  readonly earlier = new IntList();
  readonly kind = new IntList();
  /** Of grouped races: the events on the operation's own and second object before which it is to come. */
  readonly cutOwn = new IntList();
  readonly cutAlso = new IntList();
  /** The sleeper that covered the reversal last time, counted from 0, or `NONE`. */
  readonly sleeper = new IntList();

  /** By object: 1 if an operation that waits was seen on it. */
  private waitable = new Int32Array(64);
  /** By entry of the path, where the object is waitable: the object's state before the event. */
  private readonly states: unknown[] = [];

  constructor(
    private readonly path: Path,
    private readonly footprints: Footprints,
  ) {}

  /** Notes again the state of the own object of an event that is about to be replayed: states hold tasks. */
  replay(event: number, operation: Operation<unknown>): void {
    const entry = this.path.firstEntry[event];
    if (this.isWaitable(this.path.entrySlot.items[entry] >> 2))
      this.states[entry] = operation.object.snapshot();
  }

  /** Notes the states that the objects of a new event had before it, as far as they are known. */
  remember(event: number, stateBefore: unknown, endOfTask: number): void {
    const { path, states } = this;
    const first = path.firstEntry[event];
    const end = path.firstEntry[event + 1];
    states[first] = stateBefore;
    for (let entry = first + 1; entry < end; entry++) {
      states[entry] = path.entrySlot.items[entry] >> 2 === endOfTask ? 'ready' : undefined;
    }
  }

  /** Finds the races of the last event of the path, in which `task` performed `operation`. */
  find(event: number, task: Task, operation: Operation<unknown>, stateBefore: unknown): void {
    if (event + 1 >= this.first.length) this.first = enlarged(this.first, event + 2);
    this.first[event] = this.earlier.length;
    if (operation.conditional) this.findWaiting(event, task, operation, stateBefore, true);
    else {
      const { path } = this;
      const end = path.firstPredecessor[event + 1];
      for (let i = path.firstPredecessor[event]; i < end; i++) {
        const earlier = path.predecessors.items[i];
        if (this.orderedByProgram(earlier, event)) continue;
        this.add(earlier, PLAIN);
      }
    }
    this.first[event + 1] = this.earlier.length;
  }

  /** Finds what keeps `task` waiting at the end of the path, where its operation is the last, imagined event. */
  findBlocked(event: number, task: Task, operation: Operation<unknown>): void {
    if (event + 1 >= this.first.length) this.first = enlarged(this.first, event + 2);
    this.first[event] = this.earlier.length;
    this.findWaiting(event, task, operation, operation.object.snapshot(), false);
    this.first[event + 1] = this.earlier.length;
  }

  /** Forgets the races of all events from `length` on. */
  truncate(length: number): void {
    this.earlier.length = this.first[length];
    this.kind.length = this.first[length];
    this.cutOwn.length = this.first[length];
    this.cutAlso.length = this.first[length];
    this.sleeper.length = this.first[length];
  }

  isWaitable(object: number): boolean {
    return object < this.waitable.length && this.waitable[object] === 1;
  }

  private orderedByProgram(earlier: number, event: number): boolean {
    const thread = this.path.thread[event];
    return this.path.thread[earlier] === thread || this.path.spawnedBy[thread] === earlier;
  }

  private findWaiting(
    event: number,
    task: Task,
    operation: Operation<unknown>,
    stateBefore: unknown,
    executed: boolean,
  ): void {
    const own = this.footprints.objectNumber(operation.object);
    const also = operation.also === null ? NONE : this.footprints.objectNumber(operation.also);
    this.watch(own);
    if (also !== NONE) this.watch(also);
    this.findElsewhere(event, own, also, executed);

    const slot = this.footprints.slots[this.path.footprint[event]][0];
    const present: Cut = { event: NONE, state: stateBefore, stateAfter: stateBefore, passed: [] };
    const ownCuts = this.cuts(event, slot, stateBefore);
    const stateAlso = operation.also === null ? UNTOLD : operation.also.snapshot();
    const alsoCuts = also === NONE ? [] : this.cuts(event, also * ACCESSES + READ, stateAlso);
    const presentAlso: Cut = { event: NONE, state: stateAlso, stateAfter: stateAlso, passed: [] };

    const enabled = (before: Cut, beforeAlso: Cut): boolean | null => {
      const apart =
        also === NONE ||
        (this.intact(event, also, beforeAlso, before) && this.intact(event, own, before, beforeAlso));
      return apart ? enabledIn(operation, task, before.state, beforeAlso.state) : null;
    };
    for (const cut of ownCuts) {
      const after = { ...cut, state: cut.stateAfter };
      this.judge(event, cut, cut, null, enabled(cut, presentAlso), () => enabled(after, presentAlso));
    }
    for (const cut of alsoCuts) {
      const after = { ...cut, state: cut.stateAfter };
      this.judge(event, cut, null, cut, enabled(present, cut), () => enabled(present, after));
    }
    // Two events, one on each object, that kept the operation waiting together.
    for (const cut of ownCuts) {
      for (const cutAlso of alsoCuts) {
        if (enabled(cut, presentAlso) === true || enabled(present, cutAlso) === true) continue;
        const could = enabled(cut, cutAlso);
        if (could !== false) this.addGroup(event, cut, cutAlso, could);
      }
    }
  }

  /** Races about objects that do not decide whether the operation is enabled. */
  private findElsewhere(event: number, own: number, also: number, executed: boolean): void {
    const { path } = this;
    const end = path.firstPredecessor[event + 1];
    const slots = this.footprints.slots[path.footprint[event]];
    for (let i = path.firstPredecessor[event]; i < end; i++) {
      const earlier = path.predecessors.items[i];
      if (this.orderedByProgram(earlier, event)) continue;
      if (this.touches(earlier, slots[0]) || (also !== NONE && this.touches(earlier, also * ACCESSES + READ)))
        continue;
      const undisturbed =
        !this.disturbs(earlier, event, own) && (also === NONE || !this.disturbs(earlier, event, also));
      if (undisturbed && !executed) continue;
      this.add(earlier, undisturbed ? PLAIN : PROBE);
    }
  }

  /** The places on an object before which an access could be: before each conflicting event, latest first. */
  private cuts(event: number, slot: number, stateBefore: unknown): Cut[] {
    const { path } = this;
    const cuts: Cut[] = [];
    const passed: number[] = [];
    let stateAfter = stateBefore;
    for (let entry = path.firstEntry[event] - 1; entry >= 0; entry--) {
      const other = path.entrySlot.items[entry];
      if (other >> 2 !== slot >> 2) continue;
      const earlier = path.entryEvent.items[entry];
      const reading = (other & (ACCESSES - 1)) === READ;
      const state = reading && this.states[entry] === undefined ? stateAfter : this.states[entry];
      if (slotsConflict(slot, other)) {
        if (!this.cannotMoveBefore(earlier, event)) {
          cuts.push({ event: earlier, state, stateAfter, passed: passed.slice() });
        }
        passed.push(earlier);
      }
      stateAfter = state;
    }
    return cuts;
  }

  /** Is what happened to `object` before its cut independent of all that the other object's cut takes away? */
  private intact(event: number, object: number, cut: Cut, other: Cut): boolean {
    if (other.event === NONE) return true;
    const { path } = this;
    const end = path.firstEntry[cut.event === NONE ? event : cut.event];
    for (let entry = path.firstEntry[other.event]; entry < end; entry++) {
      const slot = path.entrySlot.items[entry];
      if (slot >> 2 !== object || (slot & (ACCESSES - 1)) === READ) continue;
      const change = path.entryEvent.items[entry];
      const goes = (taken: number): boolean =>
        taken === change || (taken < change && path.before(taken, change));
      if (goes(other.event) || other.passed.some(goes)) return false;
    }
    return true;
  }

  /** Decides how the operation can come before the event of a cut, if at all. */
  private judge(
    event: number,
    cut: Cut,
    own: Cut | null,
    also: Cut | null,
    could: boolean | null,
    couldAfter: () => boolean | null,
  ): void {
    const { path } = this;
    const staying = cut.passed.filter((between) => !path.before(cut.event, between));
    if (staying.length > 0) {
      this.add(cut.event, PROBE);
      if (could !== false) this.addGroup(event, own, also, could);
      return;
    }
    if (could === false) return;
    if (could === true && !this.isPredecessor(cut.event, event) && couldAfter() === true) return;
    this.add(cut.event, could === true ? PLAIN : PROBE);
  }

  /** The operation comes before all conflicting operations from the cuts on, if its own task lets it. */
  private addGroup(event: number, own: Cut | null, also: Cut | null, could: boolean | null): void {
    for (const cut of [own, also]) {
      if (cut?.passed.some((between) => this.cannotMoveBefore(between, event)) === true) return;
    }
    const cutOwn = own === null ? NONE : own.event;
    const cutAlso = also === null ? NONE : also.event;
    const base = cutOwn === NONE ? cutAlso : cutAlso === NONE ? cutOwn : Math.min(cutOwn, cutAlso);
    this.add(base, could === true ? GROUP : GROUP_PROBE, cutOwn, cutAlso);
  }

  private isPredecessor(earlier: number, event: number): boolean {
    const { path } = this;
    for (let i = path.firstPredecessor[event]; i < path.firstPredecessor[event + 1]; i++) {
      if (path.predecessors.items[i] === earlier) return true;
    }
    return false;
  }

  /** Did `earlier` happen before whatever `event` follows in its own task? */
  private cannotMoveBefore(earlier: number, event: number): boolean {
    const { path } = this;
    const thread = path.thread[event];
    if (path.thread[earlier] === thread) return true;
    const parent = path.previous[event] >= 0 ? path.previous[event] : path.spawnedBy[thread];
    return parent >= 0 && (parent === earlier || (parent > earlier && path.before(earlier, parent)));
  }

  /** Does an event conflict with a slot? */
  private touches(event: number, slot: number): boolean {
    return this.footprints.slots[this.path.footprint[event]].some((other) => slotsConflict(other, slot));
  }

  /** Did anything change `object` between `earlier` and `event` that would not happen without `earlier`? */
  private disturbs(earlier: number, event: number, object: number): boolean {
    const { path } = this;
    for (let entry = path.firstEntry[event] - 1; entry >= path.firstEntry[earlier]; entry--) {
      const slot = path.entrySlot.items[entry];
      if (slot >> 2 !== object || (slot & (ACCESSES - 1)) === READ) continue;
      const between = path.entryEvent.items[entry];
      if (between === earlier || path.before(earlier, between)) return true;
    }
    return false;
  }

  private watch(object: number): void {
    if (object >= this.waitable.length) this.waitable = enlarged(this.waitable, object + 1);
    this.waitable[object] = 1;
  }

  private add(earlier: number, kind: number, cutOwn = NONE, cutAlso = NONE): void {
    this.earlier.push(earlier);
    this.kind.push(kind);
    this.cutOwn.push(cutOwn);
    this.cutAlso.push(cutAlso);
    this.sleeper.push(NONE);
  }
}

/** A place before an event on an object that a waiting operation looks at. */
interface Cut {
  readonly event: number;
  /** The object's state before and after the event. */
  readonly state: unknown;
  readonly stateAfter: unknown;
  /** Conflicting events on the object that come later. */
  readonly passed: readonly number[];
}

/** Would the operation be enabled with its objects in the given states? Null if nobody can tell. */
function enabledIn(
  operation: Operation<unknown>,
  task: Task,
  state: unknown,
  stateAlso: unknown,
): boolean | null {
  const { object, also } = operation;
  if (!told(state) || (also !== null && !told(stateAlso))) return null;
  const present = object.snapshot();
  const presentAlso = also === null ? null : also.snapshot();
  if (!told(present) || !told(presentAlso)) return null;
  object.restore(state);
  also?.restore(stateAlso);
  const enabled = operation.enabled(task);
  object.restore(present);
  also?.restore(presentAlso);
  return enabled;
}

function told(state: unknown): boolean {
  return state !== undefined && state !== UNTOLD;
}
