import type { AnySymbol } from '../../../sim/call.ts';
import { Delay } from '../../../sim/delay.ts';
import { machineInForce, runningTaskOrNull } from '../../../sim/machine-in-force.ts';
import type { Machine } from '../../../sim/machine.ts';
import type { Observer } from '../../../sim/observer.ts';
import { together } from '../../../sim/observers.ts';
import type { Frame, Task } from '../../../sim/task.ts';
import { TaskStruct } from '../../include/sched.ts';
import { kernel } from '../../kernel.ts';
import { isInlined, kallsyms } from '../../kfunc.ts';
import { priorityOf, stateOf } from '../../fs/proc/tasks.ts';
import { contextOf, EMPTY, type Context, type TraceArray } from './trace_array.ts';

/** Code that must not be traced (noinstr): the ways into the kernel, and the tracing itself. */
const NOTRACE = /^(entry_|do_syscall_64$|asm_|exc_|ret_from_fork|tracing_|trace_|event_|s_show$|ftrace_)/;

const traceable: (boolean | undefined)[] = [];

export function isTraceable(symbol: AnySymbol): boolean {
  return (traceable[symbol.index] ??= !isInlined(symbol) && !NOTRACE.test(symbol.name));
}

/** available_filter_functions: by name. */
export function traceableFunctions(): readonly string[] {
  return kallsyms()
    .filter(isTraceable)
    .map(({ name }) => name);
}

/** A function that a task is in, as function_graph remembers it. */
interface OpenFunction {
  readonly frame: Frame;
  readonly calltime: number;
  /** Was its entry recorded? */
  readonly shown: boolean;
  readonly begins: boolean;
}

/**
 * Listens to a machine on behalf of the tracers and of the events that no code of the model emits: switches, wake-ups
 * and new tasks. It is attached while something of that is on, and costs nothing otherwise.
 */
export class TraceObserver {
  private readonly stacks = new Map<Task, OpenFunction[]>();
  /** By CPU: who ran last, and when its last operation ended. */
  private readonly last: ({ readonly task: Task; until: number } | undefined)[] = [];
  private readonly lastCpu = new Map<Task, number>();
  private readonly sleeps = new Map<Task, string>();
  private before: Observer | null = null;
  private installed: Observer | null = null;
  private own: Observer = {};

  constructor(
    private readonly trace: TraceArray,
    private readonly machine: Machine,
  ) {}

  /** Attaches or detaches it, by what is on now. */
  update(): void {
    const { trace } = this;
    const sched = ['sched_switch', 'sched_waking', 'sched_wakeup', 'sched_migrate_task'].some((name) =>
      trace.isEnabled('sched', name),
    );
    const births = ['sched_process_fork', 'sched_wakeup_new'].some((name) => trace.isEnabled('sched', name));
    const functions = trace.tracer !== 'nop';
    this.own = {
      ...(sched && {
        performing: (task: Task) => this.performing(task),
        operation: (task: Task) => this.performed(task),
        unblocked: (task: Task) => this.woken(task),
      }),
      ...(births && { spawned: (task: Task) => this.born(task) }),
      ...(functions && {
        entered: (task: Task, frame: Frame) => this.entered(task, frame),
        left: (task: Task, frame: Frame) => this.left(task, frame),
      }),
    };
    if (!functions) this.stacks.clear();
    if (!sched) this.last.length = 0;
    this.detach();
    if (sched || births || functions) this.attach();
  }

  private attach(): void {
    const { machine } = this;
    this.before = machine.observer;
    // Whoever was attached in between stays so: its calls go to what is on then.
    const proxy: Observer = {
      performing: (task, operation) => this.own.performing?.(task, operation),
      operation: (task, operation, result) => this.own.operation?.(task, operation, result),
      blocked: (task, operation) => this.own.blocked?.(task, operation),
      unblocked: (task, operation) => this.own.unblocked?.(task, operation),
      spawned: (task) => this.own.spawned?.(task),
      entered: (task, frame) => this.own.entered?.(task, frame),
      left: (task, frame, result) => this.own.left?.(task, frame, result),
    };
    this.installed = this.before === null ? proxy : together([this.before, proxy]);
    machine.observer = this.installed;
  }

