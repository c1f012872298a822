import { Cell } from '../sim/cell.ts';
import { machineInForce } from '../sim/machine-in-force.ts';
import type { SimObject } from '../sim/object.ts';
import type { Observer } from '../sim/observer.ts';
import type { Operation, OperationKind } from '../sim/operation.ts';
import type { Frame, Task } from '../sim/task.ts';
import { f64, i32, u16, u32, u8 } from '../trace/store/columns.ts';

export const KINDS: readonly OperationKind[] = [
  'read',
  'write',
  'rmw',
  'acquire',
  'release',
  'wait',
  'alloc',
  'free',
  'choose',
  'delay',
  'spawn',
  'exit',
];

/** What was said at a step: a trace event, a line of the log, text on the console. */
export interface Said {
  readonly step: number;
  readonly task: number;
  readonly nowNs: number;
  readonly kind: string;
  readonly text: string;
}

/** The name of an object in the journal: it may be called differently later. */
interface Known {
  readonly index: number;
  readonly name: string;
}

/**
 * What happened at every step, in columns: enough to find a step again without running the machine. A step's calls
 * and returns are those up to the next operation of its task.
 */
export class Journal implements Observer {
  /** By step; step 0 is before the first operation. */
  readonly task = i32();
  readonly timeNs = f64();
  readonly kind = u8();
  /** Index into `objects`. */
  readonly object = u32();
  /** Calls on the stack of the step's task after it. */
  readonly depth = u16();
  /** Of a cell with a number: the number after the step. NaN for others. */
  readonly value = f64();

  /** Names of objects, `mm_struct->mm_users`, with their ids. */
  readonly objects: string[] = [''];
  readonly objectIds: number[] = [-1];

  // Calls and returns, in order.
  readonly callStep = u32();
  readonly callTask = i32();
  readonly callName = u32();
  readonly callEnters = u8();
  readonly functions: string[] = [''];

  readonly sayings: Said[] = [];

  private readonly known = new Map<SimObject, Known>();
  private readonly functionIndices = new Map<string, number>([['', 0]]);

  constructor() {
    this.push(-1, 0, 0, 0);
  }

  get steps(): number {
    return this.task.length - 1;
  }

  performing(task: Task, operation: Operation<unknown>): void {
    this.begin(task, operation);
  }

  /** A task that dies at a touch of dead memory takes a step, too, and performs nothing. */
  ended(task: Task): void {
    this.begin(task, task.pending);
  }

  operation(task: Task, { object }: Operation<unknown>): void {
    const { length } = this.task;
    if (object instanceof Cell) {
      const value: unknown = object.value;
      if (typeof value === 'number') this.value.set(length - 1, value);
      else if (typeof value === 'boolean') this.value.set(length - 1, value ? 1 : 0);
    }
    this.depth.set(length - 1, depthOf(task));
  }

  entered(task: Task, frame: Frame): void {
    this.call(task, frame, 1);
    this.settleDepth(task);
  }

  left(task: Task, frame: Frame): void {
    this.call(task, frame, 0);
    this.settleDepth(task);
  }

  said(task: Task | null, kind: string, text: string): void {
    if (task !== null) this.begin(task, task.pending);
    const { steps, now } = machineInForce();
    this.sayings.push({ step: steps, task: task?.index ?? -1, nowNs: now, kind, text });
  }

  /** `mm_struct->mm_users#1048577`: an object by its name and its id. */
  objectText(step: number): string {
    const index = this.object.at(step);
    return `${this.objects[index]}#${this.objectIds[index]}`;
  }

  private begin(task: Task, operation: Operation<unknown> | null): void {
    const { steps, now } = machineInForce();
    if (this.steps >= steps) return;
    const kind = operation === null ? KINDS.length : KINDS.indexOf(operation.kind);
    while (this.steps < steps) {
      this.push(task.index, now, kind, operation === null ? 0 : this.objectIndex(operation.object));
    }
  }

  private push(task: number, now: number, kind: number, object: number): void {
    this.task.push(task);
    this.timeNs.push(now);
    this.kind.push(kind);
    this.object.push(object);
    this.depth.push(0);
    this.value.push(NaN);
  }

  private call(task: Task, { symbol }: Frame, enters: number): void {
    if (symbol === null) return;
    this.callStep.push(machineInForce().steps);
    this.callTask.push(task.index);
    this.callName.push(this.functionIndex(symbol.name));
    this.callEnters.push(enters);
  }

  /** The calls of a step change how deep its task is. */
  private settleDepth(task: Task): void {
    const last = this.task.length - 1;
    if (this.task.at(last) === task.index) this.depth.set(last, depthOf(task));
  }

  private objectIndex(object: SimObject): number {
    let known = this.known.get(object);
    if (known === undefined) {
      known = { index: this.objects.length, name: object.name };
      this.known.set(object, known);
      this.objects.push(known.name);
      this.objectIds.push(object.id);
    }
    return known.index;
  }

  private functionIndex(name: string): number {
    let index = this.functionIndices.get(name);
    if (index === undefined) {
      index = this.functions.length;
      this.functions.push(name);
      this.functionIndices.set(name, index);
    }
    return index;
  }
}

function depthOf({ top }: Task): number {
  return top === null ? 0 : top.depth;
}
