import type { Ns } from '../base/brand.ts';
import type { Clock } from './chooser.ts';
import { Delay } from './delay.ts';
import type { Machine } from './machine.ts';
import type { Task } from './task.ts';

/** One nanosecond an operation; a delay moves time to its end. For searches, which ignore time otherwise. */
export class StepClock implements Clock {
  account(task: Task, machine: Machine): void {
    const operation = task.pending;
    const due = operation instanceof Delay ? operation.due : machine.now;
    machine.now = Math.max(machine.now + 1, due) as Ns;
    task.charged = 0;
  }
}
