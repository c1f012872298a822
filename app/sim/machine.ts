import { assert } from '../base/assert.ts';
import { ns, type Ns } from '../base/brand.ts';
import type { AnySymbol, Body } from './call.ts';
import { Call } from './call.ts';
import { Choice } from './choose.ts';
import type { Chooser, Clock } from './chooser.ts';
import { putInForce, runningTaskOrNull } from './machine-in-force.ts';
import type { Memory } from './memory.ts';
import { SimObject } from './object.ts';
import type { DeadAccessHandler, Observer } from './observer.ts';
import type { Operation } from './operation.ts';
import type { TaskDescription } from './spawn.ts';
import { StepClock } from './step-clock.ts';
import { Frame, Task } from './task.ts';

/**
 * Runs tasks one operation at a time under a chooser.
 *
 * Invariants:
 * 1. What tasks share changes inside an effect only, and no effect runs inside another.
 * 2. The chooser is asked with the enabled tasks in ascending index, never with an empty list.
 * 3. An operation is enabled or not depending on its objects only; it is asked again after every
 *    operation on one of them, and at no other time.
 * 4. A dead or abandoned task is never resumed, not even to run a `finally`.
 * 5. `now` never goes back.
 */
export class Machine {
  readonly tasks: Task[] = [];
  /** Tasks whose pending operation may run, in ascending index. */
  readonly enabled: Task[] = [];
  /** Stands for the list of tasks itself: what spawning changes. */
  readonly taskList: SimObject;
  now: Ns = ns(0);
  /** Operations performed so far. */
  steps = 0;
  observer: Observer | null = null;
  clock: Clock = new StepClock();
  /** What happens when dead memory is touched. Without a handler the operation goes on unnoticed. */
  onDeadAccess: DeadAccessHandler | null = null;
  /** Bodies that stand in for symbols' own, by symbol index: the tree and the patches in force. */
  readonly implementations: (((...args: never[]) => Body<unknown>) | undefined)[] = [];
  /** The model that runs on the machine. */
  world: unknown = null;

  private setUpObjects = 0;
  private setUpReserved = 0;
  private stopping = false;

  constructor() {
    this.taskList = this.inside(() => new TaskList());
  }

  /** Runs set-up code that creates objects or starts tasks, outside of any task. */
  inside<Result>(setUp: () => Result): Result {
    putInForce(this, null);
    try {
      return setUp();
    } finally {
      putInForce(null, null);
    }
  }

  /** The task that runs right now. For operations' constructors and effects. */
  running(): Task {
    const task = runningTaskOrNull();
    assert(task !== null, 'no task is running');
    return task;
  }

  /** Ids of what set-up creates are small; ids of what a task creates carry its index (see SimObject). */
  newObjectId(): number {
    const task = runningTaskOrNull();
    if (task === null) return this.setUpObjects++;
    return (task.index + 1) * OBJECTS_PER_TASK + task.objects++;
  }

  /** So many ids in a row, for parts that whoever comes first will make: the first id, or null if none are left. */
  reserveObjectIds(count: number): number | null {
    const task = runningTaskOrNull();
    const owner = task === null ? 0 : task.index + 1;
    const reserved = task === null ? (this.setUpReserved += count) : (task.reservedIds += count);
    return reserved <= OBJECTS_PER_TASK / 2 ? (owner + 1) * OBJECTS_PER_TASK - reserved : null;
  }

  /** Starts a task; its code runs up to its first operation. During set-up or from the effect of `spawn()`. */
  spawn(description: TaskDescription): Task {
    const spawner = runningTaskOrNull();
    // A search is to know who starts tasks before they do.
    assert(
      spawner === null || spawner.pending?.object === this.taskList,
      'a task is started by an operation that is not on the list of tasks',
    );
    const task = new Task(
      this.tasks.length,
      description.label,
      description.daemon ?? false,
      description.context ?? null,
    );
    task.cpu = task.index;
    task.given = description.given ?? null;
    this.tasks.push(task);
    description.prepare?.(task);
    this.observer?.spawned?.(task);
    task.top = new Frame(null, description.body(), null, 0, []);
    this.resume(task, undefined);
    putInForce(this, spawner);
    return task;
  }

  /** Performs steps until the chooser stops, nothing is enabled, or `limit` operations were performed. */
  run(chooser: Chooser, limit = Number.MAX_SAFE_INTEGER): void {
    this.stopping = false;
    const last = limit === Number.MAX_SAFE_INTEGER ? limit : this.steps + limit;
    try {
      while (this.enabled.length > 0 && this.steps < last && !this.stopping) {
        const task = chooser.next(this.enabled, this);
        if (task === null) return;
        this.step(task, chooser);
      }
    } finally {
      putInForce(null, null);
    }
  }

  /** Ends `run` after the present step: the model has come to its end (a panic, power off). */
  stop(): void {
    this.stopping = true;
  }

  /** Performs the pending operation of `task`, which must be enabled, and runs it up to its next one. */
  step(task: Task, chooser: Chooser): void {
    const operation = task.pending;
    assert(operation !== null && task.enabled, 'the chooser picked a task that is not enabled');
    putInForce(this, task);
    this.clock.account(task, this);
    this.steps++;
    task.operations++;
    if (operation instanceof Choice) this.decide(operation, task, chooser);

    const memory = operation.memory;
    if (memory !== null && !memory.alive && !this.survives(task, operation, memory)) return;

    // Invariant 1: nothing else runs between here and the next task's step.
    const { observer } = this;
    observer?.performing?.(task, operation);
    const result = operation.execute(task);
    observer?.operation?.(task, operation, result);
    if (task.state === 'ready') this.resume(task, result);
    this.wake(operation.object);
  }

