import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Body } from '../../../sim/call.ts';
import { runningTask } from '../../../sim/machine-in-force.ts';
import type { Config } from '../../config.ts';
import type { Kernel } from '../../kernel.ts';
import { kfunc } from '../../kfunc.ts';
import { debug_locks } from '../../lib/debug_locks.ts';
import {
  debug_show_all_locks,
  lock_acquire,
  lock_release,
  lock_sync,
  LockdepMap,
  lockdep_assert_held,
  lockdep_sys_exit,
} from '../../kernel/locking/lockdep.ts';
import {
  Mutex,
  mutex_lock,
  mutex_lock_nest_lock,
  mutex_lock_nested,
  mutex_trylock,
  mutex_unlock,
} from '../../kernel/locking/mutex.ts';
import {
  RawSpinlock,
  raw_spin_lock,
  raw_spin_lock_irq,
  raw_spin_unlock,
  raw_spin_unlock_irq,
} from '../../kernel/locking/raw_spinlock.ts';
import {
  down_read,
  down_write,
  downgrade_write,
  RwSemaphore,
  up_read,
  up_write,
} from '../../kernel/locking/rwsem.ts';
import {
  Spinlock,
  spin_lock,
  spin_lock_bh,
  spin_lock_irq,
  spin_unlock,
  spin_unlock_bh,
  spin_unlock_irq,
} from '../../kernel/locking/spinlock.ts';
import { TASK_UNINTERRUPTIBLE } from '../../include/task_state.ts';
import {
  schedule,
  set_current_state,
  irq_enter,
  irq_exit,
  softirq_handle_begin,
  softirq_handle_end,
} from '../../kernel/sched/core.ts';
import { add_taint } from '../../kernel/taint.ts';
import { titlesOf } from '../../report/titles.ts';
import { thisFunction } from '../../stack.ts';
import { bootForTest, dmesg, inTurn, runTasks } from '../../testing/boot.ts';
import { within } from '../../testing/memory.ts';
import { normalise, normaliseText } from '../../testing/normalise.ts';

class Locks {
  readonly a = new Mutex('a');
  readonly b = new Mutex('b');
  readonly c = new Mutex('c');
  readonly raw = new RawSpinlock('raw');
  readonly spin = new Spinlock('spin');
  readonly spin2 = new Spinlock('spin2');
  readonly sem = new RwSemaphore('sem');
  readonly srcu = new LockdepMap('srcu');
}

type Code = (locks: Locks) => Body<void>;

/** Runs one task after the other. */
function boot(codes: readonly Code[], config: Partial<Config> = {}): Kernel {
  const kernel = bootForTest({ config: { PROVE_LOCKING: true, ...config } });
  const locks = kernel.machine.inside(() => new Locks());
  const tasks = codes.map(
    (code, i) => [`task${i}`, () => within([`task${i}_fn`], () => code(locks))] as const,
  );
  runTasks(kernel, Object.fromEntries(tasks), inTurn);
  return kernel;
}

const run = (codes: readonly Code[], config: Partial<Config> = {}): string[] => dmesg(boot(codes, config));

/** What goes to a golden file: addresses differ with every variable that the kernel gains. */
const golden = (lines: readonly string[]): string => normalise(lines).join('\n') + '\n';

/** The line between the rules of a report. */
const title = (lines: readonly string[]): string | undefined => lines[2];

function* both(outer: Mutex, inner: Mutex): Body<void> {
  yield* mutex_lock(outer);
  yield* mutex_lock(inner);
  yield* mutex_unlock(inner);
  yield* mutex_unlock(outer);
}

const synchronize_srcu = kfunc('lockdep_test_synchronize_srcu', function* (srcu: LockdepMap) {
  lock_sync(srcu, thisFunction(runningTask()));
});

function srcuReader(body: Code): Code {
  return function* (locks) {
    lock_acquire({ map: locks.srcu, read: 2 });
    yield* body(locks);
    lock_release(locks.srcu);
  };
}

