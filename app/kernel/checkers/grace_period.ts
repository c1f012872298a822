import type { Checker } from '../checker.ts';
import { currentOrNull, TaskStruct } from '../include/sched.ts';
import type { Kernel } from '../kernel.ts';
import type { Task } from '../../sim/task.ts';
import { RcuReaders } from '../kernel/rcu/tree.ts';
import { SrcuReaders } from '../kernel/rcu/srcu_readers.ts';
import { pr_err } from '../printk.ts';
import { formatEntry, type StackEntry } from '../stack.ts';

interface Section {
  readonly task: Task;
  readonly entered: StackEntry;
}

/**
 * A grace period that can never end: at the end of the run somebody waits for readers that will never leave.
 * Verifies RCU and every srcu_struct; says who reads and where it went in. Nothing is reported while a reader can
 * still run.
 */
export const grace_period: Checker = {
  name: 'grace period that never ends',
  enabled: (config) => config.SCYTHE_INVARIANTS,
  attach(kernel) {
    kernel.hooks.on('endOfRun', () => check(kernel));
  },
};

function check(kernel: Kernel): void {
  const { machine } = kernel;
  if (currentOrNull() !== null || machine.enabled.length > 0) return;
  for (const task of machine.tasks) {
    const waitsFor = task.pending?.object;
    if (task.state !== 'ready' || task.enabled) continue;
    if (waitsFor instanceof SrcuReaders) report(`srcu ${waitsFor.label}`, waitsFor.sections);
    else if (waitsFor instanceof RcuReaders) report('RCU', waitsFor.sections());
  }
}

function report(what: string, sections: readonly Section[]): void {
  if (sections.length === 0) return;
  pr_err(`SCYTHE: grace period that never ends: ${what}`);
  for (const { task, entered } of [...sections].sort((a, b) => a.task.index - b.task.index)) {
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
