import type { TaskStruct } from '../../include/sched.ts';
import { print_tainted } from '../../kernel/taint.ts';
import type { HeldLock } from '../../kernel/locking/lockdep.ts';
import { kernel } from '../../kernel.ts';
import { VERSION_WORD } from '../../lib/dump_stack.ts';
import { pr_warn } from '../../printk.ts';
import { formatEntry, type StackEntry } from '../../stack.ts';
import { addressOf } from '../../struct.ts';

/** `ff11000006c433f8 (&mm->mmap_lock){++++}-{3:3}, at: down_read+0x1/0x2` */
export function lockLine(held: HeldLock): string {
  return `${addressOf(held.map)}${held.lockClass.description}, at: ${formatEntry(held.ip)}`;
}

/** The block that lists what a task holds; only its head where the list is not to be relied on. */
export function print_held_locks(task: TaskStruct, listed: boolean): void {
  const depth = task.held_locks.length;
  if (depth === 0) pr_warn(`no locks held by ${task.comm}/${task.pid}.`);
  else pr_warn(`${depth} lock${depth === 1 ? '' : 's'} held by ${task.comm}/${task.pid}:`);
  if (!listed) return;
  task.held_locks.forEach((held, i) => pr_warn(` #${i}: ${lockLine(held)}`));
}

/** `6.12.117 #1 Not tainted` */
export function print_kernel_ident(): void {
  pr_warn(`${kernel().tree.release} ${VERSION_WORD} ${print_tainted()}`);
}

/** The head of a report: an empty line, a title between rules of its length, and which kernel it is. */
export function print_header(title: string, rule = title.length): void {
  pr_warn('');
  pr_warn('='.repeat(rule));
  pr_warn(title);
  print_kernel_ident();
  pr_warn('-'.repeat(rule));
}

/** A stack that was kept, indented. */
export function print_lock_trace(trace: readonly StackEntry[] | undefined, spaces: number): void {
  for (const entry of trace ?? []) pr_warn(`${' '.repeat(spaces + 1)}${formatEntry(entry)}`);
}
