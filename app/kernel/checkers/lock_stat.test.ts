import { expect, test } from 'vitest';
import { ns } from '../../base/brand.ts';
import type { Body } from '../../sim/call.ts';
import { Cell } from '../../sim/cell.ts';
import type { Chooser, Clock } from '../../sim/chooser.ts';
import type { Config } from '../config.ts';
import type { Kernel } from '../kernel.ts';
import { kfunc } from '../kfunc.ts';
import { lock_stat_text } from '../kernel/locking/lockdep_proc.ts';
import { lockStatistics, type LockClassStats } from '../kernel/locking/lock_stat.ts';
import { LockTime } from '../kernel/locking/lock_time.ts';
import { Mutex, mutex_lock, mutex_trylock, mutex_unlock } from '../kernel/locking/mutex.ts';
import {
  down_read,
  down_write,
  downgrade_write,
  RwSemaphore,
  up_read,
  up_write,
} from '../kernel/locking/rwsem.ts';
import { spin_lock, spin_unlock, Spinlock } from '../kernel/locking/spinlock.ts';
import { debug_locks_off } from '../lib/debug_locks.ts';
import { addTasks, bootForTest, inTurn, runTasks, stepping, type TestTasks } from '../testing/boot.ts';
import { lockStat } from './lock_stat.ts';

/** A microsecond per operation: times can be counted by hand. */
const microsecond: Clock = {
  account(_task, machine) {
    machine.now = ns(machine.now + 1000);
  },
};

function bootCounting(config: Partial<Config> = {}): Kernel {
  const kernel = bootForTest({ config: { LOCK_STAT: true, ...config }, clock: microsecond });
  kernel.machine.inside(() => {
    lockStat.attach(kernel);
  });
  return kernel;
}

/** The books, by class. */
function counted(kernel: Kernel): ReadonlyMap<string, LockClassStats> {
  return kernel.machine.inside(() => new Map(lockStatistics().classes.map((stats) => [stats.name, stats])));
}

const times = ({ count, min, max, total }: LockTime) => ({ count, min, max, total });

const holder = kfunc('lock_stat_test_holder', function* (lock: Mutex, seen: Cell<number>) {
  yield* mutex_lock(lock);
  yield* seen.read();
  yield* mutex_unlock(lock);
});

const waiter = kfunc('lock_stat_test_waiter', function* (lock: Mutex) {
  yield* mutex_lock(lock);
  yield* mutex_unlock(lock);
});

// CPU0                          CPU1
//   takes the lock (2)
//                                 comes, and waits (3)
//   looks (4), releases (5)
//                                 has it (6), releases it (7)
function contendedMutex(kernel: Kernel): TestTasks {
  const { lock, seen } = kernel.machine.inside(() => {
    return { lock: new Mutex('&lock'), seen: new Cell(0, 'seen') };
  });
  return {
    *holder() {
      yield* holder(lock, seen);
    },
    *waiter() {
      yield* waiter(lock);
    },
  };
}

const handOver = (): Chooser => stepping('holder', 'holder', 'waiter', 'holder', 'holder');

test('a wait lasts from the attempt that fails to the one that succeeds, a hold from there to the release', () => {
  const kernel = bootCounting();
  runTasks(kernel, contendedMutex(kernel), handOver());
  const lock = counted(kernel).get('&lock');
  expect(lock && times(lock.wait.write)).toEqual({ count: 1, min: 3000, max: 3000, total: 3000 });
  expect(lock && times(lock.hold.write)).toEqual({ count: 2, min: 0, max: 3000, total: 3000 });
  expect(lock?.contendedBounces.write).toBe(1);
});

test('the text is that of /proc/lock_stat', async () => {
  const kernel = bootCounting();
  const { rwsem } = kernel.machine.inside(() => ({ rwsem: new RwSemaphore('&mm->mmap_lock') }));
  runTasks(kernel, contendedMutex(kernel), handOver());
  runTasks(
    kernel,
    {
      *both() {
        yield* down_write(rwsem);
        yield* up_write(rwsem);
        yield* down_read(rwsem);
        yield* up_read(rwsem);
      },
    },
    inTurn,
  );
  await expect(lock_stat_text(kernel)).toMatchFileSnapshot('golden/lock_stat.golden');
});

