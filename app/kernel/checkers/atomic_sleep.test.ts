import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ns } from '../../base/brand.ts';
import type { Body } from '../../sim/call.ts';
import type { Clock } from '../../sim/chooser.ts';
import { delay } from '../../sim/delay.ts';
import type { Config } from '../config.ts';
import type { Kernel } from '../kernel.ts';
import { lock_acquire, lock_release, LockdepMap } from '../kernel/locking/lockdep.ts';
import { Mutex, mutex_lock, mutex_unlock } from '../kernel/locking/mutex.ts';
import { RawSpinlock, raw_spin_lock, raw_spin_unlock } from '../kernel/locking/raw_spinlock.ts';
import { read_lock, read_unlock, Rwlock } from '../kernel/locking/rwlock.ts';
import { down_read_trylock, down_write, RwSemaphore, up_read, up_write } from '../kernel/locking/rwsem.ts';
import { Spinlock, spin_lock, spin_trylock, spin_unlock } from '../kernel/locking/spinlock.ts';
import { rcu_read_lock, rcu_read_unlock } from '../kernel/rcu/tree.ts';
import {
  local_irq_disable,
  local_irq_enable,
  non_block_end,
  non_block_start,
  schedule,
} from '../kernel/sched/core.ts';
import { titlesOf } from '../report/titles.ts';
import { bootForTest, dmesg, inTurn, addTasks } from '../testing/boot.ts';
import { within } from '../testing/memory.ts';
import { normalise, normaliseText } from '../testing/normalise.ts';
import { thisFunction, type StackEntry } from '../stack.ts';
import { runningTask } from '../../sim/machine-in-force.ts';

const tick: Clock = {
  account(task, machine) {
    const { pending } = task;
    const due = pending !== null && 'due' in pending ? (pending.due as number) : 0;
    machine.now = ns(Math.max(machine.now + 1000, due));
  },
};

interface Locks {
  mutex: Mutex;
  raw: RawSpinlock;
  spin: Spinlock;
  rw: Rwlock;
}

function run(config: Partial<Config>, body: (locks: Locks) => Body<void>): string[] {
  const kernel = bootForTest({ config: { DEBUG_ATOMIC_SLEEP: true, ...config }, clock: tick });
  const locks = kernel.machine.inside(() => ({
    mutex: new Mutex('mutex'),
    raw: new RawSpinlock('raw'),
    spin: new Spinlock('spin'),
    rw: new Rwlock('rw'),
  }));
  addTasks(kernel, { sh: () => body(locks) });
  kernel.machine.run(inTurn);
  return dmesg(kernel);
}

const head = (lines: readonly string[]): readonly string[] => lines.filter((line) => line.startsWith('BUG:'));

/** What goes to a golden file: addresses differ with every variable that the kernel gains. */
const golden = (lines: readonly string[]): string => normalise(lines).join('\n') + '\n';

const MUTEX = 'kernel/locking/mutex.c:586';
const RT_MUTEX = 'kernel/locking/rtmutex_api.c:518';
const at = (place: string): string[] => [`BUG: sleeping function called from invalid context at ${place}`];

function* mutexInSpinlock({ mutex, spin }: Locks): Body<void> {
  yield* spin_lock(spin);
  yield* mutex_lock(mutex);
  yield* mutex_unlock(mutex);
  yield* spin_unlock(spin);
}

test('a mutex inside of a spinlock is reported, with the counts of the kernel', () => {
  const lines = run({}, mutexInSpinlock);
  expect(head(lines)).toEqual(at(MUTEX));
  expect(lines.slice(1, 4)).toEqual([
    'in_atomic(): 1, irqs_disabled(): 0, non_block: 0, pid: 100, name: sh',
    'preempt_count: 1, expected: 0',
    'RCU nest depth: 0, expected: 0',
  ]);
});

