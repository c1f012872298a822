import { Cell } from '../../sim/cell.ts';
import type { Body } from '../../sim/call.ts';
import { syscall } from '../../kernel/arch/x86/entry/common.ts';
import { kernelGlobal } from '../../kernel/globals.ts';
import { ERESTARTNOHAND } from '../../kernel/include/errno.ts';
import { current, TASK_INTERRUPTIBLE, TIF_SIGPENDING } from '../../kernel/include/sched.ts';
import { kfunc } from '../../kernel/kfunc.ts';
import { block, unblock, type BlockedOn } from '../../kernel/kernel/sched/core.ts';
import { timed } from '../../kernel/kernel/time/jiffies.ts';
import { BlockingEffect } from '../../sim/operation.ts';
import { pause } from './libc.ts';

/**
 * The start gate of a scenario: its actors make everything ready, come to the gate and wait there, so that what
 * they do behind it begins at one moment. In a run in time the last one to come opens it; a search keeps it closed
 * until nobody has anything left to do, opens it, and searches what follows.
 */
class StartGate {
  /** Processes that are actors, by thread group id, and command names of those to come. */
  readonly processes = new Set<number>();
  readonly commands = new Set<string>();
  /** How many have to come. */
  parties = 0;
  /** The last one to come leaves it closed. */
  held = false;
  readonly arrived = new Cell(0, 'arrived at the start gate');
  readonly open = new Cell(false, 'start gate');
}

export const start_gate = kernelGlobal('scythe_start_gate', () => new StartGate());

/** Is the running process an actor? For programs that have something to make ready before they wait. */
export function isActor(): boolean {
  const { processes, commands, parties } = start_gate();
  if (parties === 0) return false;
  const { tgid, comm } = current();
  return processes.has(tgid) || commands.has(comm);
}

/** The running process, a child of an actor, is one itself. */
export function becomeActor(): void {
  start_gate().processes.add(current().tgid);
}

/** The running actor has more threads that wait at the gate. Before it waits there itself. */
export function expectMoreActors(threads: number): void {
  if (isActor()) start_gate().parties += threads;
}

/** Waits until all actors are there. Nothing happens in a process that is none. */
export function* startGate(): Body<void> {
  if (!isActor()) return;
  const gate = start_gate();
  const before = yield* gate.arrived.update((count) => count + 1);
  if (before + 1 === gate.parties && !gate.held) yield* gate.open.write(true);
  yield* gate.open.await((open) => open);
}

/** An actor that has done its part sleeps for ever: its exit would only be more to search. Others go on. */
export function* rest(): Body<void> {
  while (isActor()) yield* pauseUndisturbed();
}

/**
 * pause(), for who has nothing else to do. A sleep that sets `__state` can be disturbed by who wanted to wake the task
 * for something that it waited for before, and all the orders of that would be searched for nothing: in a search
 * this pause() comes back when there is a signal, and leaves `__state` alone.
 */
export function* pauseUndisturbed(): Body<void> {
  if (timed()) yield* pause();
  else yield* syscall('pause', untilSignal);
}

/** __x64_sys_pause() of a search. */
const untilSignal = kfunc(
  'pause_until_signal',
  function* () {
    const { thread_flags } = current();
    block(PAUSED);
    yield* new BlockingEffect<void>(
      'wait',
      thread_flags,
      'read',
      () => (thread_flags.value & (1 << TIF_SIGPENDING)) !== 0,
      () => {},
    );
    unblock();
    return -ERESTARTNOHAND;
  },
  { inlined: true },
);

const PAUSED: BlockedOn = {
  state: TASK_INTERRUPTIBLE,
  frames: ['__schedule', 'schedule', '__x64_sys_pause'],
};