  /** Stops a task where it stands (invariant 4). */
  abandon(task: Task): void {
    task.state = 'abandoned';
    this.setPending(task, null);
    this.observer?.ended?.(task);
    this.wake(task);
  }

  /** Ends a task before its code returns. For the effect of `end()`. */
  end(task: Task, result: unknown): void {
    task.state = 'ended';
    task.result = result;
    this.setPending(task, null);
    this.observer?.ended?.(task);
    this.wake(task);
  }

  /** Marks memory as dead. For the effect of `Memory.free()`. */
  endLifetime(memory: Memory, _task: Task): void {
    memory.alive = false;
  }

  /**
   * Asks the tasks that wait for `object` again. The machine does so after every operation; effects that
   * change a second object call it for that one.
   */
  wake(object: SimObject): void {
    const waiters = object.waiters;
    if (waiters === null) return;
    for (const task of waiters.slice()) {
      const operation = task.pending;
      if (operation === null) continue;
      const enabled = operation.enabled(task);
      if (enabled === task.enabled) continue;
      this.setEnabled(task, enabled);
      if (enabled) this.observer?.unblocked?.(task, operation);
    }
  }

  private decide(choice: Choice, task: Task, chooser: Chooser): void {
    const taken = chooser.alternative(choice, task, this);
    assert(Number.isInteger(taken) && taken >= 0 && taken < choice.alternatives, `alternative ${taken}`);
    choice.taken = taken;
  }

  private survives(task: Task, operation: Operation<unknown>, memory: Memory): boolean {
    const outcome = this.onDeadAccess?.(task, operation, memory) ?? 'continue';
    if (outcome === 'continue') return true;
    if (outcome === 'rewound') this.resume(task, undefined);
    else if (task.state === 'ready') this.abandon(task);
    return false;
  }

  /** Hands `value` to the task's code and runs it, through calls and returns, up to its next operation. */
  private resume(task: Task, value: unknown): void {
    putInForce(this, task);
    let frame = task.top;
    while (frame !== null) {
      const step = frame.body.next(value);
      if (step.done === true) {
        if (frame.locals !== null) {
          frame.body = endOfFrame(frame, step.value);
          value = undefined;
          continue;
        }
        task.top = frame.caller;
        this.observer?.left?.(task, frame, step.value);
        frame = frame.caller;
        value = step.value;
      } else if (step.value instanceof Call) {
        frame = this.enter(task, step.value);
        value = undefined;
      } else {
        this.setPending(task, step.value);
        return;
      }
    }
    task.state = 'ended';
    task.result = value;
    this.setPending(task, null);
    this.observer?.ended?.(task);
    this.wake(task);
  }

  private enter(task: Task, call: Call<unknown>): Frame {
    const body = this.implementationOf(call.symbol)(...(call.args as never[]));
    const caller = task.top;
    const frame = new Frame(call.symbol, body, caller, caller === null ? 0 : caller.depth + 1, call.args);
    task.top = frame;
    this.observer?.entered?.(task, frame);
    return frame;
  }

  private implementationOf(symbol: AnySymbol): (...args: never[]) => Body<unknown> {
    return this.implementations[symbol.index] ?? (symbol.body as (...args: never[]) => Body<unknown>);
  }

  private setPending(task: Task, operation: Operation<unknown> | null): void {
    const before = task.pending;
    if (before !== null && before !== operation) {
      unlist(before.object, task);
      if (before.also !== null) unlist(before.also, task);
    }
    task.pending = operation;
    if (operation === null) {
      this.setEnabled(task, false);
      return;
    }
    if (operation.conditional) {
      enlist(operation.object, task);
      if (operation.also !== null) enlist(operation.also, task);
    }
    const enabled = operation.enabled(task);
    this.setEnabled(task, enabled);
    if (!enabled) this.observer?.blocked?.(task, operation);
  }

  private setEnabled(task: Task, enabled: boolean): void {
    if (task.enabled === enabled) return;
    task.enabled = enabled;
    const list = this.enabled;
    if (enabled) {
      task.readySince = this.now;
      let at = list.length;
      list.push(task);
      for (; at > 0 && list[at - 1].index > task.index; at--) list[at] = list[at - 1];
      list[at] = task;
    } else {
      for (let at = list.indexOf(task); at + 1 < list.length; at++) list[at] = list[at + 1];
      list.pop();
    }
  }
}

const OBJECTS_PER_TASK = 0x100000;

class TaskList extends SimObject {
  constructor() {
    super(null);
  }

  override get name(): string {
    return 'task list';
  }
}

/** Ends the lifetimes of what stands on a frame, last created first, then returns from it. */
function* endOfFrame(frame: Frame, value: unknown): Body<unknown> {
  const locals = frame.locals ?? [];
  frame.locals = null;
  for (let i = locals.length - 1; i >= 0; i--) yield* locals[i].free();
  return value;
}

function enlist(object: SimObject, task: Task): void {
  if (object.waiters === null) object.waiters = [task];
  else object.waiters.push(task);
}

function unlist(object: SimObject, task: Task): void {
  const waiters = object.waiters;
  if (waiters === null) return;
  const at = waiters.indexOf(task);
  if (at >= 0) waiters.splice(at, 1);
}
