import type { Body, Call } from '../../../sim/call.ts';
import type { Memory } from '../../../sim/memory.ts';
import { config } from '../../kernel.ts';
import { kfunc } from '../../kfunc.ts';
import { rcu_read_lock, rcu_read_unlock } from '../rcu/tree.ts';
import {
  block,
  in_interrupt,
  local_irq_disable,
  local_irq_enable,
  local_irq_restore,
  local_irq_save,
  migrate_disable,
  migrate_enable,
  preempt_disable,
  preempt_enable,
  rtlock_might_resched,
  unblock,
} from '../sched/core.ts';
import { acquire, lock_release } from './lockdep.ts';
import { SharedLock } from './shared_lock.ts';
import { RTLOCK } from './spinlock.ts';

/** rwlock_t - many readers or one writer; spins, or with PREEMPT_RT sleeps. */
export class Rwlock extends SharedLock {
  constructor(name: string, memory: Memory | null = null) {
    super(name, memory, { inner: 'config' });
  }
}

const SPINLOCK_RT = 'kernel/locking/spinlock_rt.c';

// With PREEMPT_RT: the check comes first, then lockdep hears of it. RCU readers while they have the lock.

export const rt_read_lock = kfunc('rt_read_lock', function* (lock: Rwlock) {
  rtlock_might_resched(SPINLOCK_RT, 248);
  acquire(lock.dep_map, 0, false, readKind());
  if (!(yield* lock.readOrQueue())) {
    block(RTLOCK);
    yield* lock.waitToRead();
    unblock();
  }
  yield* rcu_read_lock();
  migrate_disable();
});

export const rt_write_lock = kfunc('rt_write_lock', function* (lock: Rwlock) {
  rtlock_might_resched(SPINLOCK_RT, 258);
  acquire(lock.dep_map);
  block(RTLOCK);
  yield* lock.closeGate();
  yield* lock.waitToWrite();
  unblock();
  yield* rcu_read_lock();
  migrate_disable();
});

export const rt_read_trylock = kfunc('rt_read_trylock', function* (lock: Rwlock) {
  if (!(yield* lock.tryRead())) return false;
  acquire(lock.dep_map, 0, true, readKind());
  yield* rcu_read_lock();
  migrate_disable();
  return true;
});

export const rt_write_trylock = kfunc('rt_write_trylock', function* (lock: Rwlock) {
  if (!(yield* lock.tryingToWrite)) return false;
  acquire(lock.dep_map, 0, true);
  yield* rcu_read_lock();
  migrate_disable();
  return true;
});

export const rt_read_unlock = kfunc('rt_read_unlock', function* (lock: Rwlock) {
  lock_release(lock.dep_map);
  migrate_enable();
  yield* rcu_read_unlock();
  yield* lock.leaving;
});

export const rt_write_unlock = kfunc('rt_write_unlock', function* (lock: Rwlock) {
  lock_release(lock.dep_map);
  yield* rcu_read_unlock();
  migrate_enable();
  yield* lock.writerLeaving;
});

// Without: a queued lock, where readers in interrupts overtake writers that wait.

/** Readers that queue up must not be nested; with PREEMPT_RT and in interrupts they may. */
const readKind = (): 1 | 2 => (in_interrupt() ? 2 : 1);

function* raw_read_lock(lock: Rwlock): Body<void> {
  preempt_disable();
  acquire(lock.dep_map, 0, false, readKind());
  if (in_interrupt()) yield* lock.overtaking;
  else if (!(yield* lock.readOrQueue())) yield* lock.waitToRead();
}

function* raw_write_lock(lock: Rwlock): Body<void> {
  preempt_disable();
  acquire(lock.dep_map);
  if (!(yield* lock.writingOrQueueing)) yield* lock.waitToWrite();
}

const _raw_read_lock = kfunc('_raw_read_lock', raw_read_lock);
const _raw_write_lock = kfunc('_raw_write_lock', raw_write_lock);

const _raw_read_lock_irq = kfunc('_raw_read_lock_irq', function* (lock: Rwlock) {
  local_irq_disable();
  yield* raw_read_lock(lock);
});

const _raw_read_lock_irqsave = kfunc('_raw_read_lock_irqsave', function* (lock: Rwlock) {
  const flags = local_irq_save();
  yield* raw_read_lock(lock);
  return flags;
});

const _raw_write_lock_irq = kfunc('_raw_write_lock_irq', function* (lock: Rwlock) {
  local_irq_disable();
  yield* raw_write_lock(lock);
});

const _raw_write_lock_irqsave = kfunc('_raw_write_lock_irqsave', function* (lock: Rwlock) {
  const flags = local_irq_save();
  yield* raw_write_lock(lock);
  return flags;
});