  private detach(): void {
    if (this.installed === null) return;
    if (this.machine.observer === this.installed) this.machine.observer = this.before;
    else this.own = {};
    this.installed = null;
  }

  // --- sched events -------------------------------------------------------------------------------

  /** A task is about to perform an operation: if another one had the CPU before, there was a switch. */
  private performing(task: Task): void {
    const cpu = task.cpu % kernel().cpus;
    const last = this.last[cpu];
    const { now } = this.machine;
    const moved = this.lastCpu.get(task);
    this.lastCpu.set(task, cpu);
    const struct = task.context;
    if (!(struct instanceof TaskStruct)) return;
    const slept = last !== undefined && readyAt(task) > last.until;
    if (last?.task === task && !slept) return;
    let from: Side = SWAPPER(cpu);
    let state = 'R';
    let context = IDLE(cpu);
    const previous = last?.task.context;
    if (last !== undefined && previous instanceof TaskStruct) {
      // Who goes on himself after a sleep is enabled again by now.
      const waiting = last.task === task || !last.task.enabled || last.task.pending instanceof Delay;
      const idle = waiting && slept;
      context = { ...contextOf(last.task), cpu };
      from = side(previous);
      state = last.task.state !== 'ready' ? 'X' : waiting ? this.stateAsleep(last.task, previous) : 'R+';
      if (idle) {
        // The CPU had nothing to do for a while, which nobody saw at the time.
        this.switched(context, from, state, SWAPPER(cpu), last.until);
        [context, from, state] = [IDLE(cpu), SWAPPER(cpu), 'R'];
      }
    }
    if (task.pending instanceof Delay && task.pending.due > (last?.until ?? 0))
      this.wakeUp(struct, cpu, IDLE(cpu));
    if (moved !== undefined && moved !== cpu) this.migrated(struct, moved, cpu);
    this.switched(context, from, state, side(struct), now);
    this.last[cpu] = { task, until: now };
  }

  private performed(task: Task): void {
    const last = this.last[task.cpu % kernel().cpus];
    if (last?.task === task) last.until = this.machine.now;
  }

  /** How it sleeps can only be seen before it is woken. */
  private sleeping(task: Task): void {
    if (task.context instanceof TaskStruct) this.sleeps.set(task, stateOf(task.context)[0]);
  }

  private stateAsleep(task: Task, struct: TaskStruct): string {
    const [letter] = stateOf(struct);
    return letter === 'R' ? (this.sleeps.get(task) ?? 'S') : letter;
  }

  private woken(task: Task): void {
    const struct = task.context;
    if (struct instanceof TaskStruct) {
      this.wakeUp(struct, task.cpu % kernel().cpus, contextOf(runningTaskOrNull()));
    }
  }

  private wakeUp(struct: TaskStruct, cpu: number, context: Context): void {
    const { trace } = this;
    const text = `comm=${struct.comm} pid=${struct.pid} prio=${priorityOf(struct)} target_cpu=${padded(cpu)}`;
    trace.event('sched', 'sched_waking', text, context);
    trace.event('sched', 'sched_wakeup', text, context);
  }

  private migrated(struct: TaskStruct, from: number, to: number): void {
    const text = `comm=${struct.comm} pid=${struct.pid} prio=${priorityOf(struct)} orig_cpu=${from} dest_cpu=${to}`;
    this.trace.event('sched', 'sched_migrate_task', text, IDLE(to));
  }

  private switched(context: Context, prev: Side, state: string, next: Side, time: number): void {
    const from = `prev_comm=${prev.comm} prev_pid=${prev.pid} prev_prio=${prev.prio} prev_state=${state}`;
    const to = `next_comm=${next.comm} next_pid=${next.pid} next_prio=${next.prio}`;
    // A switch happens with interrupts off and preemption disabled.
    const flags = `d..2${context.flags[4] ?? '.'}`;
    this.trace.event('sched', 'sched_switch', `${from} ==> ${to}`, { ...context, flags }, time);
  }

