import type { Memory } from './memory.ts';
import type { SimObject } from './object.ts';
import type { Task } from './task.ts';

/** What an operation is, for events, traces and the cost model. */
export type OperationKind =
  | 'read'
  | 'write'
  | 'rmw'
  | 'acquire'
  | 'release'
  | 'wait'
  | 'alloc'
  | 'free'
  | 'choose'
  | 'delay'
  | 'spawn'
  | 'exit';

/**
 * How an operation touches its object. Two operations on one object commute if and only if both have the
 * same access and it is not `write`:
 * - `read`: sees the value.
 * - `write`: anything else.
 * - `add`: changes the value by an amount without looking at it; the entries of two SRCU readers commute.
 * - `share`: enters or tries to enter a shared section; two readers of an rwsem commute.
 */
export type Access = 'read' | 'write' | 'add' | 'share';

/** True if two accesses of one object may be swapped without anybody noticing. */
export function commute(a: Access, b: Access): boolean {
  return a === b && a !== 'write';
}

/**
 * What an operation promises about the order of others, for those who look for data races; the machine itself runs
 * all operations in one order:
 * - `plain`: an ordinary access of a variable, which a compiler may tear, repeat or leave out.
 * - `racy`: ordinary, too, and said to do no harm if somebody else gets in its way.
 * - `relaxed`: in one piece; promises nothing about others.
 * - `acquire`: what comes after it in its task stays after it.
 * - `release`: what comes before it in its task stays before it.
 * - `full`: both.
 */
export type Ordering = 'plain' | 'racy' | 'relaxed' | 'acquire' | 'release' | 'full';

/**
 * A visible operation: what a task does next that another task could notice. The effect runs atomically
 * when the operation is scheduled.
 *
 * An operation is its own iterator, so that `const seen = yield* cell.read()` has the type of the result
 * without a cast. It keeps no state of any one execution: an operation without arguments may be built once
 * and yielded by many tasks.
 */
export abstract class Operation<Result> implements Iterator<Operation<unknown>, Result, unknown> {
  private fresh = true;

  constructor(
    readonly kind: OperationKind,
    readonly object: SimObject,
    readonly access: Access,
    /** A second object that enabledness or the effect looks at (always with access `read`), or null. */
    readonly also: SimObject | null = null,
  ) {}

  /**
   * May the operation run now? Looks at `object` and `also` only (the machine asks again when an operation
   * on one of them has run), and has no effect.
   */
  enabled(_task: Task): boolean {
    return true;
  }

  /** True if `enabled` can be false. */
  get conditional(): boolean {
    return this.enabled !== Operation.prototype.enabled;
  }

  /** The memory that the operation touches: if it is dead, the model hears of it first. */
  get memory(): Memory | null {
    return this.object.memory;
  }

  /** By its kind, unless a class says otherwise. */
  get ordering(): Ordering {
    switch (this.kind) {
      case 'acquire':
        return 'acquire';
      case 'release':
        return 'release';
      case 'read':
      case 'write':
        return 'relaxed';
      default:
        return 'full';
    }
  }

  /** The effect. Runs atomically and starts no other operation. */
  abstract execute(task: Task): Result;

  [Symbol.iterator](): this {
    // Iterating and the first next() happen in one go inside `yield*`, so sharing an operation is safe.
    this.fresh = true;
    return this;
  }

  next(value: unknown): IteratorResult<Operation<unknown>, Result> {
    if (this.fresh) {
      this.fresh = false;
      yielded.value = this;
      return yielded as IteratorResult<Operation<unknown>, Result>;
    }
    returned.value = value;
    return returned as IteratorResult<Operation<unknown>, Result>;
  }
}

// One result object each, read by `yield*` at once: allocating them would double the cost of an operation.
const yielded: { done: false; value: unknown } = { done: false, value: undefined };
const returned: { done: true; value: unknown } = { done: true, value: undefined };

/** An operation given by its effect, for objects that need no class of their own per operation. */
export class Effect<Result> extends Operation<Result> {
  constructor(
    kind: OperationKind,
    object: SimObject,
    access: Access,
    private readonly effect: (task: Task) => Result,
    also: SimObject | null = null,
  ) {
    super(kind, object, access, also);
  }

  override execute(task: Task): Result {
    return this.effect(task);
  }
}

/** An effect that stands for ordinary accesses, `x |= y`: in one piece in the model only. */
export class PlainEffect<Result> extends Effect<Result> {
  override get ordering(): Ordering {
    return 'plain';
  }
}

/** An effect in one piece that promises nothing about the order of others. */
export class RelaxedEffect<Result> extends Effect<Result> {
  override get ordering(): Ordering {
    return 'relaxed';
  }
}

/** An operation given by its effect and by the condition under which it may run. */
export class BlockingEffect<Result> extends Effect<Result> {
  constructor(
    kind: OperationKind,
    object: SimObject,
    access: Access,
    private readonly condition: (task: Task) => boolean,
    effect: (task: Task) => Result,
    also: SimObject | null = null,
  ) {
    super(kind, object, access, effect, also);
  }

  override enabled(task: Task): boolean {
    return this.condition(task);
  }
}
