import { Delay } from '../../sim/delay.ts';
import { endingOf } from '../../sim/ending.ts';
import type { Memory } from '../../sim/memory.ts';
import type { Checker } from '../checker.ts';
import { kernelGlobal } from '../globals.ts';
import type { SignalStruct, TaskStruct } from '../include/sched.ts';
import type { Kernel } from '../kernel.ts';
import { dump_stack } from '../lib/dump_stack.ts';
import { pr_err } from '../printk.ts';
import { formatEntry } from '../stack.ts';
import { addressOf } from '../struct.ts';
import type { KernelMemory, Track } from '../tracking.ts';

/** What must be gone when the last process is. */
const OWNED_BY_PROCESSES = ['mm_struct', 'kvm'];

const alive = kernelGlobal('scythe_leaks', () => new Set<KernelMemory>());

/**
 * Reports an mm_struct or a struct kvm that is never freed, or freed twice.
 *
 * A leak is told only if the run is complete and each user task ended: then nobody is left who could still free
 * it. What a task held that died by an oops is lost, and told. Not verified: runs that end with a task in place.
 */
export const leaks: Checker = {
  name: 'leaks',
  enabled: (config) => config.SCYTHE_INVARIANTS,
  attach: (of) => {
    of.hooks.on('allocated', (memory) => {
      if (OWNED_BY_PROCESSES.includes(memory.label)) alive().add(memory);
    });
    of.hooks.on('endOfRun', () => of.machine.inside(() => reportLeaks(of)));
    of.hooks.on('doubleFree', (_, memory) => {
      if (OWNED_BY_PROCESSES.includes(memory.label)) reportDoubleFree(memory);
    });
  },
};

function reportLeaks({ machine }: Kernel): void {
  // A thread that only waits for its time keeps nothing alive: khungtaskd, in a timed run.
  const goesOn = machine.enabled.some((task) => !(task.daemon && task.pending instanceof Delay));
  if (endingOf(machine, { goesOn }).kind !== 'complete') return;
  const tasks = machine.tasks
    .map((task) => (task.context ?? null) as TaskStruct | null)
    .filter((tsk) => tsk !== null);
  if (tasks.some((tsk) => tsk.user && tsk.thread.state !== 'ended')) return;
  const pinned = new Set(tasks.flatMap(pinnedBy));
  const left = [...alive()]
    .filter((memory) => memory.alive && !pinned.has(memory))
    .sort((a, b) => a.address - b.address || a.id - b.id);
  for (const memory of left) {
    pr_err(`SCYTHE: ${memory.label} leaked`);
    pr_err(`No process is left, and the ${memory.label} at ${addressOf(memory)} was not freed.`);
    printTrack('Allocated', memory.origin);
  }
}

/** What a kernel thread has borrowed, and what a zombie that nobody waited for keeps until it is reaped. */
function pinnedBy(tsk: TaskStruct): (Memory | undefined)[] {
  const signal = tsk.signal as SignalStruct | undefined;
  return [tsk.active_mm?.memory, signal?.oom_mm.value?.memory];
}

function reportDoubleFree(memory: KernelMemory): void {
  pr_err(`SCYTHE: ${memory.label} freed twice`);
  pr_err(`The ${memory.label} at ${addressOf(memory)} is freed, and was freed before.`);
  dump_stack();
  printTrack('Freed', memory.end);
}

function printTrack(what: string, track: Track | null): void {
  if (track === null) return;
  pr_err(`${what} by task ${track.comm}/${track.pid}:`);
  for (const entry of track.trace) pr_err(` ${formatEntry(entry)}`);
}
