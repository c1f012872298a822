import { Operation } from './operation.ts';
import type { Body } from './call.ts';
import type { Task } from './task.ts';
import { machineInForce } from './machine-in-force.ts';

/** What a new task is. */
export interface TaskDescription {
  label: string;
  body: () => Body<unknown>;
  /** A daemon may wait for ever without keeping the run from being complete. */
  daemon?: boolean;
  /** What the task is to the model above; null for what carries something for others. */
  context?: unknown;
  /** All that its code was given, as values that tell what they are; without it, it may depend on all that others saw. */
  given?: readonly unknown[];
  /** Called with the new task before its code starts, to give it a standing or a context that refers back. */
  prepare?: (task: Task) => void;
}

/** Starts a task. Its code runs up to its first operation right away. */
export function spawn(description: TaskDescription): Operation<Task> {
  return new Spawn(description);
}

/** Waits until `task` has ended; the result is what it returned. An abandoned task never ends. */
export function join(task: Task): Operation<unknown> {
  return new Join(task);
}

/** Stops the running task where it stands: nothing after it is executed, its locks stay taken. */
export function abandon(): Operation<never> {
  return new Abandon();
}

/** Ends the running task here and now, however deep in calls it is: nothing after it is executed. */
export function end(result: unknown): Operation<never> {
  return new End(result);
}

class Spawn extends Operation<Task> {
  constructor(private readonly description: TaskDescription) {
    // Task numbers are handed out in order, which everybody can see: two spawns do not commute.
    super('spawn', machineInForce().taskList, 'write');
  }

  override execute(_task: Task): Task {
    return machineInForce().spawn(this.description);
  }
}

class Join extends Operation<unknown> {
  constructor(private readonly target: Task) {
    super('wait', target, 'read');
  }

  override enabled(_task: Task): boolean {
    return this.target.state === 'ended';
  }

  override execute(_task: Task): unknown {
    return this.target.result;
  }
}

class Abandon extends Operation<never> {
  constructor() {
    super('exit', machineInForce().running(), 'write');
  }

  override execute(task: Task): never {
    machineInForce().abandon(task);
    return undefined as never;
  }
}

class End extends Operation<never> {
  constructor(private readonly result: unknown) {
    super('exit', machineInForce().running(), 'write');
  }

  override execute(task: Task): never {
    machineInForce().end(task, this.result);
    return undefined as never;
  }
}
