import type { Memory } from './memory.ts';
import type { Operation } from './operation.ts';
import type { Frame, Task } from './task.ts';

/**
 * Listens to a machine: event logs, hashes, tracers. Observers see everything in order and change nothing.
 * A machine without one pays nothing for it.
 */
export interface Observer {
  /** An operation is about to be performed: its object is as it was before. */
  performing?(task: Task, operation: Operation<unknown>): void;
  /** An operation was performed, at `machine.now`, with this result. */
  operation?(task: Task, operation: Operation<unknown>, result: unknown): void;
  /** A function was entered: `frame` is on top of the task's stack. */
  entered?(task: Task, frame: Frame): void;
  /** A function returned: `frame` has just left the stack. */
  left?(task: Task, frame: Frame, result: unknown): void;
  /** The function on top of the task's stack keeps nothing of what it has seen so far but `values` (see `keepOnly`). */
  forgot?(task: Task, values: readonly unknown[]): void;
  /** The task's next operation is not enabled: it waits for `operation.object`. */
  blocked?(task: Task, operation: Operation<unknown>): void;
  /** What the task waited for has come. */
  unblocked?(task: Task, operation: Operation<unknown>): void;
  spawned?(task: Task): void;
  /** The task returned, or was stopped where it stood. */
  ended?(task: Task): void;
  /** The model says something: `kind` is `printk`, a trace event's name, …; `text` its one line. */
  said?(task: Task | null, kind: string, text: string): void;
}

/** What a touch of dead memory leads to: the model decides (see `Machine.onDeadAccess`). */
export type DeadAccess =
  /** The operation goes on with what is still there. */
  | 'continue'
  /** The task is stopped where it stands. */
  | 'abandon'
  /** The operation is not performed; the handler gave the task another stack, on which it goes on. */
  | 'rewound';

/** The model's part in a touch of dead memory. Called before the operation, which has not run yet. */
export type DeadAccessHandler = (task: Task, operation: Operation<unknown>, memory: Memory) => DeadAccess;
