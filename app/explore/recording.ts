import type { Choice } from '../sim/choose.ts';
import type { Chooser } from '../sim/chooser.ts';
import type { Machine } from '../sim/machine.ts';
import { SimObject, UNTOLD } from '../sim/object.ts';
import { together } from '../sim/observers.ts';
import type { Operation } from '../sim/operation.ts';
import type { Schedule } from '../sim/schedule.ts';
import { Task } from '../sim/task.ts';
import type { Footprints } from './footprint.ts';
import { Path } from './path.ts';
import type { Program } from './program.ts';

/** One operation of a recorded execution, as far as another order of independent ones must not change it. */
interface Event {
  readonly thread: number;
  readonly choice: boolean;
  readonly alternative: number;
  readonly footprint: number;
  readonly operation: Operation<unknown>;
  readonly result: string;
  /** Number of tasks before. */
  readonly tasksBefore: number;
  /** The tasks that are enabled afterwards. */
  readonly enabled: string;
}

/** Something wrong about who is enabled. */
interface Irregularity {
  readonly kind: 'enabledness' | 'snapshot';
  readonly event: number;
  /** Index of the task that waits. */
  readonly task: number;
  readonly difference: string;
}

/** Where a second execution is not the same as a recorded one. */
export interface Difference {
  /** How many events were performed before it shows. */
  readonly position: number;
  /** The task whose operation it is about, or -1. */
  readonly thread: number;
  readonly text: string;
}

/** An execution with all that can be compared with that of another. */
export class Recording {
  readonly events: readonly Event[];
  readonly irregularities: readonly Irregularity[];
  readonly ending: readonly string[];
  private readonly path: Path;

  constructor(program: Program, footprints: Footprints, chooser: Chooser, limit: number) {
    const machine = program.create();
    const recorder = new Recorder(machine, footprints, chooser, limit);
    runToEnd(machine, recorder);
    this.events = recorder.events;
    this.irregularities = recorder.irregularities;
    this.ending = endingOf(machine, program);
    this.path = new Path(footprints);
    this.events.forEach(({ thread, footprint, tasksBefore }, event) => {
      this.path.append(thread, 0, footprint);
      const tasksAfter = this.events.at(event + 1)?.tasksBefore ?? machine.tasks.length;
      for (let child = tasksBefore; child < tasksAfter; child++) this.path.spawned(child, event);
    });
  }

  /** The events that have to come before an event: by program order, spawning, or because they conflict. */
  predecessors(event: number): readonly number[] {
    const { items } = this.path.predecessors;
    return Array.from(
      items.subarray(this.path.firstPredecessor[event], this.path.firstPredecessor[event + 1]),
    );
  }

  /** Does one event have to come before another, where `a < b`? */
  before(a: number, b: number): boolean {
    return this.path.before(a, b);
  }

  /** The choices of the first `length` events of an order. */
  schedule(order: readonly number[], length: number): Schedule {
    return order.slice(0, length).flatMap((event) => {
      const { thread, choice, alternative } = this.events[event];
      return choice ? [thread, alternative] : [thread];
    });
  }
}

/** Performs the events of a recording again in another order, up to the first difference. */
export class Comparison implements Chooser {
  difference: Difference | null = null;
  performed = 0;
  private result: string = NOT_PERFORMED;
  /** The last event of the recording among those performed. */
  private latest = -1;

  constructor(
    program: Program,
    private readonly recording: Recording,
    private readonly order: readonly number[],
  ) {
    const machine = program.create();
    listen(machine, (_task, _operation, result) => {
      this.result = result;
    });
    try {
      runToEnd(machine, this);
      machine.inside(() => {
        this.checkLast(machine);
      });
      if (this.difference === null) this.compareEnding(endingOf(machine, program));
    } catch (error) {
      this.difference ??= this.at(this.performed - 1, `the model failed: ${String(error)}`);
    }
  }

  next(_enabled: readonly Task[], machine: Machine): Task | null {
    this.checkLast(machine);
    const position = this.performed;
    if (this.difference !== null || position >= this.order.length) return null;
    const expected = this.recording.events[this.order[position]];
    const task = machine.tasks.at(expected.thread);
    const operation = task?.pending ?? null;
    if (task === undefined || operation === null) {
      this.difference = this.at(
        position,
        `task ${expected.thread} is not there to do ${describeOperation(expected.operation)}`,
      );
    } else if (!sameOperation(operation, expected.operation)) {
      const [then, now] = [expected.operation, operation].map(describeOperation);
      this.difference = this.at(position, `${task.name} does not do ${then}, but ${now}`);
    } else if (!task.enabled) {
      this.difference = this.at(position, `${task.name} cannot do ${describeOperation(operation)} now`);
    }
    if (this.difference !== null || task === undefined) return null;
    this.performed++;
    this.result = NOT_PERFORMED;
    return task;
  }

