import type { Call } from '../../../sim/call.ts';
import type { Memory } from '../../../sim/memory.ts';
import { type Hold, SimObject } from '../../../sim/object.ts';
import { BlockingEffect, Effect, type Operation } from '../../../sim/operation.ts';
import type { Task } from '../../../sim/task.ts';
import { kfunc } from '../../kfunc.ts';
import {
  local_irq_disable,
  local_irq_enable,
  local_irq_restore,
  local_irq_save,
  preempt_disable,
  preempt_enable,
} from '../sched/core.ts';
import { acquire, hasLockdep, lock_release, LockdepMap, type WaitTypes } from './lockdep.ts';

/** What every exclusive lock is to the machine: an owner. Whoever gets it when it is free, has it. */
export abstract class ExclusiveLock extends SimObject {
  owner: Task | null = null;
  /** Null where lockdep is not compiled in. */
  readonly dep_map: LockdepMap | null;

  // Made when they are first asked for: most locks are never taken.
  private taking: Operation<void> | null = null;
  private trying: Operation<boolean> | null = null;
  private releasing: Operation<void> | null = null;
  private looking: Operation<boolean> | null = null;

  constructor(
    /** As lockdep prints it: `&kvm->mn_invalidate_lock`. Locks with one name are one class. */
    override readonly name: string,
    memory: Memory | null,
    wait: WaitTypes,
  ) {
    super(memory);
    this.dep_map = hasLockdep() ? new LockdepMap(name, wait, memory) : null;
  }

  override holders(): readonly Task[] {
    return this.owner === null ? [] : [this.owner];
  }

  override snapshot(): unknown {
    return this.owner;
  }

  override restore(snapshot: unknown): void {
    this.owner = snapshot as Task | null;
  }

  override likeness(): unknown {
    return this.owner;
  }

  override hold(task: Task): Hold {
    return this.owner === task ? 'exclusive' : 'none';
  }

  take(): Operation<void> {
    return (this.taking ??= new BlockingEffect<void>(
      'acquire',
      this,
      'write',
      () => this.owner === null,
      (task) => {
        this.owner = task;
      },
    ));
  }

  tryTake(): Operation<boolean> {
    return (this.trying ??= new Effect('acquire', this, 'write', (task) => {
      if (this.owner !== null) return false;
      this.owner = task;
      return true;
    }));
  }

  drop(): Operation<void> {
    return (this.releasing ??= new Effect<void>('release', this, 'write', () => {
      this.owner = null;
    }));
  }

  isTaken(): Operation<boolean> {
    return (this.looking ??= new Effect('read', this, 'read', () => this.owner !== null));
  }
}

/** raw_spinlock_t - spins with preemption off, whatever the configuration. */
export class RawSpinlock extends ExclusiveLock {
  constructor(name: string, memory: Memory | null = null, wait: WaitTypes = { inner: 'spin' }) {
    super(name, memory, wait);
  }
}

// These serve spinlock_t as well, where it is no mutex.

export const _raw_spin_lock = kfunc('_raw_spin_lock', function* (lock: ExclusiveLock, subclass: number) {
  preempt_disable();
  acquire(lock.dep_map, subclass);
  yield* lock.take();
});

export const _raw_spin_lock_irq = kfunc('_raw_spin_lock_irq', function* (lock: ExclusiveLock) {
  local_irq_disable();
  preempt_disable();
  acquire(lock.dep_map);
  yield* lock.take();
});

/** Return: the state of interrupts, for _raw_spin_unlock_irqrestore(). */
export const _raw_spin_lock_irqsave = kfunc('_raw_spin_lock_irqsave', function* (lock: ExclusiveLock) {
  const flags = local_irq_save();
  preempt_disable();
  acquire(lock.dep_map);
  yield* lock.take();
  return flags;
});

export const _raw_spin_trylock = kfunc('_raw_spin_trylock', function* (lock: ExclusiveLock) {
  preempt_disable();
  if (yield* lock.tryTake()) {
    acquire(lock.dep_map, 0, true);
    return true;
  }
  preempt_enable();
  return false;
});

export const _raw_spin_unlock = kfunc('_raw_spin_unlock', function* (lock: ExclusiveLock) {
  lock_release(lock.dep_map);
  yield* lock.drop();
  preempt_enable();
});

export const _raw_spin_unlock_irq = kfunc('_raw_spin_unlock_irq', function* (lock: ExclusiveLock) {
  lock_release(lock.dep_map);
  yield* lock.drop();
  local_irq_enable();
  preempt_enable();
});

export const _raw_spin_unlock_irqrestore = kfunc(
  '_raw_spin_unlock_irqrestore',
  function* (lock: ExclusiveLock, flags: number) {
    lock_release(lock.dep_map);
    yield* lock.drop();
    local_irq_restore(flags);
    preempt_enable();
  },
);

export const raw_spin_lock = (lock: RawSpinlock): Call<void> => _raw_spin_lock(lock, 0);
export const raw_spin_lock_nested = (lock: RawSpinlock, subclass: number): Call<void> =>
  _raw_spin_lock(lock, subclass);
export const raw_spin_lock_irq = (lock: RawSpinlock): Call<void> => _raw_spin_lock_irq(lock);
export const raw_spin_lock_irqsave = (lock: RawSpinlock): Call<number> => _raw_spin_lock_irqsave(lock);
export const raw_spin_trylock = (lock: RawSpinlock): Call<boolean> => _raw_spin_trylock(lock);
export const raw_spin_unlock = (lock: RawSpinlock): Call<void> => _raw_spin_unlock(lock);
export const raw_spin_unlock_irq = (lock: RawSpinlock): Call<void> => _raw_spin_unlock_irq(lock);
export const raw_spin_unlock_irqrestore = (lock: RawSpinlock, flags: number): Call<void> =>
  _raw_spin_unlock_irqrestore(lock, flags);
