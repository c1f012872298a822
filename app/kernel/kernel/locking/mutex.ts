import type { Body, Call } from '../../../sim/call.ts';
import type { Cell } from '../../../sim/cell.ts';
import type { Memory } from '../../../sim/memory.ts';
import { BlockingEffect, type Operation } from '../../../sim/operation.ts';
import { EINTR } from '../../include/errno.ts';
import { current, TIF_SIGPENDING } from '../../include/sched.ts';
import { TASK_INTERRUPTIBLE, TASK_KILLABLE, TASK_UNINTERRUPTIBLE } from '../../include/task_state.ts';
import { config } from '../../kernel.ts';
import { kfunc } from '../../kfunc.ts';
import { block, might_sleep, unblock, type BlockedOn } from '../sched/core.ts';
import { acquire, hasLockdep, lock_release } from './lockdep.ts';
import { ExclusiveLock } from './raw_spinlock.ts';

/** struct mutex - sleeps; with PREEMPT_RT an rt_mutex. */
export class Mutex extends ExclusiveLock {
  constructor(name: string, memory: Memory | null = null) {
    super(name, memory, { inner: 'sleep' });
  }

  /** Takes the mutex, or gives up with -EINTR when `signals` has one of `bits` set and the mutex is not free. */
  takeUnless(signals: Cell<number>, bits: number): Operation<number> {
    return new BlockingEffect(
      'acquire',
      this,
      'write',
      () => this.owner === null || (signals.value & bits) !== 0,
      (task) => {
        if (this.owner !== null) return -EINTR;
        this.owner = task;
        return 0;
      },
      signals,
    );
  }
}

const NON_RT = ['__schedule', 'schedule', 'schedule_preempt_disabled', '__mutex_lock'];
const RT = ['__schedule', 'rt_mutex_schedule', 'rt_mutex_slowlock_block', 'rt_mutex_slowlock'];

/** How a task shows that waits for a mutex or an rwsem. */
export function sleepingLock(state: number, frames: readonly string[], rtFrames: readonly string[]) {
  const nonRt: BlockedOn = { state, frames };
  const rt: BlockedOn = { state, frames: rtFrames };
  return (): BlockedOn => (config().PREEMPT_RT ? rt : nonRt);
}
const uninterruptible = sleepingLock(TASK_UNINTERRUPTIBLE, NON_RT, RT);
const killable = sleepingLock(TASK_KILLABLE, NON_RT, RT);
const interruptible = sleepingLock(TASK_INTERRUPTIBLE, NON_RT, RT);

/** The pending signals that are fatal: SIGKILL. */
export const SIGKILL_MASK = 1 << 8;

function checkSleep(): void {
  if (config().PREEMPT_RT) might_sleep('kernel/locking/rtmutex_api.c', 518);
  else might_sleep('kernel/locking/mutex.c', 586);
}

/** Models: kernel/locking/mutex.c, rtmutex_api.c. Leaves out spinning on the owner and hand-off. */
function* lock_common(lock: Mutex, subclass: number, nest: ExclusiveLock | null = null): Body<void> {
  checkSleep();
  acquire(lock.dep_map, subclass, false, 0, nest?.dep_map ?? null);
  block(uninterruptible());
  yield* lock.take();
  unblock();
}

function* lock_killable_common(lock: Mutex): Body<number> {
  checkSleep();
  acquire(lock.dep_map);
  block(killable());
  const error = yield* lock.takeUnless(current().pending, SIGKILL_MASK);
  unblock();
  if (error !== 0) lock_release(lock.dep_map);
  return error;
}

function* lock_interruptible_common(lock: Mutex): Body<number> {
  checkSleep();
  acquire(lock.dep_map);
  block(interruptible());
  const error = yield* lock.takeUnless(current().thread_flags, 1 << TIF_SIGPENDING);
  unblock();
  if (error !== 0) lock_release(lock.dep_map);
  return error;
}

// With lockdep compiled in, mutex_lock() is a macro for mutex_lock_nested(), and so on.

const plain_mutex_lock = kfunc('mutex_lock', (lock: Mutex) => lock_common(lock, 0));
const plain_mutex_lock_killable = kfunc('mutex_lock_killable', lock_killable_common);
const plain_mutex_lock_interruptible = kfunc('mutex_lock_interruptible', lock_interruptible_common);
const mutex_lock_killable_nested = kfunc('mutex_lock_killable_nested', lock_killable_common);
const mutex_lock_interruptible_nested = kfunc('mutex_lock_interruptible_nested', lock_interruptible_common);

export const mutex_lock_nested = kfunc('mutex_lock_nested', (lock: Mutex, subclass: number) =>
  lock_common(lock, subclass),
);
/** Several of one class, serialised by `nest`, which is held. */
export const _mutex_lock_nest_lock = kfunc('_mutex_lock_nest_lock', (lock: Mutex, nest: ExclusiveLock) =>
  lock_common(lock, 0, nest),
);
export const mutex_lock_nest_lock = _mutex_lock_nest_lock;

/** mutex_lock() - waits in TASK_UNINTERRUPTIBLE until the mutex is free. */
export const mutex_lock = (lock: Mutex): Call<void> =>
  hasLockdep() ? mutex_lock_nested(lock, 0) : plain_mutex_lock(lock);

/** 0, or -EINTR if SIGKILL came before the mutex. */
export const mutex_lock_killable = (lock: Mutex): Call<number> =>
  hasLockdep() ? mutex_lock_killable_nested(lock) : plain_mutex_lock_killable(lock);

/** 0, or -EINTR if a signal came before the mutex. */
export const mutex_lock_interruptible = (lock: Mutex): Call<number> =>
  hasLockdep() ? mutex_lock_interruptible_nested(lock) : plain_mutex_lock_interruptible(lock);

export const mutex_trylock = kfunc('mutex_trylock', function* (lock: Mutex) {
  const locked = yield* lock.tryTake();
  if (locked) acquire(lock.dep_map, 0, true);
  return locked;
});

export const mutex_unlock = kfunc('mutex_unlock', function* (lock: Mutex) {
  lock_release(lock.dep_map);
  yield* lock.drop();
});

export const mutex_is_locked = (lock: Mutex): Operation<boolean> => lock.isTaken();
