import type { Operation } from '../../sim/operation.ts';
import type { SimObject } from '../../sim/object.ts';
import type { Frame, Task } from '../../sim/task.ts';
import type { NewTrack, SliceText } from './builder.ts';
import type { FlowKind } from './trace-data.ts';

/** Who a task is to its model. */
export interface TaskName {
  readonly name: string;
  readonly pid: number | null;
  readonly kind: 'user' | 'kthread' | 'irq';
}

/** One task that has a lock. */
export interface Holder {
  readonly task: Task;
  readonly shared: boolean;
}

/** How a task that cannot go on is shown. */
export interface Wait {
  readonly state: 'blocked' | 'sleeping';
  readonly detail: string;
}

/** Headings under which the model may put tracks of its own. */
export type Heading = 'srcu' | 'timers' | 'counters';

/** What the model may add to a trace, at the moment that is being recorded. */
export interface TraceSink {
  /** The track for an object, made at its first use. */
  track(key: object | string, heading: Heading, make: () => NewTrack): number;
  /** A slice that goes on until it is closed by the same key, or for ever. Those of one track may overlap. */
  open(track: number, key: object, text: SliceText): void;
  close(track: number, key: object): void;
  sample(track: number, value: number): void;
  /** An arrow begins here, at what the task does now; it ends where `to` is called with its key. */
  from(kind: FlowKind, key: object, task: Task): void;
  to(key: object, task: Task): void;
  /** A task was woken out of a sleep that would have ended by itself. */
  woke(task: Task): void;
}

/** What the model above the machine has to say about what is recorded. */
export interface TraceView {
  taskName(task: Task): TaskName;
  /** How a call is shown; null for one that is not. */
  callText(frame: Frame): SliceText | null;
  /** Who has a lock now; null for an object that is no lock. */
  holdersOf(object: SimObject): readonly Holder[] | null;
  waitOf(task: Task, operation: Operation<unknown>): Wait;
  /** An operation was performed. */
  performed?(task: Task, operation: Operation<unknown>, result: unknown, sink: TraceSink): void;
  entered?(task: Task, frame: Frame, sink: TraceSink): void;
  /** Better names of tracks, known at the end. */
  renamed?(): Iterable<readonly [track: number, name: string]>;
}

/** For programs that are written for the machine alone. */
export const bareView: TraceView = {
  taskName: (task) => ({ name: task.label, pid: null, kind: 'user' }),
  callText: ({ symbol }) => (symbol === null ? null : { name: symbol.name }),
  holdersOf: () => null,
  waitOf: (_task, { object }) => ({ state: 'blocked', detail: object.name }),
};
