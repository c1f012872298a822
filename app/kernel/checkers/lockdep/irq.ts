import { runningTask } from '../../../sim/machine-in-force.ts';
import { current } from '../../include/sched.ts';
import type { HeldLock } from '../../kernel/locking/lockdep.ts';
import { debug_locks_off } from '../../lib/debug_locks.ts';
import { pr_warn } from '../../printk.ts';
import { stack_trace, type StackEntry } from '../../stack.ts';
import { formatAddress } from '../../addresses.ts';
import {
  ENABLED_BIT,
  ENABLED_IRQ_ALL,
  READ_BIT,
  stateName,
  USAGE_NAMES,
  USED,
  USED_IN_IRQ_ALL,
  type LockClass,
} from './classes.ts';
import { findBackwards, findForwards, type Step } from './graph.ts';
import { lockLine, print_header, print_held_locks, print_lock_trace } from './print.ts';
import { lockdepFrames, print_backtrace, reportUsage, who, whoInContext } from './reports.ts';

// A lock that is taken inside an interrupt must not wait, by any chain, for one that is held with that
// interrupt enabled: the interrupt could come on top of the holder.

const uses = (lockClass: LockClass, mask: number): boolean => (lockClass.usage & mask) !== 0;

/** Usage that does not go with `bit`, in the same kind of interrupt: the other side of enabled or inside. */
const opposite = (bit: number): number => (bit ^ ENABLED_BIT) & ~READ_BIT;

/**
 * mark_lock_irq() - a lock has just been seen in a new context. True if that was reported: by itself, or with a
 * lock that it leads to.
 */
export function changesIrqState(held: HeldLock, bit: number): boolean {
  if (bit >= USED) return false;
  const { lockClass } = held;
  const bad = opposite(bit);
  const badRead = bad | READ_BIT;
  if (uses(lockClass, 1 << bad)) {
    reportUsage(held, bad, bit);
    return true;
  }
  if ((bit & READ_BIT) === 0 && uses(lockClass, 1 << badRead)) {
    reportUsage(held, badRead, bit);
    return true;
  }
  const enabled = (bit & ENABLED_BIT) !== 0;
  const find = enabled ? findBackwards : findForwards;
  const other = find(held, (step) => irqLock(step) && uses(step.lockClass, (1 << bad) | (1 << badRead)));
  if (other === null) return false;
  const state = stateName(uses(other.lockClass, 1 << bad) ? bad : badRead);
  reportInversion(held, other, enabled, state);
  return true;
}

/** check_irq_usage() - would taking `next` inside of `prev` lead from inside an interrupt to one enabled? */
export function connectsIrqStates(prev: HeldLock, next: HeldLock): boolean {
  let inside = 0;
  findBackwards(prev, (step) => {
    if (irqLock(step)) inside |= step.lockClass.usage & USED_IN_IRQ_ALL;
    return false;
  });
  if (inside === 0) return false;
  const unsafe = findForwards(next, (step) => irqLock(step) && uses(step.lockClass, counterparts(inside)));
  if (unsafe === null) return false;
  const outside = unsafe.lockClass.usage & ENABLED_IRQ_ALL;
  const safe = findBackwards(prev, (step) => irqLock(step) && uses(step.lockClass, counterparts(outside)));
  if (safe === null) return false;
  reportBadDependency(prev, next, safe, unsafe);
  return true;
}

/** Local locks are per CPU: an interrupt never waits for the one that it came on top of. */
const irqLock = (step: Step): boolean => step.lockClass.kind === 'normal';

/** The usage bits that one of `mask` does not go with, for reading or not. */
function counterparts(mask: number): number {
  let result = 0;
  for (let bit = 0; bit < USED; bit++) {
    if ((mask & (1 << bit)) !== 0) result |= (1 << opposite(bit)) | (1 << (opposite(bit) | READ_BIT));
  }
  return result;
}

function reportBadDependency(prev: HeldLock, next: HeldLock, safe: Step, unsafe: Step): void {
  const [safeBit, unsafeBit] = firstMatch(safe.lockClass, unsafe.lockClass);
  const irq = stateName(safeBit);
  debug_locks_off();
  // The rule of this report is as long as the longer of its titles.
  print_header(`WARNING: ${irq}-safe -> ${irq}-unsafe lock order detected`, 53);
  pr_warn(`${whoInContext()} is trying to acquire:`);
  pr_warn(lockLine(next));
  pr_warn('\nand this task is already holding:');
  pr_warn(lockLine(prev));
  pr_warn('which would create a new lock dependency:');
  pr_warn(`${prev.lockClass.description} ->${next.lockClass.description}`);
  pr_warn(`\nbut this new dependency connects a ${irq}-irq-safe lock:`);
  pr_warn(safe.lockClass.description);
  pr_warn(`\n... which became ${irq}-irq-safe at:`);
  print_lock_trace(safe.lockClass.usageTraces[safeBit], 1);
  pr_warn(`\nto a ${irq}-irq-unsafe lock:`);
  pr_warn(unsafe.lockClass.description);
  pr_warn(`\n... which became ${irq}-irq-unsafe at:`);
  pr_warn('...');
  print_lock_trace(unsafe.lockClass.usageTraces[unsafeBit], 1);
  pr_warn('\nother info that might help us debug this:\n');
  print_irq_scenario(safe.lockClass, unsafe.lockClass, prev.lockClass, next.lockClass);
  print_held_locks(current(), true);
  pr_warn(`\nthe dependencies between ${irq}-irq-safe lock and the holding lock:`);
  print_path_backwards(safe);
  pr_warn(`\nthe dependencies between the lock to be acquired and ${irq}-irq-unsafe lock:`);
  print_path(unsafe, stack_trace(runningTask(), lockdepFrames(next, 'check_prev_add')));
  print_backtrace(lockdepFrames(next, 'print_bad_irq_dependency', 'check_irq_usage', 'check_prev_add'));
}

