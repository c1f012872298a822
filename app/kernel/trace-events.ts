import type { Ns } from '../base/brand.ts';
import { machineInForce, runningTaskOrNull } from '../sim/machine-in-force.ts';
import type { TaskStruct } from './include/sched.ts';
import { kernel } from './kernel.ts';

/** One event of the kernel's tracing, as a line of `trace` shows it. */
export interface TraceEvent {
  readonly time: Ns;
  readonly cpu: number;
  readonly comm: string;
  readonly pid: number;
  /** The five columns of context: irqs-off, need-resched, hardirq/softirq, preempt-depth, migrate-disable. */
  readonly flags: string;
  /** `oom`, `kvm`, `mmap`, `sched`, `workqueue`, … */
  readonly system: string;
  /** `mark_victim` */
  readonly name: string;
  readonly text: string;
  /** Operations performed before it. */
  readonly step: number;
  /** Index of the task, -1 during boot. */
  readonly task: number;
}

/** Where the guest's own tracing puts events: tracefs (kernel/trace/). */
export interface EventBuffer {
  /** Is the event enabled there? */
  wants(system: string, name: string): boolean;
  record(system: string, name: string, text: string): void;
}

/** The ring buffer of a kernel and which events go into it. No modelled code reads it. */
export class Tracing {
  readonly events: TraceEvent[] = [];
  /** The guest's own tracing; null until somebody has looked into tracefs. */
  buffer: EventBuffer | null = null;
  /** `oom:mark_victim`, `oom:*` or `*:*`. */
  private readonly selected = new Set<string>();

  enable(event: string): void {
    this.selected.add(event);
  }

  disable(event: string): void {
    this.selected.delete(event);
  }

  enabled(system: string, name: string): boolean {
    const { selected } = this;
    if (selected.size === 0) return false;
    return selected.has('*:*') || selected.has(`${system}:*`) || selected.has(`${system}:${name}`);
  }
}

/** Records an event if it is enabled. `text` may be handed in as a function, which is called only then. */
export function trace_event(system: string, name: string, text: string | (() => string)): void {
  const { tracing } = kernel();
  const { buffer } = tracing;
  if (buffer?.wants(system, name) === true) buffer.record(system, name, textOf(text));
  if (!tracing.enabled(system, name)) return;
  const machine = machineInForce();
  const task = runningTaskOrNull();
  const struct = (task?.context ?? null) as TaskStruct | null;
  const line = textOf(text);
  tracing.events.push({
    time: machine.now,
    cpu: task === null ? 0 : task.cpu % kernel().cpus,
    comm: struct?.comm ?? '<idle>',
    pid: struct?.pid ?? 0,
    flags: struct === null ? '.....' : contextFlags(struct),
    system,
    name,
    text: line,
    step: machine.steps,
    task: task?.index ?? -1,
  });
  machine.observer?.said?.(task, `${system}:${name}`, line);
}

const textOf = (text: string | (() => string)): string => (typeof text === 'string' ? text : text());

/** `b...2`: bottom halves off, migration disabled twice (kernel/trace/trace_output.c). */
export function contextFlags(task: TaskStruct): string {
  // In preempt_count a disabled bottom half counts 2 from bit 8 on, a soft interrupt that is served 1.
  // With PREEMPT_RT whoever serves soft interrupts has bottom halves off once for that.
  const bh = task.softirq_disable_cnt > task.softirq_context || ((task.preempt_count >> 9) & 0x7f) > 0;
  const irqs = task.irqs_disabled > 0 ? (bh ? 'D' : 'd') : bh ? 'b' : '.';
  const hardirq = ((task.preempt_count >> 16) & 0xf) > 0;
  const softirq = task.softirq_context > 0 || ((task.preempt_count >> 8) & 1) > 0;
  const context = hardirq ? (softirq ? 'H' : 'h') : softirq ? 's' : '.';
  return `${irqs}.${context}${depth(task.preempt_count & 0xff)}${depth(task.migration_disabled)}`;
}

function depth(count: number): string {
  return count === 0 ? '.' : Math.min(count, 15).toString(16);
}

/** The columns of `trace` for one event: `  kworker/0:0-9       [000] b...2    23.755086: mark_victim: pid=69`. */
export function formatTraceEvent(event: TraceEvent): string {
  const task = `${event.comm}-${event.pid}`;
  const who = `${event.comm.padStart(16)}-${String(event.pid).padEnd(7)}`;
  const microseconds = Math.floor(event.time / 1000);
  const seconds = String(Math.floor(microseconds / 1_000_000)).padStart(5);
  const fraction = String(microseconds % 1_000_000).padStart(6, '0');
  const cpu = String(event.cpu).padStart(3, '0');
  return `${task.length > 24 ? task : who} [${cpu}] ${event.flags} ${seconds}.${fraction}: ${event.name}: ${event.text}`;
}
