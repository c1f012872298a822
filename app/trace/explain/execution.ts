import { Cell } from '../../sim/cell.ts';
import { machineInForce, runningTaskOrNull } from '../../sim/machine-in-force.ts';
import type { Machine } from '../../sim/machine.ts';
import type { Memory } from '../../sim/memory.ts';
import type { SimObject } from '../../sim/object.ts';
import type { Observer } from '../../sim/observer.ts';
import type { Access, Operation, OperationKind, Ordering } from '../../sim/operation.ts';
import type { Frame, Task } from '../../sim/task.ts';

/** A call, as long as it lasted. */
export interface CallRecord {
  readonly name: string;
  readonly task: Task;
  readonly caller: CallRecord | null;
  /** Position in the order of all events. */
  readonly entered: number;
}

/** An operation that was performed, or was about to be when a report stopped its task. */
export interface OperationRecord {
  /** Position in the order of all events. */
  readonly at: number;
  /** Number of the operation in the run, from 1. */
  readonly step: number;
  readonly task: Task;
  readonly call: CallRecord | null;
  readonly kind: OperationKind;
  readonly access: Access;
  readonly ordering: Ordering;
  readonly object: SimObject;
  readonly also: SimObject | null;
  /** What it lies in; the memory itself for a free. */
  readonly memory: Memory | null;
  /** Was that memory dead already? */
  readonly dead: boolean;
  /** What the object was called then. */
  readonly name: string;
  /** Of a cell: its value before and after. */
  readonly before: unknown;
  after: unknown;
  result: unknown;
  /** False if a report came before its effect and its task never got there. */
  performed: boolean;
  /** Of taking and releasing: does the task have the object afterwards? */
  holds: boolean;
}

/** A task had to wait for its next operation. */
export interface WaitRecord {
  readonly at: number;
  readonly task: Task;
  readonly call: CallRecord | null;
  readonly kind: OperationKind;
  readonly object: SimObject;
  readonly name: string;
  /** Who had it, when the wait began. */
  readonly holders: readonly Task[];
}

/** Something that the model says of a task and that is no operation: it forbade itself to sleep, and so on. */
export interface StateRecord {
  readonly at: number;
  /** Operations performed before it. */
  readonly step: number;
  readonly task: Task;
  readonly call: CallRecord | null;
  /** What it is in from here on, and how that is written. A state of the same name ends by one without `begins`. */
  readonly name: string;
  readonly text: string;
  readonly begins: boolean;
}

/** A line that the model said. */
export interface SaidRecord {
  readonly at: number;
  readonly step: number;
  readonly task: Task | null;
  readonly call: CallRecord | null;
  readonly text: string;
  /** The operation that was being performed, or had just been. Null in plain code before the first. */
  readonly operation: OperationRecord | null;
  /** What the model says about the task at this moment. */
  readonly circumstances: readonly string[];
}

/** A state that the model above knows of its tasks. */
export interface StateChange {
  readonly name: string;
  readonly text: string;
  readonly begins: boolean;
}

/** What the model above the machine has to say about a task while it runs. */
export interface ModelView {
  /** What has changed in the task since it was asked last; `operation` has just been performed, if there is one. */
  changes(task: Task, operation: Operation<unknown> | null): readonly StateChange[];
  /** What may matter to a report of the task now: `preempt_count is 1`. */
  circumstances(task: Task): readonly string[];
}

const BARE: ModelView = { changes: () => [], circumstances: () => [] };

/** Remembers an execution: who did what, in which call, and what was said. */
export class Execution implements Observer {
  readonly operations: OperationRecord[] = [];
  readonly waits: WaitRecord[] = [];
  readonly states: StateRecord[] = [];
  /** Lines of the kind asked for, in order. */
  readonly lines: SaidRecord[] = [];
  /** Who started a task, where a task did. */
  readonly startedBy = new Map<Task, Task>();
  private readonly calls = new Map<Frame, CallRecord>();
  private readonly latest = new Map<Task, OperationRecord>();
  private machineSeen: Machine | null = null;
  private position = 0;

  constructor(
    /** The kind of what is said that is kept: `printk`. */
    private readonly kind: string,
    private readonly view: ModelView = BARE,
  ) {}

