import type { Observer } from '../../sim/observer.ts';
import { together } from '../../sim/observers.ts';
import type { Operation } from '../../sim/operation.ts';
import type { Task } from '../../sim/task.ts';
import type { Checker } from '../checker.ts';
import { EINTR } from '../include/errno.ts';
import type { TaskStruct } from '../include/sched.ts';
import type { Kernel } from '../kernel.ts';
import { lockStatistics, type LockStat } from '../kernel/locking/lock_stat.ts';
import { Mutex } from '../kernel/locking/mutex.ts';
import { ExclusiveLock, RawSpinlock } from '../kernel/locking/raw_spinlock.ts';
import { RwSemaphore } from '../kernel/locking/rwsem.ts';
import { SharedLock } from '../kernel/locking/shared_lock.ts';
import { debug_locks } from '../lib/debug_locks.ts';

/**
 * (LOCK_STAT) Sees who waits for a lock, and when the wait ends. It reports nothing: lock_stat_text() shows what was
 * counted. What is asked for and released the lock functions tell themselves (kernel/locking/lockdep.ts).
 *
 * As in the kernel, the waits of trylocks, of RCU and of annotations are not counted: they do not wait. And with
 * PREEMPT_RT only those of rw_semaphores and raw spinlocks are: rt_mutexes, which all other locks are there, do not
 * tell of contention.
 */
export const lockStat: Checker = {
  name: 'lock_stat',
  enabled: (config) => config.LOCK_STAT,
  attach: (kernel) => {
    const { machine } = kernel;
    const watch = new ContentionWatch(kernel, lockStatistics());
    machine.observer = machine.observer === null ? watch : together([machine.observer, watch]);
  },
};

type Lock = ExclusiveLock | SharedLock;

class ContentionWatch implements Observer {
  constructor(
    private readonly kernel: Kernel,
    private readonly books: LockStat,
  ) {}

  blocked(task: Task, operation: Operation<unknown>): void {
    const lock = lockOf(operation);
    if (lock !== null) this.contended(task, lock);
  }

  operation(task: Task, operation: Operation<unknown>, result: unknown): void {
    const lock = lockOf(operation);
    if (lock === null) return;
    if (result === false) {
      // Of a trylock nothing is on the books yet, and so nothing comes of this.
      this.contended(task, lock);
      return;
    }
    if (isHeldBy(lock, task) && result !== -EINTR) this.acquired(task, lock);
    // Others were about to take it, and find it taken.
    for (const other of lock.waiters ?? []) {
      const wish = other.pending;
      if (other !== task && wish !== null && wish.kind === 'acquire' && !wish.enabled(other)) {
        this.contended(other, lock);
      }
    }
  }

  private contended(task: Task, lock: Lock): void {
    const context = this.contextOf(task, lock);
    if (context === null || lock.dep_map === null || !this.tells(lock)) return;
    this.books.contended(context, lock.dep_map, this.cpuOf(task), this.kernel.machine.now);
  }

  private acquired(task: Task, lock: Lock): void {
    const context = this.contextOf(task, lock);
    if (context === null || lock.dep_map === null) return;
    if (!this.tells(lock) && !(lock instanceof Mutex)) return;
    this.books.acquired(context, lock.dep_map, this.cpuOf(task), this.kernel.machine.now);
  }

  private contextOf(task: Task, lock: Lock): TaskStruct | null {
    return lock.dep_map === null || !debug_locks() ? null : (task.context as TaskStruct | null);
  }

  private tells(lock: Lock): boolean {
    return !this.kernel.config.PREEMPT_RT || lock instanceof RwSemaphore || lock instanceof RawSpinlock;
  }

  private cpuOf(task: Task): number {
    return task.cpu % this.kernel.cpus;
  }
}

function lockOf({ kind, object }: Operation<unknown>): Lock | null {
  if (kind !== 'acquire') return null;
  return object instanceof ExclusiveLock || object instanceof SharedLock ? object : null;
}

function isHeldBy(lock: Lock, task: Task): boolean {
  if (lock instanceof ExclusiveLock) return lock.owner === task;
  return lock.writer === task || lock.readers.includes(task);
}
