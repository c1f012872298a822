import type { Task } from '../../sim/task.ts';
import type { Checker } from '../checker.ts';
import { kernelGlobal } from '../globals.ts';
import { kernel } from '../kernel.ts';
import { dump_stack } from '../lib/dump_stack.ts';
import { addressPlus, type BadAccess } from '../mm/kasan/access.ts';
import { pr_err } from '../printk.ts';
import { firstTelling } from '../report/frames.ts';
import { formatEntry, stack_trace } from '../stack.ts';
import { addressOf } from '../struct.ts';
import { whoIs, type Track } from '../tracking.ts';

const RULE = '='.repeat(66);

const told = kernelGlobal('scythe_dead_frames', () => new Set<string>());

/**
 * Reports each use of a local variable whose function has returned: no sanitizer of the kernel does, as long
 * as the stack is mapped. Says so once for each pair of frame and user.
 *
 * Not verified: variables of frames that an oops has thrown away.
 */
export const deadStackFrame: Checker = {
  name: 'dead-stack-frame',
  enabled: (config) => config.SCYTHE_INVARIANTS,
  attach: ({ hooks }) => hooks.on('deadFrame', report),
};

function report(task: Task, { memory, address, offset, size, write, innermost }: BadAccess): void {
  const trace = stack_trace(task);
  const blamed = firstTelling(trace.map((entry) => entry.symbol));
  const user = trace.find((entry) => entry.symbol === blamed) ?? trace[0];
  const pair = `${memory.frame} ${memory.label} ${user.symbol}`;
  if (told().has(pair)) return;
  told().add(pair);
  const { comm, pid } = whoIs(task);
  const start = addressOf(memory);
  pr_err(RULE);
  pr_err(`SCYTHE: use of a dead stack frame in ${formatEntry(user)}`);
  pr_err(`${write ? 'Write' : 'Read'} of size ${size} at addr ${address} by task ${comm}/${pid}`);
  pr_err('');
  dump_stack(innermost);
  pr_err('');
  printTrack('Put on the stack', memory.origin);
  printTrack('Left', memory.end);
  pr_err(`The address is located ${offset} bytes inside of`);
  pr_err(` '${memory.label}', ${memory.size} bytes [${start}, ${addressPlus(start, memory.size)})`);
  pr_err(` in a frame of ${memory.frame}() that has returned`);
  pr_err('The stack is mapped, so that the access goes through: it hits whatever stands there now.');
  if (kernel().config.KASAN) pr_err('Generic KASAN does not see it: it does not look for use after return.');
  pr_err(RULE);
}

function printTrack(what: string, track: Track | null): void {
  if (track === null) return;
  pr_err(`${what} by task ${track.comm}/${track.pid}:`);
  for (const entry of track.trace) pr_err(` ${formatEntry(entry)}`);
  pr_err('');
}