/** find_exclusive_match() - the first pair of usages of two classes that do not go together. */
function firstMatch(safe: LockClass, unsafe: LockClass): readonly [number, number] {
  for (let bit = 0; bit < USED; bit++) {
    if (!uses(safe, 1 << bit) || (bit & ENABLED_BIT) !== 0) continue;
    const bad = opposite(bit);
    if (uses(unsafe, 1 << bad)) return [bit, bad];
    if (uses(unsafe, 1 << (bad | READ_BIT))) return [bit, bad | READ_BIT];
  }
  return [0, ENABLED_BIT];
}

/** print_irq_inversion_bug() - `held` was seen in a new context, which does not go with that of `other`. */
function reportInversion(held: HeldLock, other: Step, backwards: boolean, irq: string): void {
  debug_locks_off();
  print_header('WARNING: possible irq lock inversion dependency detected');
  pr_warn(`${who()} just changed the state of lock:`);
  pr_warn(lockLine(held));
  if (backwards) pr_warn(`but this lock was taken by another, ${irq}-safe lock in the past:`);
  else pr_warn(`but this lock took another, ${irq}-unsafe lock in the past:`);
  pr_warn(
    `${other.lockClass.description}\n\n\nand interrupts could create inverse lock ordering between them.\n`,
  );
  pr_warn('\nother info that might help us debug this:');
  const root = held.lockClass;
  const middle = nextToRoot(other);
  if (backwards) print_irq_scenario(other.lockClass, root, middle, root);
  else print_irq_scenario(root, other.lockClass, middle, other.lockClass);
  print_held_locks(current(), true);
  pr_warn('\nthe shortest dependencies between 2nd lock and 1st lock:');
  print_path(other, stack_trace(runningTask(), lockdepFrames(held, 'mark_lock')));
  const check = backwards ? 'check_usage_backwards' : 'check_usage_forwards';
  print_backtrace(lockdepFrames(held, 'print_irq_inversion_bug', check, 'mark_lock_irq', 'mark_lock'));
}

/** The class on the path that is next to where the search began. */
function nextToRoot(step: Step): LockClass {
  let at = step;
  while (at.parent !== null && at.parent.parent !== null) at = at.parent;
  return at.lockClass;
}

function print_irq_scenario(safe: LockClass, unsafe: LockClass, prev: LockClass, next: LockClass): void {
  const middle = prev === safe ? next : prev;
  const other = ' '.repeat(31);
  if (middle !== unsafe) {
    pr_warn(`Chain exists of:\n  ${safe.name} --> ${middle.name} --> ${unsafe.name}\n`);
  }
  pr_warn(' Possible interrupt unsafe locking scenario:\n');
  pr_warn('       CPU0                    CPU1');
  pr_warn('       ----                    ----');
  pr_warn(`  lock(${unsafe.name});`);
  pr_warn(`${other}local_irq_disable();`);
  pr_warn(`${other}lock(${safe.name});`);
  pr_warn(`${other}lock(${middle.name});`);
  pr_warn('  <Interrupt>');
  pr_warn(`    lock(${safe.name});`);
  pr_warn('\n *** DEADLOCK ***\n');
}

/** print_shortest_lock_dependencies() - from the end of a path to its root, whose stack is `rootTrace`. */
function print_path(leaf: Step, rootTrace: readonly StackEntry[]): void {
  for (let step: Step | null = leaf; step !== null; step = step.parent) {
    print_class(step.lockClass, step.depth);
    pr_warn(`${' '.repeat(step.depth)} ... acquired at:`);
    print_lock_trace(step.via?.trace ?? rootTrace, 2);
    pr_warn('');
  }
}

/** The same for a path against the direction of dependencies: each stack belongs to the class after it. */
function print_path_backwards(leaf: Step): void {
  let trace: readonly StackEntry[] | null = null;
  for (let step: Step | null = leaf; step !== null; step = step.parent) {
    print_class(step.lockClass, step.depth);
    if (trace !== null) {
      pr_warn(`${' '.repeat(step.depth)} ... acquired at:`);
      print_lock_trace(trace, 2);
      pr_warn('');
    }
    trace = step.via?.trace ?? null;
  }
}

/** print_lock_class_header() - all that is known of how a class is used. */
function print_class(lockClass: LockClass, depth: number): void {
  const indent = ' '.repeat(depth);
  pr_warn(`${indent}->${lockClass.description} {`);
  for (let bit = 0; bit < USAGE_NAMES.length; bit++) {
    if (!uses(lockClass, 1 << bit)) continue;
    const line = `${indent}   ${USAGE_NAMES[bit]}`;
    pr_warn(`${line} at:`);
    print_lock_trace(lockClass.usageTraces[bit], depth + line.length + ' at:'.length + 1);
  }
  pr_warn(`${indent} }`);
  const key = `__key.${lockClass.index}+0x0/0x40`;
  pr_warn(
    `${indent} ... key      at: [<${formatAddress('global', 0x2700000 + lockClass.index * 0x40)}>] ${key}`,
  );
}
