import { runningTask } from '../../../sim/machine-in-force.ts';
import type { Task } from '../../../sim/task.ts';
import { formatAddress } from '../../addresses.ts';
import { current } from '../../include/sched.ts';
import { config } from '../../kernel.ts';
import type { HeldLock, LockdepMap } from '../../kernel/locking/lockdep.ts';
import { print_irqtrace_events } from '../../kernel/panic.ts';
import { debug_locks_off } from '../../lib/debug_locks.ts';
import { dump_stack } from '../../lib/dump_stack.ts';
import { pr_warn } from '../../printk.ts';
import { callingFunction, formatEntry, stack_trace, type StackEntry } from '../../stack.ts';
import { USAGE_NAMES } from './classes.ts';
import type { Step } from './graph.ts';
import { lockLine, print_header, print_held_locks, print_lock_trace } from './print.ts';

const DEADLOCK = '\n *** DEADLOCK ***\n';

/** The lockdep functions between the one that prints and the annotation, innermost first. */
export function lockdepFrames(next: HeldLock, ...printers: readonly string[]): string[] {
  return [...printers, '__lock_acquire', next.sync ? 'lock_sync' : 'lock_acquire'];
}

export function who(): string {
  const me = current();
  return `${me.comm}/${me.pid}`;
}

/** The end of most reports. */
export function print_backtrace(frames: readonly string[]): void {
  pr_warn('\nstack backtrace:');
  dump_stack(frames);
}

/** print_deadlock_bug() - a lock of a class that the task has already. */
export function reportDeadlock(prev: HeldLock, next: HeldLock): void {
  debug_locks_off();
  print_header('WARNING: possible recursive locking detected');
  pr_warn(`${who()} is trying to acquire lock:`);
  pr_warn(lockLine(next));
  pr_warn('\nbut task is already holding lock:');
  pr_warn(lockLine(prev));
  pr_warn('\nother info that might help us debug this:');
  pr_warn(' Possible unsafe locking scenario:\n');
  pr_warn('       CPU0');
  pr_warn('       ----');
  pr_warn(`  lock(${prev.lockClass.name});`);
  pr_warn(`  lock(${next.lockClass.name});`);
  pr_warn(DEADLOCK);
  pr_warn(' May be due to missing lock nesting notation\n');
  print_held_locks(current(), true);
  print_backtrace(lockdepFrames(next, 'print_deadlock_bug'));
}

/** print_circular_bug() - `circle` leads from the new lock to one that is held. */
export function reportCircular(circle: Step, prev: HeldLock, next: HeldLock): void {
  debug_locks_off();
  print_header('WARNING: possible circular locking dependency detected');
  pr_warn(`${who()} is trying to acquire lock:`);
  pr_warn(lockLine(next));
  pr_warn('\nbut task is already holding lock:');
  pr_warn(lockLine(prev));
  pr_warn('\nwhich lock already depends on the new lock.\n');
  pr_warn('\nthe existing dependency chain (in reverse order) is:');
  const here = stack_trace(runningTask(), lockdepFrames(next, 'check_prev_add'));
  for (let step: Step | null = circle; step !== null; step = step.parent) {
    const trace: readonly StackEntry[] = step.via?.trace ?? here;
    pr_warn(`\n-> #${step.depth}${step.lockClass.description}:`);
    print_lock_trace(trace, 6);
  }
  pr_warn('\nother info that might help us debug this:\n');
  print_circular_scenario(circle, prev, next);
  print_held_locks(current(), true);
  print_backtrace(lockdepFrames(next, 'print_circular_bug', 'check_noncircular', 'check_prev_add'));
}

