import type { Body, Call } from '../../../sim/call.ts';
import type { Memory } from '../../../sim/memory.ts';
import { TASK_RTLOCK_WAIT } from '../../include/task_state.ts';
import { config } from '../../kernel.ts';
import { kfunc } from '../../kfunc.ts';
import { rcu_read_lock, rcu_read_unlock } from '../rcu/tree.ts';
import {
  block,
  local_bh_disable,
  local_bh_enable,
  migrate_disable,
  migrate_enable,
  preempt_disable,
  rtlock_might_resched,
  unblock,
  type BlockedOn,
} from '../sched/core.ts';
import { acquire, lock_release } from './lockdep.ts';
import {
  _raw_spin_lock,
  _raw_spin_lock_irq,
  _raw_spin_lock_irqsave,
  _raw_spin_trylock,
  _raw_spin_unlock,
  _raw_spin_unlock_irq,
  _raw_spin_unlock_irqrestore,
  ExclusiveLock,
} from './raw_spinlock.ts';

/** spinlock_t - a raw spinlock, or with PREEMPT_RT a mutex that sleeps. */
export class Spinlock extends ExclusiveLock {
  constructor(name: string, memory: Memory | null = null) {
    super(name, memory, { inner: 'config' });
  }
}

/** A task that waits for a spinlock_t or an rwlock_t with PREEMPT_RT. Its __state is kept for the wake-up. */
export const RTLOCK: BlockedOn = {
  state: TASK_RTLOCK_WAIT,
  frames: ['__schedule', 'schedule_rtlock', 'rtlock_slowlock_locked'],
};

const SPINLOCK_RT = 'kernel/locking/spinlock_rt.c';

/**
 * rt_spin_lock() - take a spinlock_t of a PREEMPT_RT kernel.
 *
 * Context: a task that may be scheduled away, also inside of RCU readers. An RCU reader itself while it has
 * the lock.
 * Models: kernel/locking/spinlock_rt.c; lockdep hears of it before the check. Leaves out priority inheritance.
 */
export const rt_spin_lock = kfunc('rt_spin_lock', function* (lock: Spinlock) {
  acquire(lock.dep_map);
  yield* __rt_spin_lock(lock);
});

export const rt_spin_lock_nested = kfunc('rt_spin_lock_nested', function* (lock: Spinlock, subclass: number) {
  acquire(lock.dep_map, subclass);
  yield* __rt_spin_lock(lock);
});

export const rt_spin_lock_nest_lock = kfunc(
  'rt_spin_lock_nest_lock',
  function* (lock: Spinlock, nest: NestLock) {
    acquire(lock.dep_map, 0, false, 0, nest.dep_map);
    yield* __rt_spin_lock(lock);
  },
);

/** A lock that is held while several of another class are taken. */
export interface NestLock {
  readonly dep_map: ExclusiveLock['dep_map'];
}

function* __rt_spin_lock(lock: Spinlock): Body<void> {
  rtlock_might_resched(SPINLOCK_RT, 48);
  block(RTLOCK);
  yield* lock.take();
  unblock();
  yield* rcu_read_lock();
  migrate_disable();
}

export const rt_spin_trylock = kfunc('rt_spin_trylock', function* (lock: Spinlock) {
  if (!(yield* lock.tryTake())) return false;
  acquire(lock.dep_map, 0, true);
  yield* rcu_read_lock();
  migrate_disable();
  return true;
});

export const rt_spin_unlock = kfunc('rt_spin_unlock', function* (lock: Spinlock) {
  lock_release(lock.dep_map);
  migrate_enable();
  yield* rcu_read_unlock();
  yield* lock.drop();
});

// What drivers write. Which functions stand behind it is decided when the kernel is built.

const rt = (): boolean => config().PREEMPT_RT;

export const spin_lock = (lock: Spinlock): Call<void> =>
  rt() ? rt_spin_lock(lock) : _raw_spin_lock(lock, 0);
export const spin_lock_nested = (lock: Spinlock, subclass: number): Call<void> =>
  rt() ? rt_spin_lock_nested(lock, subclass) : _raw_spin_lock(lock, subclass);
export const spin_lock_nest_lock = (lock: Spinlock, nest: NestLock): Call<void> =>
  rt() ? rt_spin_lock_nest_lock(lock, nest) : _raw_spin_lock_nest_lock(lock, nest);
export const spin_trylock = (lock: Spinlock): Call<boolean> =>
  rt() ? rt_spin_trylock(lock) : _raw_spin_trylock(lock);
export const spin_unlock = (lock: Spinlock): Call<void> =>
  rt() ? rt_spin_unlock(lock) : _raw_spin_unlock(lock);

/** With PREEMPT_RT interrupts stay on. */
export const spin_lock_irq = (lock: Spinlock): Call<void> =>
  rt() ? rt_spin_lock(lock) : _raw_spin_lock_irq(lock);
export const spin_unlock_irq = (lock: Spinlock): Call<void> =>
  rt() ? rt_spin_unlock(lock) : _raw_spin_unlock_irq(lock);

/** Return: what goes to spin_unlock_irqrestore(). */
export function* spin_lock_irqsave(lock: Spinlock): Body<number> {
  if (!rt()) return yield* _raw_spin_lock_irqsave(lock);
  yield* rt_spin_lock(lock);
  return 0;
}
export const spin_unlock_irqrestore = (lock: Spinlock, flags: number): Call<void> =>
  rt() ? rt_spin_unlock(lock) : _raw_spin_unlock_irqrestore(lock, flags);

export function* spin_lock_bh(lock: Spinlock): Body<void> {
  yield* local_bh_disable();
  yield* spin_lock(lock);
}
export function* spin_unlock_bh(lock: Spinlock): Body<void> {
  yield* spin_unlock(lock);
  yield* local_bh_enable();
}

const _raw_spin_lock_nest_lock = kfunc(
  '_raw_spin_lock_nest_lock',
  function* (lock: Spinlock, nest: NestLock) {
    preempt_disable();
    acquire(lock.dep_map, 0, false, 0, nest.dep_map);
    yield* lock.take();
  },
);