describe('recursion', () => {
  const twice: Code = function* ({ sem }) {
    yield* down_read(sem);
    yield* down_read(sem);
  };

  test('a second lock of one class is reported, for reading as well', () => {
    expect(title(run([twice]))).toBe('WARNING: possible recursive locking detected');
  });

  test('subclasses, nest locks, trylocks and nested SRCU readers are no recursion', () => {
    const fine: Code = function* ({ a, b }) {
      const [second, third] = [new Mutex('a'), new Mutex('a')];
      yield* mutex_lock(a);
      yield* mutex_lock_nested(second, 1);
      if (yield* mutex_trylock(third)) yield* mutex_unlock(third);
      yield* mutex_unlock(second);
      yield* mutex_unlock(a);
      yield* mutex_lock(b);
      yield* mutex_lock_nest_lock(a, b);
      yield* mutex_lock_nest_lock(second, b);
      yield* mutex_unlock(second);
      yield* mutex_unlock(a);
      yield* mutex_unlock(b);
    };
    expect(run([fine, srcuReader(srcuReader(function* () {}))])).toEqual([]);
  });

  test('synchronize_srcu() inside of a reader of the same srcu is reported as a real kernel does', async () => {
    const kernel = bootForTest({ config: { PROVE_LOCKING: true }, tainted: true });
    const { writers, sem, srcu } = kernel.machine.inside(() => ({
      writers: new LockdepMap('sb_writers#9'),
      sem: new RwSemaphore('&mm->mmap_lock'),
      srcu: new LockdepMap('srcu'),
    }));
    function* poke(): Body<void> {
      lock_acquire({ map: writers, read: 1, ip: { symbol: 'ksys_write', offset: 0xc2, size: 0x150 } });
      yield* within(['vfs_write', 'full_proxy_write', 'lab_oom_reap_task_write'], reapHook);
    }
    function* reapHook(): Body<void> {
      yield* down_write(sem);
      yield* up_write(sem);
      yield* down_read(sem);
      yield* within(['__oom_reap_task_mm', 'mmu_notifier_oom_sync'], function* () {
        lock_acquire({ map: srcu, read: 2, ip: thisFunction(runningTask()) });
        yield* within(['mmu_notifier_unregister', '__synchronize_srcu'], function* () {
          lock_sync(srcu, thisFunction(runningTask()));
        });
      });
    }
    const { poke: task } = runTasks(kernel, {
      poke: () => within(['entry_SYSCALL_64_after_hwframe', 'do_syscall_64', 'ksys_write'], poke),
    });
    expect(task.held_locks).toHaveLength(3);
    const lines = dmesg(kernel);
    const report = lines.slice(0, lines.indexOf(' </TASK>') + 1);
    const real = readFileSync(
      new URL('../../testing/captures/recursive-locking-reap.txt', import.meta.url),
      'utf8',
    );
    // Test tasks have no registers of user space; the end of the capture is theirs.
    expect(normalise(report)).toEqual(
      normaliseText(real)
        .trimEnd()
        .split('\n')
        .filter((line) => !line.startsWith('RIP:')),
    );
    expect(titlesOf(lines)).toEqual(['possible deadlock in __synchronize_srcu']);
    await expect(golden(report)).toMatchFileSnapshot('../golden/recursive-locking.golden');
  });
});

describe('circles', () => {
  // task0: a, then b        task1: b, then c        task2: c, then a
  const chain: Code[] = [({ a, b }) => both(a, b), ({ b, c }) => both(b, c), ({ c, a }) => both(c, a)];

  test('the lock that closes a circle is reported, though nobody waited', async () => {
    const lines = run(chain);
    expect(title(lines)).toBe('WARNING: possible circular locking dependency detected');
    expect(titlesOf(lines)).toEqual(['possible deadlock in task2_fn']);
    await expect(golden(lines)).toMatchFileSnapshot('../golden/circular-locking.golden');
  });

  test('the same order everywhere is no circle, and a trylock waits for nobody', () => {
    const orders: Code[] = [
      ({ a, b }) => both(a, b),
      ({ b, c }) => both(b, c),
      ({ a, c }) => both(a, c),
      function* ({ a, c }) {
        yield* mutex_lock(c);
        if (yield* mutex_trylock(a)) yield* mutex_unlock(a);
        yield* mutex_unlock(c);
      },
    ];
    expect(run(orders)).toEqual([]);
  });

  test('a lock around synchronize_srcu() that readers take is a circle, which the report calls sync', async () => {
    const reader = srcuReader(function* ({ a }) {
      yield* mutex_lock(a);
      yield* mutex_unlock(a);
    });
    const updater: Code = function* ({ a, srcu }) {
      yield* mutex_lock(a);
      yield* synchronize_srcu(srcu);
      yield* mutex_unlock(a);
    };
    const lines = run([reader, updater]);
    expect(title(lines)).toBe('WARNING: possible circular locking dependency detected');
    expect(lines).toContain('  sync(srcu);');
    await expect(golden(lines)).toMatchFileSnapshot('../golden/circular-locking-srcu.golden');
    expect(run([updater, updater])).toEqual([]);
  });

  test('readers that may nest do not close a circle with readers', () => {
    const readThenLock = srcuReader(({ a }) => hold(a));
    const lockThenRead: Code = function* (locks) {
      yield* mutex_lock(locks.a);
      yield* srcuReader(function* () {})(locks);
      yield* mutex_unlock(locks.a);
    };
    expect(run([readThenLock, lockThenRead])).toEqual([]);
  });
});