function print_circular_scenario(circle: Step, prev: HeldLock, next: HeldLock): void {
  const source = next.lockClass;
  const target = prev.lockClass;
  const parent = circle.parent?.lockClass ?? source;
  if (parent !== source) {
    pr_warn(`Chain exists of:\n  ${source.name} --> ${parent.name} --> ${target.name}\n`);
  }
  const other = ' '.repeat(31);
  const take = next.read !== 0 ? 'rlock' : next.sync ? 'sync' : 'lock';
  pr_warn(' Possible unsafe locking scenario:\n');
  pr_warn('       CPU0                    CPU1');
  pr_warn('       ----                    ----');
  pr_warn(`  ${prev.read !== 0 ? 'rlock' : 'lock'}(${target.name});`);
  pr_warn(`${other}lock(${parent.name});`);
  pr_warn(`${other}lock(${target.name});`);
  pr_warn(`  ${take}(${source.name});`);
  pr_warn(DEADLOCK);
}

/** print_lock_invalid_wait_context() - a lock that may wait longer than its place allows. */
export function reportWaitContext(next: HeldLock, context: number): void {
  debug_locks_off();
  print_header('[ BUG: Invalid wait context ]');
  pr_warn(`${who()} is trying to lock:`);
  pr_warn(lockLine(next));
  pr_warn('other info that might help us debug this:');
  pr_warn(`context-{${context}:${context}}`);
  print_held_locks(current(), true);
  pr_warn('stack backtrace:');
  dump_stack(lockdepFrames(next));
}

/** print_usage_bug() - a lock is used in and outside of interrupts in a way that does not go together. */
export function reportUsage(held: HeldLock, was: number, becomes: number): void {
  const { lockClass } = held;
  debug_locks_off();
  print_header('WARNING: inconsistent lock state');
  pr_warn(`inconsistent {${USAGE_NAMES[was]}} -> {${USAGE_NAMES[becomes]}} usage.`);
  pr_warn(`${whoInContext()} takes:`);
  pr_warn(lockLine(held));
  pr_warn(`{${USAGE_NAMES[was]}} state was registered at:`);
  print_lock_trace(lockClass.usageTraces[was], 1);
  print_irqtrace_events();
  pr_warn('\nother info that might help us debug this:');
  pr_warn(' Possible unsafe locking scenario:\n');
  pr_warn('       CPU0');
  pr_warn('       ----');
  pr_warn(`  lock(${lockClass.name});`);
  pr_warn('  <Interrupt>');
  pr_warn(`    lock(${lockClass.name});`);
  pr_warn(DEADLOCK);
  print_held_locks(current(), true);
  print_backtrace(lockdepFrames(held, 'print_usage_bug', 'mark_lock'));
}

/** `ksoftirqd/0/15 [HC0[0]:SC1[1]:HE1:SE0]`: in which interrupts, and which are enabled. */
export function whoInContext(): string {
  const me = current();
  const hard = me.hardirq_context > 0 ? 1 : 0;
  const soft = !config().PREEMPT_RT && me.softirq_context > 0 ? 1 : 0;
  const hardCount = (me.preempt_count >> 16) & 0xf;
  const softCount = me.softirq_disable_cnt > 0 ? me.softirq_disable_cnt : (me.preempt_count >> 8) & 0xff;
  const hardOn = me.irqs_disabled === 0 ? 1 : 0;
  const softOn = softCount === 0 ? 1 : 0;
  return `${who()} [HC${hard}[${hardCount}]:SC${soft}[${softCount}]:HE${hardOn}:SE${softOn}]`;
}

/** print_unlock_imbalance_bug() - a task lets go of what it does not have. */
export function reportUnlockImbalance(map: LockdepMap, task: Task): void {
  const ip = callingFunction(task);
  debug_locks_off();
  print_header('WARNING: bad unlock balance detected!');
  pr_warn(`${who()} is trying to release lock (${map.name}) at:`);
  pr_warn(`[<${formatAddress('global', 0x1000000 + ip.size * 0x100 + ip.offset)}>] ${formatEntry(ip)}`);
  pr_warn('but there are no more locks to release!');
  pr_warn('\nother info that might help us debug this:');
  print_held_locks(current(), true);
  print_backtrace(['print_unlock_imbalance_bug', 'lock_release']);
}
