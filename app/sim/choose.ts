import { assert } from '../base/assert.ts';
import { Operation } from './operation.ts';
import type { Task } from './task.ts';
import { runningTask } from './machine-in-force.ts';

/**
 * A decision that is not "which task next": an allocation that may fail, a signal that may arrive. It stands
 * in the schedule like any other choice. Decisions of different tasks commute.
 *
 * One alternative may end the task where another does not, and all of them are to be told by one operation: so it
 * counts as a change of the task.
 */
export class Choice extends Operation<number> {
  /** Set by the machine just before the effect. */
  taken = 0;

  constructor(
    task: Task,
    /** What is decided, for events and schedules: `failslab kmalloc-64`. */
    readonly what: string,
    /** At least 1. Alternative 0 is what happens if nothing special does. */
    readonly alternatives: number,
  ) {
    super('choose', task, 'write');
    assert(alternatives >= 1, `a choice of ${alternatives} alternatives`);
  }

  override execute(_task: Task): number {
    return this.taken;
  }
}

/** Decides between `alternatives` ways to go on, numbered from 0. */
export function choose(what: string, alternatives: number): Choice {
  return new Choice(runningTask(), what, alternatives);
}
