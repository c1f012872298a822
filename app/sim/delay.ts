import type { Ns } from '../base/brand.ts';
import { Operation, type Access } from './operation.ts';
import type { SimObject } from './object.ts';
import type { Task } from './task.ts';
import { machineInForce, runningTask } from './machine-in-force.ts';

/**
 * Waits until a moment of virtual time. The timed scheduler performs it when the moment has come; a search,
 * which ignores time, may perform it at once: a timer is enabled once armed.
 */
export class Delay<Result = void> extends Operation<Result> {
  constructor(
    object: SimObject,
    private readonly moment: Ns,
    access: Access = 'read',
  ) {
    super('delay', object, access);
  }

  /** When the wait ends. May move while the task waits: a sleeper can be woken early. */
  get due(): Ns {
    return this.moment;
  }

  override execute(_task: Task): Result {
    return undefined as Result;
  }
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
