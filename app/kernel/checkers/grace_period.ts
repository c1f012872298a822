import type { Checker } from '../checker.ts';
import { TaskStruct } from '../include/sched.ts';
import type { Machine } from '../../sim/machine.ts';
import type { Task } from '../../sim/task.ts';
import { LoneSection, RcuReaders } from '../kernel/rcu/rcu_readers.ts';
import { SrcuReaders } from '../kernel/rcu/srcu_readers.ts';
import { pr_err } from '../printk.ts';
import { formatEntry, type StackEntry } from '../stack.ts';

interface Section {
  readonly task: Task;
  readonly entered: StackEntry;
}

/**
 * A grace period that can never end: at the end of the run somebody waits for a reader that will never leave,
 * because it is gone, because it waits for itself by way of others, or because nobody is left who could run.
 * Verifies RCU and every srcu_struct; says who reads and where it went in.
 */
export const grace_period: Checker = {
  name: 'grace period that never ends',
  enabled: (config) => config.SCYTHE_INVARIANTS,
  attach(kernel) {
    kernel.hooks.on('endOfRun', () => kernel.machine.inside(() => check(kernel.machine)));
  },
};

function check(machine: Machine): void {
  const over = machine.enabled.length === 0;
  for (const { state, enabled, pending } of machine.tasks) {
    if (state !== 'ready' || enabled || pending === null) continue;
    const { object } = pending;
    if (object instanceof SrcuReaders) report(`srcu ${object.label}`, object.sections, over);
    else if (object instanceof LoneSection) report('RCU', [object], over);
    else if (object instanceof RcuReaders) report('RCU', object.sections(), over);
  }
}

/** Will the task never take another step? `over`: nobody can. */
function stuck(task: Task, over: boolean, seen: readonly Task[] = []): boolean {
  if (task.state !== 'ready') return true;
  if (task.enabled) return false;
  if (over || seen.includes(task)) return true;
  const holders = task.pending?.object.holders() ?? [];
  return holders.some((holder) => stuck(holder, over, [...seen, task]));
}

function report(what: string, sections: readonly Section[], over: boolean): void {
  const stay = sections.filter(({ task }) => stuck(task, over)).sort((a, b) => a.task.index - b.task.index);
  if (stay.length === 0) return;
  pr_err(`SCYTHE: grace period that never ends: ${what}`);
  for (const { task, entered } of stay) {
    pr_err(`reader ${nameOf(task)} has been inside since ${formatEntry(entered)}${fateOf(task)}`);
  }
}

function nameOf(task: Task): string {
  return task.context instanceof TaskStruct ? `${task.context.comm}/${task.context.pid}` : task.name;
}

function fateOf(task: Task): string {
  if (task.state !== 'ready') return ', and is gone';
  return task.pending === null ? '' : `, and waits for ${task.pending.object.name}`;
}
