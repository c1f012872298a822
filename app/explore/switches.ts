import type { Chooser } from '../sim/chooser.ts';
import { Replay, type Schedule } from '../sim/schedule.ts';
import type { Task } from '../sim/task.ts';
import { execute } from './execution.ts';
import type { Program } from './program.ts';

/** How often an execution changes from one task to another. */
export interface Switches {
  /** Changes of the task. */
  readonly switches: number;
  /** Changes from a task that could have gone on. */
  readonly preemptions: number;
  readonly operations: number;
}

/** Counts the switches of a schedule by replaying it. */
export function countSwitches(program: Program, schedule: Schedule): Switches {
  const counter = new SwitchCounter(new Replay(schedule));
  execute(program, counter, Number.MAX_SAFE_INTEGER);
  return counter;
}

/** Counts the switches of what another chooser decides. */
export class SwitchCounter implements Chooser, Switches {
  switches = 0;
  preemptions = 0;
  operations = 0;
  private last: Task | null = null;

  constructor(private readonly inner: Chooser) {}

  next(...[enabled, machine]: Parameters<Chooser['next']>): Task | null {
    const task = this.inner.next(enabled, machine);
    if (task === null) return null;
    if (this.last !== null && this.last !== task) {
      this.switches++;
      if (this.last.enabled) this.preemptions++;
    }
    this.last = task;
    this.operations++;
    return task;
  }

  alternative(...[choice, task, machine]: Parameters<Chooser['alternative']>): number {
    return this.inner.alternative(choice, task, machine);
  }
}
