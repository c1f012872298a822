import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Body } from '../../../sim/call.ts';
import { Cell } from '../../../sim/cell.ts';
import { describeWait, endingOf } from '../../../sim/ending.ts';
import { RandomChooser } from '../../../sim/random.ts';
import { current, type TaskStruct } from '../../include/sched.ts';
import { set_bit } from '../../include/bitops.ts';
import { EINTR } from '../../include/errno.ts';
import type { Config } from '../../config.ts';
import type { Kernel } from '../../kernel.ts';
import { addTasks, bootForTest, dmesg, inTurn, runTasks, stepping } from '../../testing/boot.ts';
import { set_current_state, task_state } from '../sched/core.ts';
import { Mutex, mutex_lock, mutex_lock_killable, mutex_trylock, mutex_unlock } from './mutex.ts';
import { RawSpinlock, raw_spin_lock_irqsave, raw_spin_unlock_irqrestore } from './raw_spinlock.ts';
import { read_lock, read_unlock, Rwlock, write_lock_irq, write_unlock_irq } from './rwlock.ts';
import {
  down_read,
  down_read_killable,
  down_read_trylock,
  down_write,
  down_write_killable,
  down_write_trylock,
  downgrade_write,
  RwSemaphore,
  up_read,
  up_write,
} from './rwsem.ts';
import { spin_lock, spin_unlock, Spinlock, spin_lock_bh, spin_unlock_bh, spin_trylock } from './spinlock.ts';

const kinds = [{ PREEMPT_RT: false }, { PREEMPT_RT: true }] as const;
const checked: Partial<Config> = { PROVE_LOCKING: true, DEBUG_ATOMIC_SLEEP: true };

function make<T>(kernel: Kernel, create: () => T): T {
  return kernel.machine.inside(create);
}

interface Inside {
  readers: number;
  writers: number;
  bad: boolean;
}

/** A stay inside a lock: notes who else is there, for some operations long. */
function* stay(inside: Inside, as: 'readers' | 'writers', pause: Cell<number>): Body<void> {
  inside[as]++;
  if (inside.writers > 1 || (inside.writers === 1 && inside.readers > 0)) inside.bad = true;
  yield* pause.read();
  yield* pause.read();
  inside[as]--;
}

type Locking = (kernel: Kernel) => {
  readonly write: () => Body<void>;
  readonly read?: () => Body<void>;
  readonly inside: Inside;
};

function fixture(kernel: Kernel) {
  return { inside: { readers: 0, writers: 0, bad: false }, pause: make(kernel, () => new Cell(0, 'pause')) };
}

const locks: Record<string, Locking> = {
  raw_spinlock_t(kernel) {
    const { inside, pause } = fixture(kernel);
    const lock = make(kernel, () => new RawSpinlock('raw'));
    return {
      inside,
      *write() {
        const flags = yield* raw_spin_lock_irqsave(lock);
        yield* stay(inside, 'writers', pause);
        yield* raw_spin_unlock_irqrestore(lock, flags);
      },
    };
  },
  spinlock_t(kernel) {
    const { inside, pause } = fixture(kernel);
    const lock = make(kernel, () => new Spinlock('spin'));
    return {
      inside,
      *write() {
        yield* spin_lock_bh(lock);
        yield* stay(inside, 'writers', pause);
        yield* spin_unlock_bh(lock);
        if (!(yield* spin_trylock(lock))) return;
        yield* stay(inside, 'writers', pause);
        yield* spin_unlock(lock);
      },
    };
  },
  mutex(kernel) {
    const { inside, pause } = fixture(kernel);
    const lock = make(kernel, () => new Mutex('mutex'));
    return {
      inside,
      *write() {
        if (!(yield* mutex_trylock(lock))) yield* mutex_lock(lock);
        yield* stay(inside, 'writers', pause);
        yield* mutex_unlock(lock);
      },
    };
  },
  rwlock_t(kernel) {
    const { inside, pause } = fixture(kernel);
    const lock = make(kernel, () => new Rwlock('rwlock'));
    return {
      inside,
      *write() {
        yield* write_lock_irq(lock);
        yield* stay(inside, 'writers', pause);
        yield* write_unlock_irq(lock);
      },
      *read() {
        yield* read_lock(lock);
        yield* stay(inside, 'readers', pause);
        yield* read_unlock(lock);
      },
    };
  },
  rw_semaphore(kernel) {
    const { inside, pause } = fixture(kernel);
    const sem = make(kernel, () => new RwSemaphore('rwsem'));
    return {
      inside,
      *write() {
        if (!(yield* down_write_trylock(sem))) yield* down_write(sem);
        yield* stay(inside, 'writers', pause);
        yield* downgrade_write(sem);
        yield* stay(inside, 'readers', pause);
        yield* up_read(sem);
      },
      *read() {
        if (!(yield* down_read_trylock(sem))) yield* down_read(sem);
        yield* stay(inside, 'readers', pause);
        yield* up_read(sem);
      },
    };
  },
};