function* hold(lock: Mutex): Body<void> {
  yield* mutex_lock(lock);
  yield* mutex_unlock(lock);
}

function* inHardirq(body: () => Body<void>): Body<void> {
  irq_enter();
  yield* body();
  irq_exit();
}

function* inSoftirq(body: () => Body<void>): Body<void> {
  softirq_handle_begin();
  yield* body();
  softirq_handle_end();
}

function* holdSpin(lock: Spinlock): Body<void> {
  yield* spin_lock(lock);
  yield* spin_unlock(lock);
}

describe('interrupts', () => {
  test('a lock of an interrupt that is taken with that interrupt on is inconsistent', async () => {
    const lines = run([({ spin }) => inHardirq(() => holdSpin(spin)), ({ spin }) => holdSpin(spin)]);
    expect(title(lines)).toBe('WARNING: inconsistent lock state');
    expect(lines).toContain('inconsistent {IN-HARDIRQ-W} -> {HARDIRQ-ON-W} usage.');
    expect(titlesOf(lines)).toEqual(['inconsistent lock state in task1_fn']);
    await expect(golden(lines)).toMatchFileSnapshot('../golden/inconsistent-lock-state.golden');
    expect(run([({ spin }) => inSoftirq(() => holdSpin(spin)), ({ spin }) => holdSpin(spin)])).toContain(
      'inconsistent {IN-SOFTIRQ-W} -> {SOFTIRQ-ON-W} usage.',
    );
  });

  test('with interrupts off, or soft interrupts for a lock of those, it is consistent', () => {
    const irq: Code = function* ({ spin, spin2 }) {
      yield* spin_lock_irq(spin);
      yield* spin_unlock_irq(spin);
      yield* spin_lock_bh(spin2);
      yield* spin_unlock_bh(spin2);
    };
    const inside: Code = function* ({ spin, spin2 }) {
      yield* inHardirq(() => holdSpin(spin));
      yield* inSoftirq(() => holdSpin(spin2));
    };
    expect(run([irq, inside, irq])).toEqual([]);
  });

  test('taking a lock that is held with interrupts on inside of one of an interrupt is reported', async () => {
    const inside: Code = ({ spin }) => inHardirq(() => holdSpin(spin));
    const outside: Code = ({ spin2 }) => holdSpin(spin2);
    const nested: Code = function* ({ spin, spin2 }) {
      yield* spin_lock_irq(spin);
      yield* holdSpin(spin2);
      yield* spin_unlock_irq(spin);
    };
    const lines = run([inside, outside, nested]);
    expect(title(lines)).toBe('WARNING: HARDIRQ-safe -> HARDIRQ-unsafe lock order detected');
    await expect(golden(lines)).toMatchFileSnapshot('../golden/irq-unsafe-lock-order.golden');
    expect(run([outside, nested])).toEqual([]);
  });

  test('a lock that turns up in an interrupt and leads to one held with interrupts on is an inversion', async () => {
    const nested: Code = function* ({ spin, spin2 }) {
      yield* spin_lock_irq(spin);
      yield* holdSpin(spin2);
      yield* spin_unlock_irq(spin);
    };
    const lines = run([
      nested,
      ({ spin2 }) => holdSpin(spin2),
      ({ spin }) => inHardirq(() => holdSpin(spin)),
    ]);
    expect(title(lines)).toBe('WARNING: possible irq lock inversion dependency detected');
    await expect(golden(lines)).toMatchFileSnapshot('../golden/irq-lock-inversion.golden');
  });

  test('what a task holds when an interrupt comes has nothing to do with what the interrupt takes', () => {
    const interrupted: Code = function* ({ spin, raw }) {
      yield* spin_lock(spin);
      yield* inHardirq(function* () {
        yield* raw_spin_lock(raw);
        yield* raw_spin_unlock(raw);
      });
      yield* spin_unlock(spin);
    };
    const other: Code = function* ({ spin, raw }) {
      yield* raw_spin_lock_irq(raw);
      yield* raw_spin_unlock_irq(raw);
      yield* holdSpin(spin);
    };
    expect(run([interrupted, other])).toEqual([]);
  });
});

