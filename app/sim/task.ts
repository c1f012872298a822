import type { AnySymbol, Body } from './call.ts';
import type { Memory } from './memory.ts';
import type { Operation } from './operation.ts';
import { SimObject } from './object.ts';
import type { Ns } from '../base/brand.ts';

/** One function call in progress. */
export class Frame {
  /** Memory that lives on this frame and dies when it is left, in order of creation. */
  locals: Memory[] | null = null;

  constructor(
    /** Null for the outermost code of a task that is no named function. */
    readonly symbol: AnySymbol | null,
    public body: Body<unknown>,
    readonly caller: Frame | null,
    readonly depth: number,
    /** Of the call. */
    readonly args: readonly unknown[],
  ) {}
}

/**
 * `ready`: has a next operation, which may or may not be enabled; `ended`: its code returned;
 * `abandoned`: it was stopped where it stood (an oops) and is never resumed, its locks stay taken.
 */
export type TaskState = 'ready' | 'ended' | 'abandoned';

/** How a task stands towards others on its CPU; only the timed scheduler looks at it. */
export interface Standing {
  /** Higher runs first and preempts lower. */
  priority: number;
  /** 0 a thread, 1 a soft interrupt, 2 a hard interrupt. Takes a CPU whose task has a lower shield. */
  level: number;
  /**
   * What the task keeps away while it runs: -1 nothing, 0 other threads, 1 also soft interrupts,
   * 2 also hard interrupts.
   */
  shield: number;
  /** The CPU that the task must run on, or null. */
  pinnedTo: number | null;
}

/**
 * A thread of execution: user threads, kernel threads, timers and interrupt handlers alike. The machine owns
 * its stack of frames; what the task is to the model above stands in `context`.
 *
 * As an object it stands for its own end: `join` waits for that.
 */
export class Task extends SimObject {
  state: TaskState = 'ready';
  top: Frame | null = null;
  /** The operation that the task performs next. Null once it ended, and while it is being resumed. */
  pending: Operation<unknown> | null = null;
  /** True if `pending` may run now. Maintained by the machine. */
  enabled = false;
  /** When `pending` became enabled. */
  readySince: Ns = 0 as Ns;
  /** Cost of what was computed since the last operation, charged with the next one (ns). */
  charged = 0;
  /** The CPU that it runs on, ran on last, or will run on first. */
  cpu = 0;
  readonly standing: Standing = { priority: 0, level: 0, shield: -1, pinnedTo: null };
  /** How many operations it has performed. */
  operations = 0;
  /** How many objects it has created; part of their ids. */
  objects = 0;
  /** How many ids it has reserved for objects that others may make. */
  reservedIds = 0;
  /** All that its code was given, if that was said (see TaskDescription). */
  given: readonly unknown[] | null = null;
  /** What the task returned. */
  result: unknown = undefined;

  constructor(
    /** Position in the machine's list of tasks. */
    readonly index: number,
    public label: string,
    /** A daemon may wait for ever: it does not keep a run from being complete. */
    public daemon: boolean,
    /** The model's own description of the task. */
    public context: unknown,
  ) {
    super(null);
  }

  override get name(): string {
    return this.label;
  }

  override holders(): readonly Task[] {
    return [this];
  }

  override snapshot(): unknown {
    return this.state;
  }

  override restore(snapshot: unknown): void {
    this.state = snapshot as TaskState;
  }

  override likeness(): unknown {
    return [this.state, this.result];
  }
}
