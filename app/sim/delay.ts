import type { Ns } from '../base/brand.ts';
import { Operation } from './operation.ts';
import type { Task } from './task.ts';
import { machineInForce, runningTask } from './machine-in-force.ts';

/**
 * Waits until a moment of virtual time. The timed scheduler performs it when the moment has come; a search,
 * which ignores time, may perform it at once: a timer is enabled once armed.
 */
export class Delay extends Operation<void> {
  constructor(
    task: Task,
    readonly due: Ns,
  ) {
    super('delay', task, 'read');
  }

  override execute(_task: Task): void {}
}

/** Waits for `duration` from now. */
export function delay(duration: Ns): Delay {
  return new Delay(runningTask(), (machineInForce().now + duration) as Ns);
}

/** Waits until `moment`; at once if it has passed. */
export function delayUntil(moment: Ns): Delay {
  return new Delay(runningTask(), moment);
}

/** Charges computing time, in ns, that comes on top of the next operation's own cost. Nobody else notices. */
export function charge(cost: number): void {
  runningTask().charged += cost;
}