  private born(task: Task): void {
    const child = task.context;
    const parent = runningTaskOrNull()?.context;
    if (!(child instanceof TaskStruct) || !(parent instanceof TaskStruct)) return;
    const { trace } = this;
    const text = `comm=${parent.comm} pid=${parent.pid} child_comm=${child.comm} child_pid=${child.pid}`;
    trace.record('sched', 'sched_process_fork', text);
    const where = padded(task.cpu % kernel().cpus);
    const fresh = `comm=${child.comm} pid=${child.pid} prio=${priorityOf(child)} target_cpu=${where}`;
    trace.record('sched', 'sched_wakeup_new', fresh);
  }

  // --- functions ----------------------------------------------------------------------------------

  private entered(task: Task, frame: Frame): void {
    const { trace } = this;
    const { symbol } = frame;
    if (symbol === null || !isTraceable(symbol) || !(task.context instanceof TaskStruct)) return;
    if (trace.pids.set_ftrace_pid !== null && !trace.pids.set_ftrace_pid.has(task.context.pid)) return;
    if (!trace.option('function-trace')) return;
    const { set_ftrace_filter, set_ftrace_notrace } = trace.filters;
    if (set_ftrace_filter !== null && !set_ftrace_filter.has(symbol.name)) return;
    if (set_ftrace_notrace?.has(symbol.name) === true) return;
    if (trace.tracer === 'function') this.called(task, symbol, frame);
    else this.opened(task, symbol, frame);
  }

  private called(task: Task, symbol: AnySymbol, frame: Frame): void {
    const { trace } = this;
    if (!trace.tracing_on) return;
    const context = contextOf(task);
    const time = machineInForce().now;
    const text = callerOf(frame);
    trace.push({ ...EMPTY, ...context, kind: 'function', time, name: symbol.name, text, size: 28 });
    if (trace.option('func_stack_trace')) trace.stack(context, time);
  }

  private opened(task: Task, symbol: AnySymbol, frame: Frame): void {
    const { trace } = this;
    let stack = this.stacks.get(task);
    if (stack === undefined) this.stacks.set(task, (stack = []));
    const { set_graph_function, set_graph_notrace } = trace.filters;
    const inside = stack.some(({ begins }) => begins);
    const begins = set_graph_function?.has(symbol.name) === true;
    if (set_graph_function !== null && !inside && !begins) return;
    if (set_graph_notrace?.has(symbol.name) === true) return;
    const depth = stack.length;
    const time = machineInForce().now;
    const shown = trace.tracing_on && (trace.max_graph_depth === 0 || depth < trace.max_graph_depth);
    stack.push({ frame, calltime: time, shown, begins });
    if (!shown) return;
    trace.push({
      ...EMPTY,
      ...contextOf(task),
      kind: 'graph_entry',
      time,
      name: symbol.name,
      depth,
      size: 24,
    });
  }

  private left(task: Task, frame: Frame): void {
    const stack = this.stacks.get(task);
    const at = stack?.findLastIndex((open) => open.frame === frame) ?? -1;
    if (stack === undefined || at < 0) return;
    const [open] = stack.splice(at);
    const { trace } = this;
    if (!open.shown || !trace.tracing_on) return;
    const { calltime } = open;
    const name = frame.symbol?.name ?? '';
    const time = machineInForce().now;
    trace.push({
      ...{ ...EMPTY, ...contextOf(task), kind: 'graph_return', time, name, depth: at, calltime, size: 44 },
    });
  }
}

/** When a task could go on: since it was woken, or since its time had come. */
function readyAt({ pending, readySince }: Task): number {
  return pending instanceof Delay ? Math.max(pending.due, readySince) : readySince;
}

interface Side {
  readonly comm: string;
  readonly pid: number;
  readonly prio: number;
}

const side = (task: TaskStruct): Side => ({ comm: task.comm, pid: task.pid, prio: priorityOf(task) });
const SWAPPER = (cpu: number): Side => ({ comm: `swapper/${cpu}`, pid: 0, prio: 120 });
const IDLE = (cpu: number): Context => ({ cpu, pid: 0, tgid: 0, comm: '<idle>', flags: 'd.h1.' });
const padded = (cpu: number): string => String(cpu).padStart(3, '0');

/** The function that called the one of a frame, inlined ones left aside. */
function callerOf(frame: Frame): string {
  for (let at = frame.caller; at !== null; at = at.caller) {
    if (at.symbol !== null && !isInlined(at.symbol)) return at.symbol.name;
  }
  return 'ret_from_fork';
}
