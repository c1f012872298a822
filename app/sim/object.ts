import type { Memory } from './memory.ts';
import type { Task } from './task.ts';
import { machineInForce } from './machine-in-force.ts';

/**
 * Something that operations act on. Whether two operations depend on each other is derived from the identity
 * of their objects (see operation.ts), so an object is as fine as the races that shall be seen: one per
 * field, one per lock, not one per struct.
 *
 * Ids are given per creating task, not by one global counter: an object that a task creates has the same id
 * in every interleaving, which a search relies on when it compares operations of different executions. An object
 * that is made by whoever comes first has an id that was reserved for it (`Machine.reserveObjectIds`).
 */
export abstract class SimObject {
  readonly id: number;
  /** The memory that this object is a part of; touching the object after that memory's death is an event. */
  readonly memory: Memory | null;
  /** Tasks whose next operation waits for a change of this object. Maintained by the machine. */
  waiters: Task[] | null = null;

  constructor(memory: Memory | null, id = machineInForce().newObjectId()) {
    this.id = id;
    this.memory = memory;
  }

  /** How reports and events name the object: `&mm->mmap_lock`, `mm->mm_users`. */
  abstract get name(): string;

  /** Who a task that waits for this object waits for, where that is known: lock owners, for instance. */
  holders(): readonly Task[] {
    return NOBODY;
  }

  /**
   * What decides whether operations on this object are enabled, as a value that later changes leave alone,
   * or `UNTOLD`. A search that has it can tell whether a waiting operation could have run earlier; without
   * it, the search has to try.
   */
  snapshot(): unknown {
    return UNTOLD;
  }

  /**
   * All that operations can notice of the object, as a value by which two that are alike look alike: numbers, objects of
   * the machine, lists of them. `UNTOLD` where there is more to it, `FOLLOWS` where it follows from where tasks stand. A
   * search for states takes two equal likenesses for the same state.
   */
  likeness(): unknown {
    return UNTOLD;
  }

  /** How a task holds the object, where it is a lock. */
  hold(_task: Task): Hold {
    return 'none';
  }

  /** Puts a snapshot in place of the present state, for a question to `Operation.enabled`. */
  restore(_snapshot: unknown): void {}
}

/** Whether a task has a lock: alone, together with others who all have it `shared`, or not. */
export type Hold = 'exclusive' | 'shared' | 'none';

/** The object does not say what its operations' enabledness depends on. */
export const UNTOLD: unique symbol = Symbol('untold');

/** What the object is like follows from where tasks stand. */
export const FOLLOWS: unique symbol = Symbol('follows');

const NOBODY: readonly Task[] = [];