  alternative(): number {
    return this.recording.events[this.order[this.performed - 1]].alternative;
  }

  /** Compares what the operation performed last came to. */
  private checkLast(machine: Machine): void {
    const position = this.performed - 1;
    if (position < 0 || this.difference !== null) return;
    const event = this.order[position];
    this.latest = Math.max(this.latest, event);
    const { result, thread } = this.recording.events[event];
    if (result !== this.result) {
      const name = machine.tasks[thread].name;
      this.difference = this.at(position, `the result for ${name} was ${result}, and is ${this.result}`);
      return;
    }
    // Who is enabled can be compared where the same events were performed.
    if (this.latest > position) return;
    const { enabled } = this.recording.events[position];
    const now = enabledTasks(machine);
    if (enabled === now) return;
    const then = enabled.split(' ');
    const changed = machine.tasks.filter((task) => task.enabled !== then.includes(String(task.index)));
    const texts = changed.map(
      ({ name, enabled: can }) => `${name} ${can ? 'can go on now' : 'cannot go on now'}`,
    );
    this.difference = this.at(position, texts.join(', '));
  }

  private compareEnding(now: readonly string[]): void {
    const then = this.recording.ending;
    for (let i = 0; i < Math.max(then.length, now.length); i++) {
      if (then.at(i) === now.at(i)) continue;
      const text = `in the end, was: ${then.at(i) ?? 'nothing'}; is: ${now.at(i) ?? 'nothing'}`;
      this.difference = { position: this.order.length, thread: -1, text };
      return;
    }
  }

  private at(position: number, text: string): Difference {
    const at = Math.max(position, 0);
    return { position: at, thread: this.recording.events[this.order[at]].thread, text };
  }
}

class Recorder implements Chooser {
  readonly events: Event[] = [];
  readonly irregularities: Irregularity[] = [];
  private task: Task | null = null;
  private operation: Operation<unknown> | null = null;
  private footprint = 0;
  private choice = false;
  private alternativeTaken = 0;
  private result: string = NOT_PERFORMED;
  private tasksBefore = 0;
  private waiting: Waiting[] = [];
  /** By task: its operation and whether it was enabled before the present one. */
  private readonly before: { operation: Operation<unknown> | null; enabled: boolean }[] = [];

  constructor(
    private readonly machine: Machine,
    private readonly footprints: Footprints,
    private readonly chooser: Chooser,
    private readonly limit: number,
  ) {
    listen(machine, (_task, _operation, result) => {
      this.result = result;
    });
  }

  next(enabled: readonly Task[], machine: Machine): Task | null {
    this.close();
    if (this.events.length >= this.limit) return null;
    const task = this.chooser.next(enabled, machine);
    if (task === null || task.pending === null) return null;
    this.task = task;
    this.operation = task.pending;
    this.footprint = this.footprints.of(task.pending);
    this.choice = false;
    this.alternativeTaken = 0;
    this.result = NOT_PERFORMED;
    this.tasksBefore = machine.tasks.length;
    for (const other of machine.tasks) {
      this.before[other.index] = { operation: other.pending, enabled: other.enabled };
    }
    this.waiting = (task.pending.object.waiters ?? [])
      .filter((other) => other !== task)
      .flatMap((other) => waitingOf(other));
    return task;
  }

  alternative(choice: Choice, task: Task, machine: Machine): number {
    this.choice = true;
    return (this.alternativeTaken = this.chooser.alternative(choice, task, machine));
  }

  /** Notes the operation that was performed, if any. */
  close(): void {
    const { machine, task, operation, tasksBefore } = this;
    if (task === null || operation === null) return;
    this.task = null;
    const footprint = this.footprints.afterwards(this.footprint, task);
    this.check(task, footprint);
    this.events.push({
      thread: task.index,
      choice: this.choice,
      alternative: this.alternativeTaken,
      footprint,
      operation,
      result: this.result,
      tasksBefore,
      enabled: enabledTasks(machine),
    });
  }