  /** The machine that was watched. Null before anything happened. */
  get machine(): Machine | null {
    return this.machineSeen;
  }

  /** What a task waits for now. What became impossible only after it had come there, nobody told of. */
  waitOf(task: Task): WaitRecord | null {
    const { pending } = task;
    if (pending === null || task.enabled) return null;
    const last = this.waits.findLast((wait) => wait.task === task);
    const since = this.latest.get(task)?.at ?? -1;
    if (last !== undefined && last.object === pending.object && last.at > since) return last;
    this.blocked(task, pending);
    return this.waits[this.waits.length - 1];
  }

  performing(task: Task, operation: Operation<unknown>): void {
    const { steps } = (this.machineSeen = machineInForce());
    if (this.latest.get(task)?.step === steps) return;
    this.look(task, task.top, null);
    this.record(task, operation, steps);
  }

  operation(task: Task, operation: Operation<unknown>, result: unknown): void {
    const record = this.latest.get(task);
    if (record === undefined) return;
    record.performed = true;
    record.result = result;
    if (operation.object instanceof Cell) record.after = operation.object.value;
    if (operation.kind === 'acquire' || operation.kind === 'release') {
      record.holds = gotIt(result) && operation.object.holders().includes(task);
    }
    this.look(task, task.top, operation);
  }

  entered(task: Task, frame: Frame): void {
    this.look(task, frame.caller, null);
    this.calls.set(frame, {
      name: frame.symbol?.name ?? '',
      task,
      caller: this.callOf(frame.caller),
      entered: this.position++,
    });
  }

  left(task: Task, frame: Frame): void {
    this.look(task, frame, null);
    this.calls.delete(frame);
  }

  blocked(task: Task, { kind, object }: Operation<unknown>): void {
    this.look(task, task.top, null);
    this.waits.push({
      at: this.position++,
      task,
      call: this.callOf(task.top),
      kind,
      object,
      name: object.name,
      holders: object.holders(),
    });
  }

  spawned(task: Task): void {
    const spawner = runningTaskOrNull();
    if (spawner !== null) this.startedBy.set(task, spawner);
  }

  said(task: Task | null, kind: string, text: string): void {
    if (kind !== this.kind) return;
    const { steps } = (this.machineSeen = machineInForce());
    if (task !== null) this.look(task, task.top, null);
    this.lines.push({
      at: this.position++,
      step: steps,
      task,
      call: task === null ? null : this.callOf(task.top),
      text,
      operation: task === null ? null : this.present(task, steps),
      circumstances: task === null ? [] : this.view.circumstances(task),
    });
  }

  /** The operation that the task is at. One that is judged before its effect is noted as not performed. */
  private present(task: Task, steps: number): OperationRecord | null {
    const last = this.latest.get(task) ?? null;
    const { pending } = task;
    return pending !== null && last?.step !== steps ? this.record(task, pending, steps) : last;
  }

  private record(task: Task, operation: Operation<unknown>, step: number): OperationRecord {
    const { kind, access, ordering, object, also, memory } = operation;
    const record: OperationRecord = {
      at: this.position++,
      step,
      task,
      call: this.callOf(task.top),
      kind,
      access,
      ordering,
      object,
      also,
      memory,
      dead: memory !== null && !memory.alive,
      name: object.name,
      before: object instanceof Cell ? object.value : undefined,
      after: undefined,
      result: undefined,
      performed: false,
      holds: false,
    };
    this.operations.push(record);
    this.latest.set(task, record);
    return record;
  }

  private look(task: Task, frame: Frame | null, operation: Operation<unknown> | null): void {
    for (const { name, text, begins } of this.view.changes(task, operation)) {
      this.states.push({
        at: this.position++,
        step: machineInForce().steps,
        task,
        call: this.callOf(frame),
        name,
        text,
        begins,
      });
    }
  }

  private callOf(frame: Frame | null): CallRecord | null {
    if (frame === null) return null;
    return this.calls.get(frame) ?? this.callOf(frame.caller);
  }
}

/** An attempt on a lock gives true or nothing, 0 or a negative error. */
function gotIt(result: unknown): boolean {
  return result !== false && !(typeof result === 'number' && result < 0);
}
