import type { Wait } from '../../sim/ending.ts';
import type { Memory } from '../../sim/memory.ts';
import type { SimObject } from '../../sim/object.ts';
import { commute } from '../../sim/operation.ts';
import type { Task } from '../../sim/task.ts';
import type { CallRecord, Execution, OperationRecord, StateRecord, WaitRecord } from './execution.ts';
import type { Focus, Subject } from './focus.ts';
import { Holdings } from './holdings.ts';
import type { Vocabulary } from './vocabulary.ts';
import { memoryOf } from './words.ts';

/** A moment that is worth a line. */
export type Pick =
  | { readonly kind: 'operation'; readonly record: OperationRecord }
  | { readonly kind: 'state'; readonly record: StateRecord }
  | { readonly kind: 'wait'; readonly record: WaitRecord }
  | { readonly kind: 'place'; readonly record: PlaceRecord };

/** Where a task was: only the calls around it are shown. */
export interface PlaceRecord {
  readonly at: number;
  readonly task: Task;
  readonly call: CallRecord | null;
}

interface Moment {
  readonly task: Task;
  readonly at: number;
  /** The operation then. */
  readonly step: number;
}

/** What of an execution matters for a report. */
export interface Selection {
  readonly picks: readonly Pick[];
  /** In whose column the report stands. */
  readonly reporter: Task | null;
  /** The two operations whose order the report is about, the earlier one first. */
  readonly pair: readonly [OperationRecord, OperationRecord] | null;
  /** All that was done to the subject up to the report. */
  readonly touches: readonly OperationRecord[];
  /** Moments at which it matters what a task holds. */
  readonly decisive: readonly Moment[];
}

/** More than these make a diagram that nobody reads. */
const MOST_ACTORS = 3;
/** Further uses of the subject by one actor. */
const MOST_USES = 3;

export function select(execution: Execution, focus: Focus, vocabulary: Vocabulary): Selection {
  const { subject, at, named = [] } = focus;
  const selector = new Selector(execution, at, named, new Holdings(execution, vocabulary));
  switch (subject.kind) {
    case 'memory':
      return selector.memory(subject);
    case 'variable':
      return selector.variable(subject.culprit, subject.object);
    case 'waits':
      return selector.waits(subject.waits);
    case 'place':
      return selector.place(subject);
  }
}

class Selector {
  private readonly picked = new Map<number, Pick>();
  private readonly tasks = new Set<Task>();
  private readonly decisive: Moment[] = [];
  /** Further moments whose locks are shown. */
  private readonly around: Moment[] = [];

  constructor(
    private readonly execution: Execution,
    private readonly at: number,
    private readonly named: readonly OperationRecord[],
    private readonly holdings: Holdings,
  ) {}

  /**
   * Memory that is used after its end: the use, the end, where the user has its pointer from, and who put it there.
   */
  memory({ culprit, memory }: Subject & { kind: 'memory' }): Selection {
    const touches = this.touches(
      (operation) => operation.object === memory || operation.memory === memory,
      culprit,
    );
    const free = touches.findLast(
      ({ kind, performed, at }) => kind === 'free' && performed && at < culprit.at,
    );
    this.decide(culprit);
    if (free !== undefined) this.decide(free);
    const load = this.lastBefore(
      culprit.at,
      ({ task, kind, result }) =>
        task === culprit.task && (kind === 'read' || kind === 'rmw') && memoryOf(result) === memory,
    );
    const store = this.lastBefore(load?.at ?? culprit.at, (operation) =>
      stores(operation, memory, load?.object ?? null),
    );
    if (load !== null) this.operation(load);
    if (store !== null) {
      this.operation(store);
      this.around.push(store);
    }
    if (load !== null) {
      this.around.push(load);
      const cleared = this.lastBefore(
        culprit.at,
        ({ at, object, kind, task }) =>
          at > load.at && object === load.object && kind === 'write' && task !== culprit.task,
      );
      if (cleared !== null) {
        this.operation(cleared);
        this.around.push(cleared);
      }
    }
    const other = free ?? this.conflicting(culprit, touches);
    if (other !== undefined && other !== free) this.decide(other);
    this.uses(touches, store?.at ?? 0, culprit.task);
    return this.selection(culprit.task, other === undefined ? null : [other, culprit], touches);
  }

  /** A variable: the last conflicting accesses of it. */
  variable(culprit: OperationRecord, object: SimObject): Selection {
    const touches = this.touches((operation) => operation.object === object, culprit);
    this.decide(culprit);
    const other = this.conflicting(culprit, touches);
    if (other !== undefined) this.decide(other);
    this.uses(touches, 0, null);
    return this.selection(culprit.task, other === undefined ? null : [other, culprit], touches);
  }

  /** Tasks that wait: what each waits for, and where whoever has that took it. */
  waits(waits: readonly Wait[]): Selection {
    for (const { task } of waits) this.tasks.add(task);
    for (const wait of waits) {
      const record = this.execution.waitOf(wait.task);
      if (record !== null) this.wait(record);
      this.decisive.push({ task: wait.task, at: record?.at ?? this.at, step: 0 });
      for (const holder of wait.holders) {
        if (this.tasks.size < MOST_ACTORS) this.tasks.add(holder);
        this.reasonToWait(holder, wait);
      }
      if (wait.holders.length === 0 && record !== null) this.lastTouches(wait, record.at);
    }
    return this.selection(waits.at(-1)?.task ?? null, null, []);
  }

