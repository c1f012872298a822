import { runningTaskOrNull } from '../../sim/machine-in-force.ts';
import type { Task } from '../../sim/task.ts';
import { show_user_regs } from '../arch/x86/kernel/regs.ts';
import { currentOrNull, type TaskStruct } from '../include/sched.ts';
import { config, kernel } from '../kernel.ts';
import { print_tainted, print_tainted_verbose } from '../kernel/taint.ts';
import { KERN } from '../log.ts';
import { printsNew } from '../report/wording.ts';
import { printk } from '../printk.ts';
import { entryFor, formatEntry, stack_trace, type StackEntry } from '../stack.ts';

/** What the kernel's version starts with: `uname -v` up to the first blank. */
export const VERSION_WORD = '#1';

const HARDWARE = 'QEMU Standard PC (Q35 + ICH9, 2009), BIOS 1.16.2-debian-1.16.2-1 04/01/2014';

/**
 * dump_stack() - prints who runs, on what, and how it came here.
 *
 * `innermost` names the functions between the model's innermost frame and the one that prints, innermost
 * first; dump_stack_lvl() comes before them by itself.
 */
export function dump_stack(innermost: readonly string[] = []): void {
  dump_stack_print_info();
  const task = runningTaskOrNull();
  const inner = innermost[0] === 'dump_stack_lvl' ? innermost : ['dump_stack_lvl', ...innermost];
  const trace = task === null ? inner.map((name) => entryFor(name, '')) : stack_trace(task, inner);
  show_trace(task, trace, true);
}

/** The task that the lines before a stack are about. */
export interface WhoAndWhere {
  readonly cpu: number;
  readonly pid: number;
  readonly comm: string;
}

/** The lines before a stack: CPU and task (the running one, if no other is given), taint, hardware. */
export function dump_stack_print_info(level: number = KERN.WARNING, about: WhoAndWhere = here()): void {
  const { cpu, pid, comm } = about;
  const who = `${printsNew('uidInDumps') ? 'UID: 0 ' : ''}PID: ${pid} Comm: ${comm}`;
  printk(level, `CPU: ${cpu} ${who} ${print_tainted()} ${kernelVersion()} `);
  const taint = printsNew('verboseTaint') ? print_tainted_verbose() : null;
  if (taint !== null) printk(level, taint);
  printk(level, `Hardware name: ${HARDWARE}`);
}

function here(): WhoAndWhere {
  const me = currentOrNull();
  return { cpu: smp_processor_id(), pid: me?.pid ?? 0, comm: me?.comm ?? 'swapper/0' };
}

/** Release and version as dumps have them: `6.12.117 #1`, in later trees with the preemption model. */
export function kernelVersion(): string {
  const { tree } = kernel();
  const version = `${tree.release} ${VERSION_WORD}`;
  return tree.traits.preemptionModelInDumps ? `${version} ${preempt_model_str()}` : version;
}

export function preempt_model_str(): string {
  if (config().PREEMPT_RT) return 'PREEMPT_RT';
  return config().PREEMPT_RCU ? 'PREEMPT(full)' : 'PREEMPT(voluntary)';
}

/** show_stack() - the stack of another task, as the hung-task detector and sysrq-t show it. */
export function show_stack(tsk: TaskStruct, innermost: readonly string[] = []): void {
  show_trace(tsk.thread, stack_trace(tsk.thread, innermost), false);
}

/** Prints a trace, and the user's registers where the task has any. */
export function show_trace(task: Task | null, trace: readonly StackEntry[], running: boolean): void {
  const section = task !== null && task.standing.level > 0 ? 'IRQ' : 'TASK';
  printk(KERN.WARNING, 'Call Trace:');
  printk(KERN.WARNING, ` <${section}>`);
  for (const entry of trace) printk(KERN.WARNING, ` ${formatEntry(entry)}`);
  const tsk = (task?.context ?? null) as TaskStruct | null;
  if (tsk?.user === true && section === 'TASK') show_user_regs(tsk, trace, running);
  printk(KERN.WARNING, ` </${section}>`);
}

/** The CPU that runs; 0 during boot. */
export function smp_processor_id(): number {
  return (runningTaskOrNull()?.cpu ?? 0) % kernel().cpus;
}
