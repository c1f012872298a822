import { TASK_UNINTERRUPTIBLE } from '../../include/task_state.ts';
import { config } from '../../kernel.ts';
import { kfunc } from '../../kfunc.ts';
import { block, might_sleep, unblock } from '../sched/core.ts';
import { acquire, lock_release } from './lockdep.ts';
import { sleepingLock } from './mutex.ts';
import { SharedLock } from './shared_lock.ts';

/**
 * struct percpu_rw_semaphore - cheap for readers, who count themselves on their CPU, dear for the writer, who has to
 * collect these counts.
 *
 * Leaves out: the counts of single CPUs, and the grace period after which readers look for writers: to those who wait
 * it is a lock with readers and a writer.
 */
export class PercpuRwSemaphore extends SharedLock {
  constructor(name: string) {
    super(name, null, { inner: 'sleep' });
  }
}

const WAIT = ['__schedule', 'schedule', 'percpu_rwsem_wait'];
const reading = sleepingLock(
  TASK_UNINTERRUPTIBLE,
  [...WAIT, '__percpu_down_read'],
  [...WAIT, '__percpu_down_read'],
);
const writing = sleepingLock(TASK_UNINTERRUPTIBLE, WAIT, WAIT);

export const percpu_down_read = kfunc(
  'percpu_down_read',
  function* (sem: PercpuRwSemaphore) {
    might_sleep('include/linux/percpu-rwsem.h', 49);
    acquire(sem.dep_map, 0, false, 1);
    if (yield* sem.readOrQueue()) return;
    block(reading());
    yield* sem.waitToRead();
    unblock();
  },
  { inlined: true },
);

export const percpu_up_read = kfunc(
  'percpu_up_read',
  function* (sem: PercpuRwSemaphore) {
    lock_release(sem.dep_map);
    yield* sem.leaving;
  },
  { inlined: true },
);

export const percpu_down_write = kfunc('percpu_down_write', function* (sem: PercpuRwSemaphore) {
  might_sleep('kernel/locking/percpu-rwsem.c', 228);
  acquire(sem.dep_map);
  if (config().PREEMPT_RT) {
    block(writing());
    yield* sem.closeGate();
    unblock();
  } else if (yield* sem.writingOrQueueing) {
    return;
  }
  block(writing());
  yield* sem.waitToWrite();
  unblock();
});

export const percpu_up_write = kfunc('percpu_up_write', function* (sem: PercpuRwSemaphore) {
  lock_release(sem.dep_map);
  yield* sem.writerLeaving;
});