test('with PREEMPT_RT the RCU section that a spinlock hides gives it away', () => {
  const lines = run({ PREEMPT_RT: true }, mutexInSpinlock);
  expect(head(lines)).toEqual(at(RT_MUTEX));
  expect(lines.slice(1, 4)).toEqual([
    'in_atomic(): 0, irqs_disabled(): 0, non_block: 0, pid: 100, name: sh',
    'preempt_count: 0, expected: 0',
    'RCU nest depth: 1, expected: 0',
  ]);
});

function* spinlockInNonBlock({ spin, rw }: Locks): Body<void> {
  non_block_start();
  yield* spin_lock(spin);
  yield* spin_unlock(spin);
  yield* read_lock(rw);
  yield* read_unlock(rw);
  non_block_end();
}

test('a spinlock where nothing may block is reported with PREEMPT_RT only', () => {
  expect(head(run({ PREEMPT_RT: true }, spinlockInNonBlock))).toEqual(at('kernel/locking/spinlock_rt.c:48'));
  expect(run({ PREEMPT_RT: false }, spinlockInNonBlock)).toEqual([]);
});

test('without DEBUG_ATOMIC_SLEEP nothing is said', () => {
  const off = { DEBUG_ATOMIC_SLEEP: false };
  expect(run(off, mutexInSpinlock)).toEqual([]);
  expect(run({ ...off, PREEMPT_RT: true }, spinlockInNonBlock)).toEqual([]);
});

test('spinlocks nest in each other and in RCU readers, raw ones also where nothing may block', () => {
  for (const PREEMPT_RT of [false, true]) {
    const lines = run({ PREEMPT_RT }, function* ({ spin, rw, raw }) {
      yield* rcu_read_lock();
      yield* spin_lock(spin);
      yield* read_lock(rw);
      yield* read_unlock(rw);
      yield* spin_unlock(spin);
      yield* rcu_read_unlock();
      non_block_start();
      yield* raw_spin_lock(raw);
      yield* raw_spin_unlock(raw);
      non_block_end();
    });
    expect(lines).toEqual([]);
  }
});

test('a trylock never complains', () => {
  const lines = run({ PREEMPT_RT: true }, function* ({ spin, raw }) {
    yield* raw_spin_lock(raw);
    if (yield* spin_trylock(spin)) yield* spin_unlock(spin);
    yield* raw_spin_unlock(raw);
  });
  expect(lines).toEqual([]);
});

test('there is one report a second at most, of whatever kind', () => {
  const body = (pause: number) =>
    function* ({ spin, rw }: Locks): Body<void> {
      non_block_start();
      yield* spin_lock(spin);
      yield* spin_unlock(spin);
      yield* delay(ns(pause));
      yield* read_lock(rw);
      yield* read_unlock(rw);
      non_block_end();
    };
  expect(head(run({ PREEMPT_RT: true }, body(900_000_000)))).toHaveLength(1);
  expect(head(run({ PREEMPT_RT: true }, body(1_000_000_000)))).toEqual([
    ...at('kernel/locking/spinlock_rt.c:48'),
    ...at('kernel/locking/spinlock_rt.c:248'),
  ]);
});

test('interrupts that are off are told, and where preemption was disabled', () => {
  const lines = run({ PREEMPT_RT: true, DEBUG_PREEMPT: true }, function* ({ raw, spin }) {
    local_irq_disable();
    yield* within(['driver_irq'], function* () {
      yield* raw_spin_lock(raw);
      yield* spin_lock(spin);
      yield* spin_unlock(spin);
      yield* raw_spin_unlock(raw);
    });
    local_irq_enable();
  });
  expect(lines[1]).toBe('in_atomic(): 1, irqs_disabled(): 1, non_block: 0, pid: 100, name: sh');
  const told = normalise(lines);
  expect(told).toContain('Preemption disabled at:');
  expect(told).toContain('[<ADDR>] driver_irq');
});

test('a switch to another task with preemption off is a bug of its own', () => {
  const lines = run({}, function* ({ raw }) {
    yield* raw_spin_lock(raw);
    yield* schedule();
    yield* raw_spin_unlock(raw);
  });
  expect(head(lines)).toEqual(['BUG: scheduling while atomic: sh/100/0x00000001']);
});