  /** One task: what it is inside of. */
  place({ task, call, attempt }: Subject & { kind: 'place' }): Selection {
    this.tasks.add(task);
    this.picked.set(this.at, { kind: 'place', record: { at: this.at, task, call } });
    if (attempt !== null) this.operation(attempt);
    this.decisive.push({ task, at: this.at, step: 0 });
    for (const lock of this.holdings.locksAt(task, this.at)) this.operation(lock);
    for (const state of this.holdings.statesAt(task, this.at)) this.state(state);
    return this.selection(task, null, []);
  }

  private selection(
    reporter: Task | null,
    pair: Selection['pair'],
    touches: readonly OperationRecord[],
  ): Selection {
    for (const moment of this.named) {
      this.operation(moment);
      this.around.push(moment);
      const release = moment.kind === 'acquire' ? this.holdings.releaseOf(moment, this.at) : null;
      if (release !== null) this.operation(release);
    }
    for (const { task, at } of [...this.decisive, ...this.around]) this.surroundings(task, at);
    const picks = [...this.picked.values()]
      .filter(({ record }) => this.tasks.has(record.task))
      .sort((a, b) => a.record.at - b.record.at);
    return { picks, reporter, pair, touches, decisive: this.decisive };
  }

  /** The locks and states around a decisive moment: where they begin, and where they end if that is before the report. */
  private surroundings(task: Task, at: number): void {
    if (!this.tasks.has(task)) return;
    for (const lock of this.holdings.locksAt(task, at)) {
      this.operation(lock);
      const release = this.holdings.releaseOf(lock, this.at);
      if (release !== null) this.operation(release);
    }
    for (const state of this.holdings.statesAt(task, at)) {
      this.state(state);
      const end = this.holdings.endOf(state, this.at);
      if (end !== null) this.state(end);
    }
  }

  private touches(
    about: (operation: OperationRecord) => boolean,
    culprit: OperationRecord,
  ): OperationRecord[] {
    return this.execution.operations.filter((operation) => operation.at <= culprit.at && about(operation));
  }

  /** The last operation of another task that does not commute with the culprit; one that changes something, if there is. */
  private conflicting(
    culprit: OperationRecord,
    touches: readonly OperationRecord[],
  ): OperationRecord | undefined {
    const others = touches.filter(
      ({ task, object, access, at }) =>
        task !== culprit.task &&
        at < culprit.at &&
        object === culprit.object &&
        !commute(access, culprit.access),
    );
    return others.findLast(({ kind }) => kind === 'write' || kind === 'rmw') ?? others.at(-1);
  }

  /** The last uses of the subject by each of the actors; where one `user` matters, the others' reads do not. */
  private uses(touches: readonly OperationRecord[], since: number, user: Task | null): void {
    for (const actor of this.tasks) {
      const all = user === null || actor === user;
      touches
        .filter(({ task, at }) => task === actor && at >= since)
        .filter(({ kind }) => kind !== 'alloc' && (all || kind !== 'read'))
        .slice(-MOST_USES)
        .forEach((operation) => this.operation(operation));
    }
  }

  private lastBefore(at: number, matches: (operation: OperationRecord) => boolean): OperationRecord | null {
    const { operations } = this.execution;
    return operations.findLast((operation) => operation.at < at && matches(operation)) ?? null;
  }

  /** Why does somebody wait for `holder`: a lock that it has, or a state that it is in. */
  private reasonToWait(holder: Task, { object }: Wait): void {
    const lock = this.holdings.locksAt(holder, Infinity).find((taken) => taken.object === object);
    if (lock !== undefined) {
      this.operation(lock);
      return;
    }
    const states = this.holdings.statesAt(holder, Infinity);
    const named = states.filter(({ name }) => object.name.includes(name));
    (named.length > 0 ? named : states).forEach((state) => this.state(state));
  }

  /** Nobody has what is waited for: the last who had to do with it. */
  private lastTouches({ object, task }: Wait, at: number): void {
    this.execution.operations
      .filter((operation) => operation.object === object && operation.task !== task && operation.performed)
      .slice(-MOST_USES)
      .forEach((operation) => {
        if (this.tasks.size < MOST_ACTORS) this.tasks.add(operation.task);
        this.operation(operation);
      });
    this.execution.operations
      .filter((operation) => operation.object === object && operation.task === task && operation.at < at)
      .slice(-MOST_USES)
      .forEach((operation) => this.operation(operation));
  }

  private decide(record: OperationRecord): void {
    this.tasks.add(record.task);
    this.decisive.push(record);
    this.operation(record);
  }

  private operation(record: OperationRecord): void {
    this.picked.set(record.at, { kind: 'operation', record });
    if (this.tasks.size < MOST_ACTORS) this.tasks.add(record.task);
  }

  private state(record: StateRecord): void {
    this.picked.set(record.at, { kind: 'state', record });
  }

  private wait(record: WaitRecord): void {
    this.picked.set(record.at, { kind: 'wait', record });
  }
}

/** Does the operation put a pointer to `memory` somewhere outside of it: into `where`, if that is known? */
function stores({ kind, after, object }: OperationRecord, memory: Memory, where: SimObject | null): boolean {
  if (kind !== 'write' && kind !== 'rmw') return false;
  return (where === null ? object.memory !== memory : object === where) && memoryOf(after) === memory;
}