  private check(actor: Task, footprint: number): void {
    const touched = this.footprints.slots[footprint].map((slot) => slot >> 2);
    const event = this.events.length;
    for (const task of this.machine.tasks) {
      const { pending } = task;
      if (pending?.conditional !== true) continue;
      if (pending.enabled(task) !== task.enabled) {
        const difference = `${task.name} ${task.enabled ? 'is said to be enabled, and is not' : 'is enabled, and nobody told'}`;
        this.irregularities.push({ kind: 'enabledness', event, task: task.index, difference });
      }
      const before = this.before.at(task.index);
      if (task === actor || before?.operation !== pending || before.enabled === task.enabled) continue;
      const objects = pending.also === null ? [pending.object] : [pending.object, pending.also];
      if (objects.some((object) => touched.includes(this.footprints.objectNumber(object)))) continue;
      const difference = `${task.name} became ${task.enabled ? 'enabled' : 'disabled'}`;
      this.irregularities.push({ kind: 'enabledness', event, task: task.index, difference });
    }
    for (const { task, operation, states, enabled } of this.waiting) {
      if (task.pending !== operation) continue;
      const would = enabledWith(operation, task, states);
      if (would === enabled) continue;
      const difference = `put back, ${task.name} would ${would ? '' : 'not '}be enabled`;
      this.irregularities.push({ kind: 'snapshot', event, task: task.index, difference });
    }
  }
}

interface Waiting {
  readonly task: Task;
  readonly operation: Operation<unknown>;
  readonly states: readonly [unknown, unknown];
  readonly enabled: boolean;
}

/** A waiting task with the states of what it waits for, if these are told. */
function waitingOf(task: Task): Waiting[] {
  const operation = task.pending;
  if (operation === null) return [];
  const states = statesOf(operation);
  return states.includes(UNTOLD) ? [] : [{ task, operation, states, enabled: operation.enabled(task) }];
}

function statesOf({ object, also }: Operation<unknown>): [unknown, unknown] {
  return [object.snapshot(), also === null ? null : also.snapshot()];
}

function enabledWith(
  operation: Operation<unknown>,
  task: Task,
  states: readonly [unknown, unknown],
): boolean {
  const present = statesOf(operation);
  if (present.includes(UNTOLD)) return operation.enabled(task);
  operation.object.restore(states[0]);
  operation.also?.restore(states[1]);
  const enabled = operation.enabled(task);
  operation.object.restore(present[0]);
  operation.also?.restore(present[1]);
  return enabled;
}

function runToEnd(machine: Machine, chooser: Chooser & { close?(): void }): void {
  for (let steps = -1; machine.enabled.length > 0 && machine.steps > steps;) {
    steps = machine.steps;
    machine.run(chooser);
  }
  machine.inside(() => chooser.close?.());
}

function listen(
  machine: Machine,
  hear: (task: Task, operation: Operation<unknown>, result: string) => void,
): void {
  const own = {
    operation: (task: Task, operation: Operation<unknown>, result: unknown): void => {
      hear(task, operation, digest(result, 3));
    },
  };
  machine.observer = machine.observer === null ? own : together([machine.observer, own]);
}

/** The tasks as they are left, then the titles. */
function endingOf(machine: Machine, program: Program): string[] {
  const tasks = machine.tasks.map(({ name, state, pending }) => {
    return `${name} ${state}${pending === null ? '' : ` ${pending.kind} #${pending.object.id}`}`;
  });
  return [...tasks, ...[...program.judge(machine)].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))];
}

function describeOperation({ kind, access, object, also }: Operation<unknown>): string {
  return `${kind} (${access}) ${object.name} #${object.id}${also === null ? '' : `, ${also.name} #${also.id}`}`;
}

function sameOperation(a: Operation<unknown>, b: Operation<unknown>): boolean {
  return (
    a.kind === b.kind && a.access === b.access && a.object.id === b.object.id && a.also?.id === b.also?.id
  );
}

function enabledTasks(machine: Machine): string {
  return machine.enabled.map(({ index }) => index).join(' ');
}

/** A value as text, objects of the machine by their ids. */
function digest(value: unknown, depth: number): string {
  if (value instanceof Task) return `task ${value.index}`;
  if (value instanceof SimObject) return `#${value.id}`;
  if (typeof value === 'function') return 'a function';
  if (typeof value !== 'object' || value === null) return String(value);
  if (depth === 0) return '…';
  if (Array.isArray(value)) return `[${value.map((item) => digest(item, depth - 1)).join(', ')}]`;
  if (value instanceof Map || value instanceof Set) return digest([...value], depth);
  const fields = Object.entries(value) as [string, unknown][];
  if (Object.getPrototypeOf(value) !== Object.prototype) {
    // The first object that it holds says which one it is: a struct's memory.
    const own = fields.find(([, field]) => field instanceof SimObject);
    return `${value.constructor.name}${own === undefined ? '' : ` ${digest(own[1], 0)}`}`;
  }
  return `{${fields.map(([name, field]) => `${name}: ${digest(field, depth - 1)}`).join(', ')}}`;
}

const NOT_PERFORMED = 'none, as it touched dead memory';