// The reaper's hook of the captured kernel, as far as its locks go. The names stand for the functions.

interface Maps {
  readonly writers: LockdepMap;
  readonly invalidate: LockdepMap;
  readonly srcu: LockdepMap;
  readonly lock: Spinlock;
}

function* reap(sem: RwSemaphore, maps: Maps): Body<void> {
  yield* down_write(sem);
  yield* up_write(sem);
  if (!(yield* down_read_trylock(sem))) return;
  yield* within(['__oom_reap_task_mm'], function* () {
    lock_acquire({ map: maps.invalidate, ip: here() });
    yield* within(['__mmu_notifier_invalidate_range_start'], function* () {
      lock_acquire({ map: maps.srcu, read: 2, ip: here() });
      non_block_start();
      yield* within(['kvm_mmu_notifier_invalidate_range_start'], function* () {
        yield* spin_lock(maps.lock);
        yield* spin_unlock(maps.lock);
      });
      non_block_end();
      lock_release(maps.srcu);
    });
    lock_release(maps.invalidate);
  });
  yield* up_read(sem);
}

const here = (): StackEntry => thisFunction(runningTask());

function reaper(): Kernel {
  const config = { PREEMPT_RT: true, DEBUG_ATOMIC_SLEEP: true, PROVE_LOCKING: true };
  const kernel = bootForTest({ config, tainted: true });
  const { sem, maps } = kernel.machine.inside(() => ({
    sem: new RwSemaphore('&mm->mmap_lock'),
    maps: {
      writers: new LockdepMap('sb_writers#8'),
      invalidate: new LockdepMap('mmu_notifier_invalidate_range_start'),
      srcu: new LockdepMap('srcu'),
      lock: new Spinlock('&kvm->mn_invalidate_lock'),
    },
  }));
  const { sh } = addTasks(kernel, {
    sh: () =>
      within(['entry_SYSCALL_64_after_hwframe', 'do_syscall_64', 'ksys_write'], function* () {
        lock_acquire({ map: maps.writers, read: 1, ip: { symbol: 'ksys_write', offset: 0xc2, size: 0x150 } });
        yield* within(['vfs_write', 'full_proxy_write', 'lab_oom_reap_task_write'], () => reap(sem, maps));
        lock_release(maps.writers);
      }),
  });
  Object.assign(sh, { pid: 63, user: true });
  kernel.machine.run(inTurn);
  return kernel;
}

test('the report of the reaper on PREEMPT_RT is that of a real kernel, line for line', async () => {
  const lines = dmesg(reaper());
  const real = readFileSync(new URL('../testing/captures/sleeping-function.txt', import.meta.url), 'utf8');
  expect(normalise(lines).join('\n') + '\n').toBe(normaliseText(real));
  expect(titlesOf(lines)).toEqual([
    'BUG: sleeping function called from invalid context in kvm_mmu_notifier_invalidate_range_start',
  ]);
  await expect(golden(lines)).toMatchFileSnapshot('golden/sleeping-function.golden');
});

test('the first report taints the kernel, which the next one tells', () => {
  const kernel = bootForTest({ config: { DEBUG_ATOMIC_SLEEP: true }, clock: tick });
  const mutex = kernel.machine.inside(() => new Mutex('mutex'));
  function* twice(): Body<void> {
    for (let i = 0; i < 2; i++) {
      non_block_start();
      yield* mutex_lock(mutex);
      yield* mutex_unlock(mutex);
      non_block_end();
      yield* delay(ns(2_000_000_000));
    }
  }
  addTasks(kernel, { sh: twice });
  kernel.machine.run(inTurn);
  const cpu = dmesg(kernel).filter((line) => line.startsWith('CPU:'));
  expect(cpu.map((line) => line.replace(/.*Comm: sh /, '').replace(/ 6\..*/, ''))).toEqual([
    'Not tainted',
    'Tainted: G        W         ',
  ]);
});
