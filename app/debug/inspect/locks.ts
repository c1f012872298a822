import type { Task } from '../../sim/task.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { lockdepBooks } from '../../kernel/kernel/locking/lockdep.ts';
import { Mutex } from '../../kernel/kernel/locking/mutex.ts';
import { RwSemaphore } from '../../kernel/kernel/locking/rwsem.ts';
import { Spinlock } from '../../kernel/kernel/locking/spinlock.ts';
import { SharedLock } from '../../kernel/kernel/locking/shared_lock.ts';
import { formatEntry } from '../../kernel/stack.ts';
import type { AnyLock, KernelObjects } from '../objects.ts';
import type { Inspection } from './inspection.ts';
import { objectText } from './tasks.ts';

type InspectedLock = Inspection['locks'][number];

/** Locks that somebody has or waits for. */
export function inspectLocks({ machine }: Kernel, { locks }: KernelObjects): InspectedLock[] {
  const waiting = machine.tasks.filter((task) => task.state === 'ready' && !task.enabled);
  return [...locks]
    .map((lock) => inspectLock(lock, waiting))
    .filter(({ owners, waiters }) => owners.length > 0 || waiters.length > 0);
}

function inspectLock(lock: AnyLock, waiting: readonly Task[]): InspectedLock {
  const waiters = waiting.filter(({ pending }) => pending?.object === lock).map(({ index }) => index);
  const { owners, state } = ownersOf(lock);
  return { name: lock.name, object: objectText(lock), kind: kindOf(lock), state, owners, waiters };
}

function ownersOf(lock: AnyLock): { owners: number[]; state: string } {
  if (!(lock instanceof SharedLock)) {
    return lock.owner === null
      ? { owners: [], state: 'free' }
      : { owners: [lock.owner.index], state: 'held' };
  }
  if (lock.writer !== null) return { owners: [lock.writer.index], state: 'held for writing' };
  const owners = [...new Set(lock.readers.map(({ index }) => index))].sort((a, b) => a - b);
  const state = owners.length === 0 ? 'free' : `held for reading by ${owners.length}`;
  return { owners, state };
}

/** What the kernel's source calls a lock of this kind. */
function kindOf(lock: AnyLock): string {
  if (lock instanceof Mutex) return 'mutex';
  if (lock instanceof Spinlock) return 'spinlock_t';
  if (lock instanceof RwSemaphore) return 'rw_semaphore';
  return lock instanceof SharedLock ? 'rwlock_t' : 'raw_spinlock_t';
}

/** What lockdep has learned, and the cycle that it reported, if it did. */
export function inspectLockGraph(kernel: Kernel): Inspection['lockGraph'] {
  const { classes } = kernel.machine.inside(() => lockdepBooks());
  const names = classes.map(({ name }) => name);
  const edges = classes.flatMap(({ after }) =>
    after.map(({ from, to, trace }) => ({
      from: from.index,
      to: to.index,
      at: trace[0] === undefined ? '' : formatEntry(trace[0]),
    })),
  );
  return {
    classes: names,
    edges,
    cycle: cycleIn(
      kernel.log.lines.map(({ text }) => text),
      names,
    ),
  };
}

/**
 * The classes of a reported deadlock, in order. Lockdep does not add the dependency that closes a circle to its
 * graph, it prints it: as a chain, or as what each CPU takes.
 */
function cycleIn(log: readonly string[], names: readonly string[]): number[] {
  const begin = log.findIndex((text) =>
    /Possible unsafe locking scenario|Possible interrupt unsafe/.test(text),
  );
  if (begin < 0) return [];
  const chain = log.slice(Math.max(0, begin - 4), begin).find((text) => text.includes(' --> '));
  const scenario = log.slice(begin, begin + 20);
  const end = scenario.findIndex((text) => text.includes('DEADLOCK'));
  const taken = scenario
    .slice(0, Math.max(end, 0))
    .flatMap((text) => [...text.matchAll(/(?:r|sync )?lock\((.+?)\);|sync\((.+?)\);/g)])
    .map((match) => match[1] ?? match[2]);
  const named = chain === undefined ? taken : chain.trim().split(' --> ');
  const indices = named.map((name) => names.indexOf(name.trim())).filter((index) => index >= 0);
  return [...new Set(indices)];
}