describe.each(kinds)('with %j', ({ PREEMPT_RT }) => {
  test.each(Object.keys(locks))(
    '%s lets in one writer or any number of readers, whatever the order',
    (name) => {
      fc.assert(
        fc.property(fc.nat(), fc.array(fc.boolean(), { minLength: 2, maxLength: 5 }), (seed, writers) => {
          const kernel = bootForTest({ config: { ...checked, PREEMPT_RT } });
          const { write, read = write, inside } = locks[name](kernel);
          const tasks = Object.fromEntries(writers.map((writes, i) => [`t${i}`, writes ? write : read]));
          runTasks(kernel, tasks, new RandomChooser(seed));
          expect(endingOf(kernel.machine).kind).toBe('complete');
          expect(inside).toEqual({ readers: 0, writers: 0, bad: false });
          expect(dmesg(kernel)).toEqual([]);
        }),
      );
    },
  );

  test('a task leaves its locks as it came: preemption, migration and interrupts are back', () => {
    for (const locking of Object.values(locks)) {
      const kernel = bootForTest({ config: { ...checked, PREEMPT_RT } });
      const { write, read = write } = locking(kernel);
      const { t } = runTasks(kernel, {
        *t() {
          yield* write();
          yield* read();
        },
      });
      expect(t).toMatchObject({
        preempt_count: 0,
        irqs_disabled: 0,
        migration_disabled: 0,
        rcu_read_lock_nesting: 0,
        softirq_disable_cnt: 0,
        held_locks: [],
        blocked: null,
      });
      expect(t.thread.standing).toMatchObject({ shield: -1, pinnedTo: null });
    }
  });

  test('a queued writer makes the trylock of a reader fail although only readers are inside', () => {
    const kernel = bootForTest({ config: { PREEMPT_RT } });
    const sem = make(kernel, () => new RwSemaphore('&mm->mmap_lock'));
    const seen: boolean[] = [];
    const tasks = {
      *reader() {
        yield* down_read(sem);
        seen.push(yield* down_read_trylock(sem));
        yield* up_read(sem);
        yield* set_current_state(0);
        seen.push(yield* down_read_trylock(sem));
      },
      *writer() {
        yield* down_write(sem);
      },
    };
    // The reader enters twice and leaves once; the writer comes; the reader tries again.
    runTasks(kernel, tasks, stepping(...Array<string>(4).fill('reader'), ...Array<string>(2).fill('writer')));
    expect(seen).toEqual([true, false]);
    const ending = endingOf(kernel.machine);
    expect(ending.kind === 'deadlock' ? ending.waits.map(describeWait) : ending).toEqual([
      'writer waits for &mm->mmap_lock, held by reader (ended)',
    ]);
  });

  test('readers that come after a waiting writer enter after it', () => {
    const kernel = bootForTest({ config: { PREEMPT_RT } });
    const sem = make(kernel, () => new RwSemaphore('sem'));
    const order: string[] = [];
    const tasks = {
      *early() {
        yield* down_read(sem);
        order.push('early');
        yield* up_read(sem);
      },
      *writer() {
        yield* down_write(sem);
        order.push('writer');
        yield* up_write(sem);
      },
      *late() {
        yield* down_read(sem);
        order.push('late');
        yield* up_read(sem);
      },
    };
    runTasks(kernel, tasks, stepping('early', 'early', 'writer', 'writer', 'late', 'late'));
    expect(order).toEqual(['early', 'writer', 'late']);
  });

  test('killable waiters give up when SIGKILL arrives, and others are not held up by them', () => {
    const kernel = bootForTest({ config: { ...checked, PREEMPT_RT } });
    const { mutex, sem, gate } = make(kernel, () => ({
      mutex: new Mutex('mutex'),
      sem: new RwSemaphore('sem'),
      gate: new Cell(false, 'gate'),
    }));
    const results: Record<string, number> = {};
    const tasks = addTasks(kernel, {
      *holder() {
        yield* mutex_lock(mutex);
        yield* down_read(sem);
        yield* gate.await((open) => open);
        yield* up_read(sem);
        yield* mutex_unlock(mutex);
      },
      *mutex() {
        results['mutex'] = yield* mutex_lock_killable(mutex);
      },
      *write() {
        results['write'] = yield* down_write_killable(sem);
      },
      *read() {
        results['read'] = yield* down_read_killable(sem);
      },
      *killer() {
        for (const name of ['mutex', 'write', 'read']) yield* set_bit(8, tasks[name].pending);
        yield* gate.write(true);
      },
    });
    kernel.machine.run(inTurn);
    // The reader had to wait for the writer only, and that gave up.
    expect(results).toEqual({ mutex: -EINTR, write: -EINTR, read: 0 });
    expect(endingOf(kernel.machine).kind).toBe('complete');
    expect(dmesg(kernel)).toEqual([]);
  });

  test('two tasks that take two locks in opposite order can wait for each other, and the ending names them', () => {
    const kernel = bootForTest({ config: { PREEMPT_RT } });
    const [a, b] = make(kernel, () => [new Mutex('a'), new Spinlock('b')] as const);
    const tasks = {
      *one() {
        yield* mutex_lock(a);
        yield* spin_lock(b);
      },
      *two() {
        yield* spin_lock(b);
        yield* mutex_lock(a);
      },
    };
    runTasks(kernel, tasks, stepping('one', 'one', 'two', 'two'));
    const ending = endingOf(kernel.machine);
    expect(ending.kind === 'deadlock' ? ending.cycle.map(describeWait) : ending).toEqual([
      'one waits for b, held by two',
      'two waits for a, held by one',
    ]);
  });

  test('a task that waits for a lock shows as asleep, or as spinning, to others', () => {
    const kernel = bootForTest({ config: { PREEMPT_RT } });
    const { mutex, spin, gate } = make(kernel, () => ({
      mutex: new Mutex('mutex'),
      spin: new Spinlock('spin'),
      gate: new Cell(false, 'gate'),
    }));
    const states: number[] = [];
    const tasks: Record<string, TaskStruct> = addTasks(kernel, {
      *holder() {
        yield* mutex_lock(mutex);
        yield* spin_lock(spin);
        yield* gate.await((open) => open);
        states.push(task_state(tasks['sleeper']), task_state(tasks['spinner']), task_state(current()));
      },
      *sleeper() {
        yield* mutex_lock(mutex);
      },
      *spinner() {
        yield* spin_lock(spin);
      },
      *opener() {
        yield* gate.write(true);
      },
    });
    kernel.machine.run(inTurn);
    expect(states).toEqual([2, PREEMPT_RT ? 0x1000 : 0, 0]);
  });
});
