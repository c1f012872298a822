import { commute, type Access, type Operation } from '../../../sim/operation.ts';
import type { SimObject } from '../../../sim/object.ts';
import type { Task } from '../../../sim/task.ts';
import type { Barrier } from '../../include/rwonce.ts';
import { VectorClock } from './clock.ts';

/** What a task knows of others. */
class Progress {
  readonly clock: VectorClock;
  /** As of its last barrier between writes: goes with every write that it makes after it. */
  atWriteBarrier: VectorClock | null = null;
  /** What relaxed reads came upon: becomes known at its next barrier between reads. */
  readonly atReadBarrier = new VectorClock();

  constructor(task: number, parent: VectorClock | null) {
    this.clock = new VectorClock(parent);
    this.clock.tick(task);
  }
}

/** What has been left at an object for others to learn, by the access of those who left it. */
type Left = Map<Access, VectorClock>;

/**
 * Which accesses happened before which, in the order that a run has taken.
 *
 * 1. A task's own operations are in order, and a new task starts after what its parent did before.
 * 2. Whoever releases at an object leaves there what it knows; whoever acquires at it later learns it. Operations
 *    that commute do not learn from each other: two readers that enter an SRCU section, two that take an rwsem.
 *    From the grace period that looks at both they do. A lock's readers learn from writers only.
 * 3. A relaxed write leaves what was known at the task's last write barrier; a relaxed read learns at the task's
 *    next read barrier, but at once if what it read is a pointer: what is reached through it depends on it.
 * 4. A write replaces what was left at the object, a change of the old value (rmw) adds to it.
 * 5. Waiting for a task's end learns all that it did.
 */
export class HappensBefore {
  private readonly progress: Progress[] = [];
  private readonly left = new WeakMap<SimObject, Left>();

  spawned(task: Task, parent: Task | null): void {
    this.progress[task.index] = new Progress(task.index, parent === null ? null : this.clockOf(parent));
    if (parent !== null) this.clockOf(parent).tick(parent.index);
  }

  ended(task: Task): void {
    this.leave(task, task, 'write', this.clockOf(task));
  }

  /** The present of a task: its own count is that of what it does now. */
  clockOf(task: Task): VectorClock {
    return this.of(task).clock;
  }

  performed(task: Task, operation: Operation<unknown>, result: unknown): void {
    switch (operation.kind) {
      // What these act on is not something that the kernel's tasks could learn from.
      case 'choose':
      case 'alloc':
      case 'free':
      case 'spawn':
      case 'exit':
        return;
      default:
    }
    const { ordering } = operation;
    if (ordering === 'acquire' || ordering === 'full') {
      if (!failed(operation, result)) this.learn(task, operation);
    } else if (operation.kind !== 'write') {
      this.look(task, operation, result);
    }
    if (ordering === 'release' || ordering === 'full') this.release(task, operation);
    else this.writeRelaxed(task, operation);
  }

  barrier(task: Task, kind: Barrier): void {
    const progress = this.of(task);
    if (kind !== 'wmb') progress.clock.join(progress.atReadBarrier);
    if (kind === 'rmb') return;
    progress.atWriteBarrier = new VectorClock(progress.clock);
    progress.clock.tick(task.index);
  }

  private of(task: Task): Progress {
    return (this.progress[task.index] ??= new Progress(task.index, null));
  }

  private learn(task: Task, operation: Operation<unknown>): void {
    const { clock } = this.of(task);
    const { access, also } = operation;
    const sharing = operation.kind === 'acquire' && access === 'share';
    for (const [by, known] of this.left.get(operation.object) ?? []) {
      if (sharing ? by === 'write' : !commute(by, access)) clock.join(known);
    }
    if (also === null) return;
    for (const [by, known] of this.left.get(also) ?? []) if (by !== 'read') clock.join(known);
  }

  private look(task: Task, { object, ordering }: Operation<unknown>, result: unknown): void {
    const left = this.left.get(object);
    if (left === undefined) return;
    const { clock, atReadBarrier } = this.of(task);
    const depends = ordering === 'relaxed' && typeof result === 'object' && result !== null;
    for (const [by, known] of left) if (by !== 'read') (depends ? clock : atReadBarrier).join(known);
  }

  private release(task: Task, { object, kind, access }: Operation<unknown>): void {
    const { clock } = this.of(task);
    if (kind === 'write') this.left.delete(object);
    this.leave(task, object, access, clock);
  }

  private leave(task: Task, object: SimObject, access: Access, known: VectorClock): void {
    const left = this.left.get(object) ?? new Map<Access, VectorClock>();
    this.left.set(object, left);
    const before = left.get(access);
    if (before === undefined) left.set(access, new VectorClock(known));
    else before.join(known);
    this.clockOf(task).tick(task.index);
  }

  private writeRelaxed(task: Task, { object, kind, access }: Operation<unknown>): void {
    if (kind !== 'write' && kind !== 'rmw') return;
    if (kind === 'write') this.left.delete(object);
    const { atWriteBarrier } = this.of(task);
    if (atWriteBarrier !== null) this.leave(task, object, access, atWriteBarrier);
  }
}

/** A trylock that did not get it, a wait that a signal ended. */
function failed(operation: Operation<unknown>, result: unknown): boolean {
  return operation.kind === 'acquire' && (result === false || (typeof result === 'number' && result < 0));
}
