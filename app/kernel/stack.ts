import { hashText } from '../base/hash.ts';
import type { AnySymbol } from '../sim/call.ts';
import type { Task } from '../sim/task.ts';
import { isInlined } from './kfunc.ts';

/** One entry of a stack trace: `name+0x1a/0x2b0` in parts. */
export interface StackEntry {
  readonly symbol: string;
  readonly offset: number;
  readonly size: number;
}

/**
 * The functions on a task's stack, innermost first, without inlined ones. Offsets and sizes are made up but
 * stable: the size follows from the name, the offset from the name and the function that is called.
 */
export function stackOf(task: Task, innermost: readonly string[] = []): StackEntry[] {
  const trace: StackEntry[] = [];
  let callee = '';
  for (const name of innermost) {
    trace.push(entryFor(name, callee));
    callee = name;
  }
  for (let frame = task.top; frame !== null; frame = frame.caller) {
    if (frame.symbol === null || isInlined(frame.symbol)) continue;
    const { name } = frame.symbol;
    trace.push(entryFor(name, callee));
    callee = name;
  }
  return trace;
}

/** As stackOf(), down to where the stack begins: a kernel thread's first frames are the assembler's. */
export function stack_trace(task: Task, innermost: readonly string[] = []): StackEntry[] {
  const trace = stackOf(task, innermost);
  if (trace.at(-1)?.symbol === 'kthread') trace.push(entryFor('ret_from_fork', 'kthread'));
  if (trace.at(-1)?.symbol === 'ret_from_fork') trace.push(entryFor('ret_from_fork_asm', 'ret_from_fork'));
  return trace;
}

/** The function that runs: what `_THIS_IP_` points into. */
export function thisFunction(task: Task): StackEntry {
  return entryAt(task, 0);
}

/** The function that called the running one: what `_RET_IP_` points into. */
export function callingFunction(task: Task): StackEntry {
  return entryAt(task, 1);
}

export function formatEntry({ symbol, offset, size }: StackEntry): string {
  return `${symbol}+0x${offset.toString(16)}/0x${size.toString(16)}`;
}

/** A made-up but stable place inside a function. */
export function entryFor(symbol: string, callee: string): StackEntry {
  let byCallee = entries.get(symbol);
  if (byCallee === undefined) entries.set(symbol, (byCallee = new Map<string, StackEntry>()));
  let entry = byCallee.get(callee);
  if (entry === undefined) {
    const size = 0x40 + (hashText(symbol) % 0x80) * 0x10;
    const offset = 1 + (hashText(`${symbol}>${callee}`) % (size - 1));
    byCallee.set(callee, (entry = { symbol, offset, size }));
  }
  return entry;
}

/** Entries that were made, by function and callee: a search asks for the same ones again and again. */
const entries = new Map<string, Map<string, StackEntry>>();

function entryAt(task: Task, level: number): StackEntry {
  let skip = level;
  let callee = '';
  for (let frame = task.top; frame !== null; frame = frame.caller) {
    const symbol: AnySymbol | null = frame.symbol;
    if (symbol === null || isInlined(symbol)) continue;
    if (skip-- === 0) return entryFor(symbol.name, callee);
    callee = symbol.name;
  }
  return entryFor('ret_from_fork_asm', callee);
}
