import { machineInForce, runningTaskOrNull } from '../../../sim/machine-in-force.ts';
import { SimObject } from '../../../sim/object.ts';
import type { Task } from '../../../sim/task.ts';
import { kernelGlobal } from '../../globals.ts';
import type { TaskStruct } from '../../include/sched.ts';
import { kernel } from '../../kernel.ts';
import { stackOf, type StackEntry } from '../../stack.ts';
import { contextFlags, type EventBuffer } from '../../trace-events.ts';
import { recordSize, valuesOf, type EventFormat, type FieldValue } from './event_format.ts';
import { findEvent } from './event_table.ts';
import type { Filter } from './filter.ts';
import { TRACE_OPTIONS, TRACER_OPTIONS, type TracerName } from './options.ts';
import { CpuBuffer, type TraceEntry } from './ring_buffer.ts';

/** Whom an entry is about: the running task, or the idle one. */
export interface Context {
  readonly cpu: number;
  readonly pid: number;
  readonly tgid: number;
  readonly comm: string;
  readonly flags: string;
}

interface EventState {
  enabled: boolean;
  filter: Filter | null;
  /** As `filter` shows it, also where it was refused. */
  filterText: string | null;
}

/** Sizes in KB: what each CPU has before anything is traced, and after. */
const MINIMAL_KB = 7;
const DEFAULT_KB = 1408;

/** What readers of `trace_pipe` wait for. */
class TraceWait extends SimObject {
  constructor() {
    super(null);
  }

  override get name(): string {
    return 'trace_pipe';
  }
}

/**
 * struct trace_array - the tracing of one kernel, as tracefs shows it. What it records is no part of what tasks share:
 * recording is no operation, and whoever reads takes what is there at that moment.
 */
export class TraceArray implements EventBuffer {
  readonly buffers: CpuBuffer[];
  readonly events = new Map<EventFormat, EventState>();
  readonly options = new Map<string, boolean>();
  tracing_on = true;
  tracer: TracerName = 'nop';
  clock = 'local';
  expanded = false;
  /** Names of functions that are traced (null: all) and that are not; those where a graph begins or is left out. */
  readonly filters: Record<FilterFile, Set<string> | null> = {
    ...{ set_ftrace_filter: null, set_ftrace_notrace: null },
    ...{ set_graph_function: null, set_graph_notrace: null },
  };
  /** Ids of tasks whose functions and events are traced; null for all. */
  readonly pids: Record<PidFile, ReadonlySet<number> | null> = { set_ftrace_pid: null, set_event_pid: null };
  max_graph_depth = 0;
  readonly savedCommands = new Map<number, string>();
  readonly errors: string[] = [];
  /** Called when what is to be watched has changed. */
  onChange: () => void = () => {};
  private waitObject: TraceWait | null = null;

  constructor(cpus: number) {
    this.buffers = Array.from({ length: cpus }, (_, cpu) => new CpuBuffer(cpu, DEFAULT_KB * 1024));
    for (const [name, on] of [...TRACE_OPTIONS, ...Object.values(TRACER_OPTIONS).flat()])
      this.options.set(name, on);
  }

  get sizeKb(): number {
    return this.expanded ? Math.floor(this.buffers[0].size / 1024) : MINIMAL_KB;
  }

  readonly expandedKb = DEFAULT_KB;

  option(name: string): boolean {
    return this.options.get(name) ?? false;
  }

  stateOf(event: EventFormat): EventState {
    let state = this.events.get(event);
    if (state === undefined)
      this.events.set(event, (state = { enabled: false, filter: null, filterText: null }));
    return state;
  }

  enable(event: EventFormat, on: boolean): void {
    this.stateOf(event).enabled = on;
    if (on) this.expanded = true;
    this.onChange();
  }

  isEnabled(system: string, name: string): boolean {
    const event = findEvent(system, name);
    return event !== undefined && this.events.get(event)?.enabled === true;
  }

  // --- recording ----------------------------------------------------------------------------------

  /** EventBuffer: is an event to be recorded? */
  wants(system: string, name: string): boolean {
    return this.tracing_on && this.isEnabled(system, name);
  }

  /** EventBuffer: records an event of the running task, if its filter lets it through. */
  record(system: string, name: string, text: string): void {
    this.event(system, name, text, contextOf(runningTaskOrNull()));
  }