describe('wait contexts', () => {
  const mutexInSpinlock: Code = function* ({ spin, a }) {
    yield* spin_lock(spin);
    yield* hold(a);
    yield* spin_unlock(spin);
  };
  const spinlockInRaw: Code = function* ({ raw, spin }) {
    yield* raw_spin_lock(raw);
    yield* holdSpin(spin);
    yield* raw_spin_unlock(raw);
  };

  test('a mutex inside of a spinlock is invalid', async () => {
    for (const PREEMPT_RT of [false, true]) {
      expect(title(run([mutexInSpinlock], { PREEMPT_RT }))).toBe('[ BUG: Invalid wait context ]');
    }
    const lines = run([mutexInSpinlock]);
    await expect(golden(lines)).toMatchFileSnapshot('../golden/invalid-wait-context.golden');
  });

  test('a spinlock inside of a raw one is invalid where raw ones are told from others', () => {
    const lines = run([spinlockInRaw], { PROVE_RAW_LOCK_NESTING: true });
    expect(title(lines)).toBe('[ BUG: Invalid wait context ]');
    expect(normalise(lines)).toContain('ADDR (spin){....}-{3:3}, at: task0_fn');
    expect(run([spinlockInRaw])).toEqual([]);
  });

  test('a trylock, and a spinlock inside of a mutex, are valid', () => {
    const fine: Code = function* ({ spin, a, b }) {
      yield* mutex_lock(a);
      yield* spin_lock(spin);
      if (yield* mutex_trylock(b)) yield* mutex_unlock(b);
      yield* spin_unlock(spin);
      yield* mutex_unlock(a);
    };
    expect(run([fine], { PROVE_RAW_LOCK_NESTING: true })).toEqual([]);
  });
});

describe('held locks', () => {
  test('an unlock without a lock is reported', () => {
    expect(title(run([({ a }) => unlock(a)]))).toBe('WARNING: bad unlock balance detected!');
  });

  test('a lock on the way back to user space is reported', () => {
    const lines = run([
      function* ({ a }) {
        yield* mutex_lock(a);
        lockdep_sys_exit();
      },
    ]);
    expect(title(lines)).toBe('WARNING: lock held when returning to user space!');
    expect(lines).toContain('1 lock held by task0/100:');
  });

  test('locks may be released in any order, and a writer that became a reader counts as one', () => {
    const fine: Code = function* ({ a, b, c, sem }) {
      yield* mutex_lock(a);
      yield* mutex_lock(b);
      yield* down_write(sem);
      yield* mutex_unlock(a);
      yield* mutex_lock(c);
      yield* downgrade_write(sem);
      yield* mutex_unlock(b);
      yield* up_read(sem);
      yield* mutex_unlock(c);
    };
    expect(run([fine])).toEqual([]);
  });

  test('lockdep_assert_held() warns who does not hold the lock', () => {
    const asserts = (take: boolean): Code =>
      function* ({ a }) {
        if (take) yield* mutex_lock(a);
        lockdep_assert_held(a, 'mm/mmap.c:1');
      };
    expect(run([asserts(true)])).toEqual([]);
    expect(run([asserts(false)])).not.toEqual([]);
  });

  test('all locks of all tasks that sleep can be listed', () => {
    const kernel = boot([
      function* ({ a, sem }) {
        yield* down_read(sem);
        yield* mutex_lock(a);
        yield* set_current_state(TASK_UNINTERRUPTIBLE);
        yield* schedule();
      },
      function* ({ a }) {
        yield* mutex_lock(a);
      },
    ]);
    kernel.machine.inside(debug_show_all_locks);
    expect(normalise(dmesg(kernel))).toEqual([
      '',
      'Showing all locks held in the system:',
      '2 locks held by task0/N:',
      ' #0: ADDR (sem){.+.+}-{3:3}, at: task0_fn',
      ' #1: ADDR (a){+.+.}-{3:3}, at: task0_fn',
      '1 lock held by task1/N:',
      ' #0: ADDR (a){+.+.}-{3:3}, at: task1_fn',
      '',
      '=============================================',
      '',
    ]);
  });
});

const unlock = (lock: Mutex): Body<void> =>
  (function* () {
    yield* mutex_unlock(lock);
  })();

describe('the switch', () => {
  const recursive: Code = function* ({ sem }) {
    yield* down_read(sem);
    yield* down_read(sem);
  };

  test('without PROVE_LOCKING nothing is said and no lock is listed', () => {
    const kernel = boot([recursive], { PROVE_LOCKING: false });
    expect(dmesg(kernel)).toEqual([]);
    kernel.machine.inside(debug_show_all_locks);
    expect(dmesg(kernel)).toEqual([]);
  });

  test('the first report is the last', () => {
    const kernel = boot([recursive, recursive, ({ a }) => unlock(a)]);
    expect(dmesg(kernel).filter((line) => line.startsWith('WARNING:'))).toHaveLength(1);
    expect(kernel.machine.inside(debug_locks)).toBe(false);
  });

  test('a taint that makes the books unreliable ends it, and says so', () => {
    const kernel = boot([
      function* (locks) {
        add_taint('B', 'LOCKDEP_NOW_UNRELIABLE');
        yield* recursive(locks);
      },
    ]);
    expect(dmesg(kernel)).toEqual(['Disabling lock debugging due to kernel taint']);
  });
});