const _raw_read_trylock = kfunc('_raw_read_trylock', function* (lock: Rwlock) {
  preempt_disable();
  const locked = yield* lock.tryRead();
  if (locked) acquire(lock.dep_map, 0, true, readKind());
  else preempt_enable();
  return locked;
});

const _raw_write_trylock = kfunc('_raw_write_trylock', function* (lock: Rwlock) {
  preempt_disable();
  const locked = yield* lock.tryingToWrite;
  if (locked) acquire(lock.dep_map, 0, true);
  else preempt_enable();
  return locked;
});

function* raw_read_unlock(lock: Rwlock): Body<void> {
  lock_release(lock.dep_map);
  yield* lock.leaving;
}

function* raw_write_unlock(lock: Rwlock): Body<void> {
  lock_release(lock.dep_map);
  yield* lock.writerLeaving;
}

const _raw_read_unlock = kfunc('_raw_read_unlock', function* (lock: Rwlock) {
  yield* raw_read_unlock(lock);
  preempt_enable();
});

const _raw_read_unlock_irq = kfunc('_raw_read_unlock_irq', function* (lock: Rwlock) {
  yield* raw_read_unlock(lock);
  local_irq_enable();
  preempt_enable();
});

const _raw_read_unlock_irqrestore = kfunc(
  '_raw_read_unlock_irqrestore',
  function* (lock: Rwlock, flags: number) {
    yield* raw_read_unlock(lock);
    local_irq_restore(flags);
    preempt_enable();
  },
);

const _raw_write_unlock = kfunc('_raw_write_unlock', function* (lock: Rwlock) {
  yield* raw_write_unlock(lock);
  preempt_enable();
});

const _raw_write_unlock_irq = kfunc('_raw_write_unlock_irq', function* (lock: Rwlock) {
  yield* raw_write_unlock(lock);
  local_irq_enable();
  preempt_enable();
});

const _raw_write_unlock_irqrestore = kfunc(
  '_raw_write_unlock_irqrestore',
  function* (lock: Rwlock, flags: number) {
    yield* raw_write_unlock(lock);
    local_irq_restore(flags);
    preempt_enable();
  },
);

const rt = (): boolean => config().PREEMPT_RT;

export const read_lock = (lock: Rwlock): Call<void> => (rt() ? rt_read_lock(lock) : _raw_read_lock(lock));
export const read_trylock = (lock: Rwlock): Call<boolean> =>
  rt() ? rt_read_trylock(lock) : _raw_read_trylock(lock);
export const read_unlock = (lock: Rwlock): Call<void> =>
  rt() ? rt_read_unlock(lock) : _raw_read_unlock(lock);
export const read_lock_irq = (lock: Rwlock): Call<void> =>
  rt() ? rt_read_lock(lock) : _raw_read_lock_irq(lock);
export const read_unlock_irq = (lock: Rwlock): Call<void> =>
  rt() ? rt_read_unlock(lock) : _raw_read_unlock_irq(lock);

/** Return: what goes to read_unlock_irqrestore(). */
export function* read_lock_irqsave(lock: Rwlock): Body<number> {
  if (!rt()) return yield* _raw_read_lock_irqsave(lock);
  yield* rt_read_lock(lock);
  return 0;
}
export const read_unlock_irqrestore = (lock: Rwlock, flags: number): Call<void> =>
  rt() ? rt_read_unlock(lock) : _raw_read_unlock_irqrestore(lock, flags);

export const write_lock = (lock: Rwlock): Call<void> => (rt() ? rt_write_lock(lock) : _raw_write_lock(lock));
export const write_trylock = (lock: Rwlock): Call<boolean> =>
  rt() ? rt_write_trylock(lock) : _raw_write_trylock(lock);
export const write_unlock = (lock: Rwlock): Call<void> =>
  rt() ? rt_write_unlock(lock) : _raw_write_unlock(lock);
export const write_lock_irq = (lock: Rwlock): Call<void> =>
  rt() ? rt_write_lock(lock) : _raw_write_lock_irq(lock);
export const write_unlock_irq = (lock: Rwlock): Call<void> =>
  rt() ? rt_write_unlock(lock) : _raw_write_unlock_irq(lock);

/** Return: what goes to write_unlock_irqrestore(). */
export function* write_lock_irqsave(lock: Rwlock): Body<number> {
  if (!rt()) return yield* _raw_write_lock_irqsave(lock);
  yield* rt_write_lock(lock);
  return 0;
}
export const write_unlock_irqrestore = (lock: Rwlock, flags: number): Call<void> =>
  rt() ? rt_write_unlock(lock) : _raw_write_unlock_irqrestore(lock, flags);
