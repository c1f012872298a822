import type { Body } from '../../../sim/call.ts';
import type { Memory } from '../../../sim/memory.ts';
import type { Operation } from '../../../sim/operation.ts';
import { current, TIF_SIGPENDING } from '../../include/sched.ts';
import { TASK_INTERRUPTIBLE, TASK_KILLABLE, TASK_UNINTERRUPTIBLE } from '../../include/task_state.ts';
import { config } from '../../kernel.ts';
import { kfunc } from '../../kfunc.ts';
import { block, might_sleep, unblock, type BlockedOn } from '../sched/core.ts';
import { WARN_ON } from '../panic.ts';
import { acquire, lock_downgrade, lock_is_held, lock_release } from './lockdep.ts';
import { SIGKILL_MASK, sleepingLock } from './mutex.ts';
import { SharedLock, type Signals } from './shared_lock.ts';

/** struct rw_semaphore - many readers or one writer; sleeps. */
export class RwSemaphore extends SharedLock {
  constructor(name: string, memory: Memory | null = null) {
    super(name, memory, { inner: 'sleep' });
  }
}

const READ = ['__schedule', 'schedule', 'schedule_preempt_disabled', 'rwsem_down_read_slowpath'];
const RT_READ = [
  '__schedule',
  'rt_mutex_schedule',
  '__rt_mutex_slowlock_locked.constprop.0',
  '__rwbase_read_lock',
];
const WRITE = ['__schedule', 'schedule', 'schedule_preempt_disabled', 'rwsem_down_write_slowpath'];
const RT_WRITE = ['__schedule', 'rt_mutex_schedule', 'rwbase_write_lock'];

const reading = sleepingLock(TASK_UNINTERRUPTIBLE, READ, RT_READ);
const readingKillably = sleepingLock(TASK_KILLABLE, READ, RT_READ);
const readingInterruptibly = sleepingLock(TASK_INTERRUPTIBLE, READ, RT_READ);
const writing = sleepingLock(TASK_UNINTERRUPTIBLE, WRITE, RT_WRITE);
const writingKillably = sleepingLock(TASK_KILLABLE, WRITE, RT_WRITE);

const killSignals = (): Signals => ({ cell: current().pending, bits: SIGKILL_MASK });
const anySignal = (): Signals => ({ cell: current().thread_flags, bits: 1 << TIF_SIGPENDING });

const RWSEM = 'kernel/locking/rwsem.c';

/** Models: kernel/locking/rwsem.c, rwbase_rt.c. Leaves out spinning, readers that steal, and hand-off. */
function* read_common(sem: RwSemaphore, on: BlockedOn, signals: Signals | null): Body<number> {
  if (yield* sem.readOrQueue()) return 0;
  block(on);
  const error = yield* sem.waitToRead(signals);
  unblock();
  return error;
}

function* write_common(sem: RwSemaphore, on: BlockedOn, signals: Signals | null): Body<number> {
  if (config().PREEMPT_RT) {
    block(on);
    const error = yield* sem.closeGate(signals);
    unblock();
    if (error !== 0) return error;
  } else if (yield* sem.writingOrQueueing) {
    return 0;
  }
  block(on);
  const error = yield* sem.waitToWrite(signals);
  unblock();
  return error;
}

export const down_read = kfunc('down_read', function* (sem: RwSemaphore) {
  might_sleep(RWSEM, 1523);
  acquire(sem.dep_map, 0, false, 1);
  yield* read_common(sem, reading(), null);
});

/** 0, or -EINTR if SIGKILL came before the lock. */
export const down_read_killable = kfunc('down_read_killable', function* (sem: RwSemaphore) {
  might_sleep(RWSEM, 1546);
  acquire(sem.dep_map, 0, false, 1);
  const error = yield* read_common(sem, readingKillably(), killSignals());
  if (error !== 0) lock_release(sem.dep_map);
  return error;
});

export const down_read_interruptible = kfunc('down_read_interruptible', function* (sem: RwSemaphore) {
  might_sleep(RWSEM, 1532);
  acquire(sem.dep_map, 0, false, 1);
  const error = yield* read_common(sem, readingInterruptibly(), anySignal());
  if (error !== 0) lock_release(sem.dep_map);
  return error;
});

/** False if a writer has the lock or anybody waits for it: one queued writer is enough. */
export const down_read_trylock = kfunc('down_read_trylock', function* (sem: RwSemaphore) {
  const locked = yield* sem.tryRead();
  if (locked) acquire(sem.dep_map, 0, true, 1);
  return locked;
});

export const up_read = kfunc('up_read', function* (sem: RwSemaphore) {
  lock_release(sem.dep_map);
  yield* sem.leaving;
});

export const down_write = kfunc('down_write', function* (sem: RwSemaphore) {
  might_sleep(RWSEM, 1576);
  acquire(sem.dep_map);
  yield* write_common(sem, writing(), null);
});

export const down_write_nested = kfunc('down_write_nested', function* (sem: RwSemaphore, subclass: number) {
  might_sleep(RWSEM, 1692);
  acquire(sem.dep_map, subclass);
  yield* write_common(sem, writing(), null);
});

/** Several of one class, serialised by `nest`, which is held. */
export const _down_write_nest_lock = kfunc(
  '_down_write_nest_lock',
  function* (sem: RwSemaphore, nest: RwSemaphore) {
    might_sleep(RWSEM, 1670);
    acquire(sem.dep_map, 0, false, 0, nest.dep_map);
    yield* write_common(sem, writing(), null);
  },
);
export const down_write_nest_lock = _down_write_nest_lock;

/** 0, or -EINTR if SIGKILL came before the lock. */
export const down_write_killable = kfunc('down_write_killable', function* (sem: RwSemaphore) {
  might_sleep(RWSEM, 1587);
  acquire(sem.dep_map);
  const error = yield* write_common(sem, writingKillably(), killSignals());
  if (error !== 0) lock_release(sem.dep_map);
  return error;
});

export const down_write_trylock = kfunc('down_write_trylock', function* (sem: RwSemaphore) {
  const locked = yield* sem.tryingToWrite;
  if (locked) acquire(sem.dep_map, 0, true);
  return locked;
});

export const up_write = kfunc('up_write', function* (sem: RwSemaphore) {
  lock_release(sem.dep_map);
  yield* sem.writerLeaving;
});

export const downgrade_write = kfunc('downgrade_write', function* (sem: RwSemaphore) {
  lock_downgrade(sem.dep_map);
  yield* sem.downgrading;
});

export const rwsem_is_locked = (sem: RwSemaphore): Operation<boolean> => sem.looking;

/** (plain) Warns if nobody holds the lock; with lockdep, if the running task does not. */
export function rwsem_assert_held(sem: RwSemaphore): void {
  if (config().PROVE_LOCKING) WARN_ON(!lock_is_held(sem.dep_map), 'include/linux/rwsem.h:195');
  else WARN_ON(!sem.held, 'include/linux/rwsem.h:80');
}

export function rwsem_assert_held_write(sem: RwSemaphore): void {
  if (config().PROVE_LOCKING) WARN_ON(!lock_is_held(sem.dep_map, 0), 'include/linux/rwsem.h:203');
  else WARN_ON(sem.writer === null, 'include/linux/rwsem.h:85');
}
