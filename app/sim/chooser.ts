import type { Choice } from './choose.ts';
import type { Machine } from './machine.ts';
import type { Task } from './task.ts';

/**
 * Decides what happens next. Everything that can be otherwise in a run is decided here: the timed
 * scheduler, a replay, a random walk and every search are choosers over this one interface.
 */
export interface Chooser {
  /**
   * The task whose pending operation runs next. `enabled` is never empty and in ascending order of
   * `Task.index`; it is the machine's own list, not to be changed or kept. Null stops the run.
   */
  next(enabled: readonly Task[], machine: Machine): Task | null;

  /** Which alternative a `choose` operation takes: a whole number from 0 to `choice.alternatives - 1`. */
  alternative(choice: Choice, task: Task, machine: Machine): number;
}

/** Charges virtual time for operations. Part of the inputs of a run, independent of who chooses. */
export interface Clock {
  /** Called when `task` is about to perform its pending operation: moves `machine.now` forward, never back. */
  account(task: Task, machine: Machine): void;
}