test('after a report nothing is counted any more, and the text says so', () => {
  const kernel = bootCounting();
  const tasks = contendedMutex(kernel);
  kernel.machine.inside(debug_locks_off);
  runTasks(kernel, tasks, handOver());
  expect(counted(kernel).size).toBe(0);
  expect(lock_stat_text(kernel).split('\n')[1]).toMatch(/^\*WARNING\* lock debugging disabled!!/);
});

test('a trylock that fails is no contention', () => {
  const kernel = bootCounting();
  const { lock } = kernel.machine.inside(() => ({ lock: new Mutex('&lock') }));
  runTasks(
    kernel,
    {
      *holder() {
        yield* mutex_lock(lock);
      },
      *trier() {
        if (yield* mutex_trylock(lock)) yield* mutex_unlock(lock);
      },
    },
    inTurn,
  );
  expect(counted(kernel).get('&lock')?.contentions).toBe(0);
});

test('a lock that is downgraded is held for reading from then on', () => {
  const kernel = bootCounting();
  const { rwsem } = kernel.machine.inside(() => ({ rwsem: new RwSemaphore('&sem') }));
  runTasks(kernel, {
    *task() {
      yield* down_write(rwsem);
      yield* downgrade_write(rwsem);
      yield* up_read(rwsem);
    },
  });
  const { hold } = counted(kernel).get('&sem') ?? {};
  expect([hold?.write.count, hold && times(hold.read)]).toEqual([
    0,
    { count: 1, min: 1000, max: 1000, total: 1000 },
  ]);
});

test('a lock that is released out of order lets the later ones begin anew, as reacquire_held_locks() does', () => {
  const kernel = bootCounting();
  const { a, b } = kernel.machine.inside(() => ({ a: new Mutex('&a'), b: new Mutex('&b') }));
  runTasks(kernel, {
    *task() {
      yield* mutex_lock(a);
      yield* mutex_lock(b);
      yield* mutex_unlock(a);
      yield* mutex_unlock(b);
    },
  });
  const books = counted(kernel);
  expect(books.get('&a')?.hold.write.total).toBe(2000);
  // Held for 3 us in truth.
  expect(books.get('&b')?.hold.write.total).toBe(1000);
});

test('with PREEMPT_RT spinlocks, which are rt_mutexes there, tell of no contention; rw_semaphores do', () => {
  const kernel = bootCounting({ PREEMPT_RT: true });
  const { lock, sem } = kernel.machine.inside(() => ({
    lock: new Spinlock('&l'),
    sem: new RwSemaphore('&s'),
  }));
  const body = function* (): Body<void> {
    yield* down_write(sem);
    yield* up_write(sem);
    yield* spin_lock(lock);
    yield* spin_unlock(lock);
  };
  addTasks(kernel, { one: body, two: body, three: body });
  // Each does one step in turn: everybody is in everybody's way.
  let turn = 0;
  kernel.machine.run({ next: (enabled) => enabled[turn++ % enabled.length], alternative: () => 0 }, 1000);
  const books = counted(kernel);
  expect(books.get('&l')?.hold.write.count).toBe(3);
  expect(books.get('&l')?.contentions).toBe(0);
  expect(books.get('&s')?.contentions).toBeGreaterThan(0);
});

test('of many durations some are kept, at even distances; sums and extremes are exact', () => {
  const time = new LockTime();
  for (let i = 1; i <= 200_000; i++) time.add(i);
  expect(times(time)).toEqual({ count: 200_000, min: 1, max: 200_000, total: 20_000_100_000 });
  expect(time.samples.length).toBeLessThan(65_536);
  expect(time.samples.slice(0, 2)).toEqual([1, 1 + time.stride]);
  expect(time.samples.length * time.stride).toBeGreaterThanOrEqual(200_000);
});
