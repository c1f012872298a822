import type { Cell } from '../../../sim/cell.ts';
import { SimObject } from '../../../sim/object.ts';
import { Memory } from '../../../sim/memory.ts';
import type { Frame } from '../../../sim/task.ts';
import { Atomic } from '../../include/atomic.ts';
import { dump_stack_print_info } from '../../lib/dump_stack.ts';
import { KERN } from '../../log.ts';
import { pr_err } from '../../printk.ts';
import { formatEntry, stack_trace, type StackEntry } from '../../stack.ts';
import { addressOf, Struct } from '../../struct.ts';
import { whoIs } from '../../tracking.ts';
import type { AccessRecord } from './shadow.ts';

const RULE = '='.repeat(66);

/** A race as it is reported: `watcher` would have stood at its access while `other` went through it. */
export interface Race {
  readonly cell: Cell<unknown>;
  readonly watcher: AccessRecord;
  readonly other: AccessRecord;
}

/** The stack of an access that may be over, innermost first. */
export function traceOf({ task, frame }: AccessRecord): StackEntry[] {
  const top: Frame | null = task.top;
  task.top = frame;
  const trace = stack_trace(task);
  task.top = top;
  return trace;
}

/**
 * Prints a race as kernel/kcsan/report.c does. Leaves out: held locks and interrupt traces (KCSAN_VERBOSE), what
 * reordered accesses and assertions would show.
 */
export function print_report({ cell, watcher, other }: Race): void {
  const mine = traceOf(watcher);
  const theirs = traceOf(other);
  // Functions in alphabetical order, so that the title does not depend on who was first.
  const swap = formatEntry(theirs[0]) < formatEntry(mine[0]);
  const [first, second] = swap ? [theirs[0], mine[0]] : [mine[0], theirs[0]];
  pr_err(RULE);
  pr_err(`BUG: KCSAN: data-race in ${first.symbol} / ${second.symbol}`);
  pr_err('');
  printAccess(cell, other, theirs);
  pr_err('');
  printAccess(cell, watcher, mine);
  printValues(cell, watcher.touch === 'read' || other.touch !== 'read' ? other : watcher);
  pr_err('');
  pr_err('Reported by Kernel Concurrency Sanitizer on:');
  dump_stack_print_info(KERN.WARNING, { cpu: watcher.cpu, ...whoIs(watcher.task) });
  pr_err(RULE);
}

function printAccess(cell: Cell<unknown>, access: AccessRecord, trace: readonly StackEntry[]): void {
  const what = `${NAMES[access.touch]}${access.marked ? ' (marked)' : ''}`;
  const who = access.inTask ? `task ${whoIs(access.task).pid}` : 'interrupt';
  pr_err(`${what} to 0x${addressOf(cell)} of ${sizeOf(cell)} bytes by ${who} on cpu ${access.cpu}:`);
  for (const entry of trace) pr_err(` ${formatEntry(entry)}`);
}

const NAMES = { read: 'read', write: 'write', change: 'read-write' } as const;

function printValues(cell: Cell<unknown>, { before, after }: AccessRecord): void {
  const size = sizeOf(cell);
  const [from, to] = [digits(before, size), digits(after, size)];
  if (from === null || to === null || from === to) return;
  pr_err('');
  pr_err(`value changed: 0x${from} -> 0x${to}`);
}

/** The size that the variable would have in C: truth values are chars, atomics are ints. */
function sizeOf(cell: Cell<unknown>): number {
  if (typeof cell.value === 'boolean') return 1;
  return cell instanceof Atomic ? 4 : 8;
}

/** Null where the model keeps in one variable what is several words in C. */
function digits(value: unknown, size: number): string | null {
  if (value === null) return '0'.repeat(2 * size);
  if (typeof value === 'boolean') return value ? '01' : '00';
  if (typeof value === 'number') {
    return BigInt.asUintN(8 * size, BigInt(Math.trunc(value)))
      .toString(16)
      .padStart(2 * size, '0');
  }
  if (value instanceof SimObject) return addressOf(value);
  if (value instanceof Struct) return addressOf(value.memory);
  const { memory } = value as { memory?: unknown };
  return memory instanceof Memory ? addressOf(memory) : null;
}