  /** Records an event at a moment other than now, for what is noticed only later. */
  event(
    system: string,
    name: string,
    text: string,
    context: Context,
    time: number = machineInForce().now,
  ): void {
    const event = findEvent(system, name);
    if (event === undefined || !this.wants(system, name)) return;
    const { pids } = this;
    if (pids.set_event_pid !== null && !pids.set_event_pid.has(context.pid)) return;
    const filter = this.stateOf(event).filter;
    if (filter !== null && !filter(lookUp(event, text, context))) return;
    const size = 4 + Math.ceil((recordSize(event) + dynamicSize(event, text)) / 4) * 4;
    this.push({ ...EMPTY, ...context, kind: 'event', time, system, name, text, size });
    if (this.option('stacktrace')) this.stack(context, time);
  }

  /** What is written to trace_marker. */
  print(text: string): void {
    if (!this.tracing_on) return;
    const size = 4 + Math.ceil((17 + text.length) / 4) * 4;
    const name = 'tracing_mark_write';
    const time = machineInForce().now;
    this.push({ ...EMPTY, ...contextOf(runningTaskOrNull()), kind: 'print', time, name, text, size });
  }

  push(made: TraceEntry): void {
    // Within a buffer time never goes back, whenever an entry was noticed.
    const last = this.buffers[made.cpu].newest;
    const entry = last !== null && last > made.time ? { ...made, time: last } : made;
    if (this.option('record-cmd')) this.savedCommands.set(entry.pid, entry.comm);
    if (!this.buffers[entry.cpu].push(entry, this.option('overwrite'))) return;
    if (this.waitObject !== null) machineInForce().wake(this.waitObject);
  }

  stack(context: Context, time: number): void {
    const task = runningTaskOrNull();
    if (task === null) return;
    const frames = stackOf(task);
    this.push({ ...EMPTY, ...context, kind: 'stack', time, name: 'kernel_stack', frames, size: 84 });
  }

  /** What a reader waits on for more entries. */
  waitQueue(): SimObject {
    return (this.waitObject ??= new TraceWait());
  }

  get empty(): boolean {
    return this.buffers.every(({ length }) => length === 0);
  }

  clear(): void {
    for (const buffer of this.buffers) buffer.clear();
  }
}

export type FilterFile =
  'set_ftrace_filter' | 'set_ftrace_notrace' | 'set_graph_function' | 'set_graph_notrace';
export type PidFile = 'set_ftrace_pid' | 'set_event_pid';

/** What most entries lack. */
export const EMPTY: TraceEntry = {
  ...{
    kind: 'event',
    time: 0,
    cpu: 0,
    pid: 0,
    tgid: 0,
    comm: '',
    flags: '',
    system: '',
    name: '',
  },
  ...{ text: '', depth: 0, calltime: 0, frames: [] as readonly StackEntry[], size: 0 },
};

/** Who runs, as entries have it. */
export function contextOf(task: Task | null): Context {
  const struct = (task?.context ?? null) as TaskStruct | null;
  const cpu = task === null ? 0 : task.cpu % kernel().cpus;
  if (struct === null) return { cpu, pid: 0, tgid: 0, comm: '<idle>', flags: '.....' };
  return { cpu, pid: struct.pid, tgid: struct.tgid, comm: struct.comm, flags: contextFlags(struct) };
}

/** The tracing of the kernel that runs; made when somebody first looks into tracefs. */
export function global_trace(): TraceArray {
  const holder = trace_holder();
  if (holder.array === null) {
    holder.array = new TraceArray(kernel().cpus);
    kernel().tracing.buffer = holder.array;
  }
  return holder.array;
}

const trace_holder = kernelGlobal('global_trace', () => ({ array: null as TraceArray | null }));

/** A field of an event for its filter; `comm` and the like are those of the task unless the event has its own. */
function lookUp(
  event: EventFormat,
  text: string,
  context: Context,
): (field: string) => FieldValue | undefined {
  const values = valuesOf(event, text);
  return (field) => {
    const own = values?.get(field);
    if (own !== undefined) return own;
    switch (field) {
      case 'common_pid':
        return BigInt(context.pid);
      case 'common_type':
        return BigInt(event.id);
      case 'CPU':
      case 'cpu':
      case 'common_cpu':
        return BigInt(context.cpu);
      case 'COMM':
      case 'comm':
      case 'common_comm':
        return context.comm;
      case 'common_flags':
      case 'common_preempt_count':
        return 0n;
      default:
        return undefined;
    }
  };
}

function dynamicSize(event: EventFormat, text: string): number {
  const dynamic = event.fields.filter(({ type }) => type.startsWith('__data_loc'));
  if (dynamic.length === 0) return 0;
  const values = valuesOf(event, text);
  return dynamic.reduce((sum, { name }) => sum + String(values?.get(name) ?? '').length + 1, 0);
}
