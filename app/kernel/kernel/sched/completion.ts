import type { Body } from '../../../sim/call.ts';
import type { Memory } from '../../../sim/memory.ts';
import { ERESTARTSYS } from '../../include/errno.ts';
import { list_add_tail, list_del_init, list_empty, list_first, ListHead } from '../../include/list.ts';
import { READ_ONCE } from '../../include/rwonce.ts';
import {
  current,
  TASK_INTERRUPTIBLE,
  TASK_KILLABLE,
  TASK_NORMAL,
  TASK_RUNNING,
  TASK_UNINTERRUPTIBLE,
  TASK_WAKEKILL,
  TIF_SIGPENDING,
  type TaskStruct,
} from '../../include/sched.ts';
import { kfunc } from '../../kfunc.ts';
import {
  raw_spin_lock_irq,
  raw_spin_lock_irqsave,
  raw_spin_unlock_irq,
  raw_spin_unlock_irqrestore,
  RawSpinlock,
} from '../locking/raw_spinlock.ts';
import { SIGKILL_MASK } from '../locking/mutex.ts';
import {
  __set_current_state,
  MAX_SCHEDULE_TIMEOUT,
  might_sleep,
  schedule_timeout,
  try_to_wake_up,
} from './core.ts';
import { Done, inOneGo, UINT_MAX } from './completion_search.ts';

/** struct completion - something that is done once, or so many times, and can be waited for. */
export class Completion {
  /** How many may pass; UINT_MAX lets everybody pass. Under the lock. */
  readonly done: Done;
  /** The simple wait queue's lock, raw whatever is configured. */
  readonly lock: RawSpinlock;
  readonly task_list: ListHead<SwaitQueue>;

  constructor(name = '&x->wait', memory: Memory | null = null) {
    this.done = new Done(0, 'done', memory);
    this.lock = new RawSpinlock(name, memory);
    this.task_list = new ListHead<SwaitQueue>('wait.task_list', memory);
  }
}

class SwaitQueue {
  readonly task_list = new ListHead<SwaitQueue>('task_list', null, this);
  constructor(readonly task: TaskStruct) {}
}

/** swake_up_locked() - wakes the first waiter and takes it off the list. */
function* swake_up_locked(x: Completion): Body<void> {
  const first = yield* list_first(x.task_list);
  if (first === null) return;
  yield* try_to_wake_up(first.task, TASK_NORMAL);
  yield* list_del_init(first.task_list);
}

/** complete() - one more may pass. Context: any. */
export const complete = kfunc('complete', function* (x: Completion) {
  if (inOneGo()) {
    yield* x.done.raise(1);
    return;
  }
  const flags = yield* raw_spin_lock_irqsave(x.lock);
  const done = yield* x.done.read();
  if (done !== UINT_MAX) yield* x.done.write(done + 1);
  yield* swake_up_locked(x);
  yield* raw_spin_unlock_irqrestore(x.lock, flags);
});

/** complete_all() - all may pass, now and later. */
export const complete_all = kfunc('complete_all', function* (x: Completion) {
  if (inOneGo()) {
    yield* x.done.raise(UINT_MAX);
    return;
  }
  const flags = yield* raw_spin_lock_irqsave(x.lock);
  yield* x.done.write(UINT_MAX);
  while (!(yield* list_empty(x.task_list))) yield* swake_up_locked(x);
  yield* raw_spin_unlock_irqrestore(x.lock, flags);
});

/**
 * __wait_for_common() - sleep in `state` until it is done, or for `timeout` ticks.
 *
 * Return: what was left of the time, at least 1; 0 if it ran out; -ERESTARTSYS if a signal came first.
 * Models: kernel/sched/completion.c.
 */
const __wait_for_common = kfunc(
  '__wait_for_common',
  function* (x: Completion, state: number, timeout: number) {
    might_sleep('kernel/sched/completion.c', 111);
    if (inOneGo()) {
      if (yield* x.done.pass(state, timeout)) return timeout;
      return timeout === MAX_SCHEDULE_TIMEOUT ? -ERESTARTSYS : 0;
    }
    const wait = new SwaitQueue(current());
    let left = timeout;
    yield* raw_spin_lock_irq(x.lock);
    if ((yield* x.done.read()) === 0) {
      do {
        if (yield* signalled(state)) {
          left = -ERESTARTSYS;
          break;
        }
        if (yield* list_empty(wait.task_list)) yield* list_add_tail(wait.task_list, x.task_list);
        yield* __set_current_state(state);
        yield* raw_spin_unlock_irq(x.lock);
        left = yield* schedule_timeout(left);
        yield* raw_spin_lock_irq(x.lock);
      } while ((yield* x.done.read()) === 0 && left > 0);
      yield* __set_current_state(TASK_RUNNING);
      if (!(yield* list_empty(wait.task_list))) yield* list_del_init(wait.task_list);
      if ((yield* x.done.read()) === 0) {
        yield* raw_spin_unlock_irq(x.lock);
        return left;
      }
    }
    const done = yield* x.done.read();
    if (done !== UINT_MAX) yield* x.done.write(done - 1);
    yield* raw_spin_unlock_irq(x.lock);
    return left > 0 ? left : 1;
  },
);

function* signalled(state: number): Body<boolean> {
  const me = current();
  if ((state & TASK_INTERRUPTIBLE) !== 0)
    return ((yield* READ_ONCE(me.thread_flags)) & (1 << TIF_SIGPENDING)) !== 0;
  if ((state & TASK_WAKEKILL) !== 0) return ((yield* me.pending.read()) & SIGKILL_MASK) !== 0;
  return false;
}

/** wait_for_completion() - sleeps where nobody can disturb it: a task in state D. */
export function* wait_for_completion(x: Completion): Body<void> {
  yield* __wait_for_common(x, TASK_UNINTERRUPTIBLE, MAX_SCHEDULE_TIMEOUT);
}

/** 0 if the time ran out, else at least 1. */
export function* wait_for_completion_timeout(x: Completion, timeout: number): Body<number> {
  return yield* __wait_for_common(x, TASK_UNINTERRUPTIBLE, timeout);
}

/** 0, or -ERESTARTSYS if SIGKILL came first. */
export function* wait_for_completion_killable(x: Completion): Body<number> {
  const left = yield* __wait_for_common(x, TASK_KILLABLE, MAX_SCHEDULE_TIMEOUT);
  return left < 0 ? left : 0;
}

export function* wait_for_completion_interruptible(x: Completion): Body<number> {
  const left = yield* __wait_for_common(x, TASK_INTERRUPTIBLE, MAX_SCHEDULE_TIMEOUT);
  return left < 0 ? left : 0;
}

/** Makes a completion that is done wait again. */
export function* reinit_completion(x: Completion): Body<void> {
  yield* x.done.write(0);
}

/** completion_done() - would a waiter pass at once? */
export function* completion_done(x: Completion): Body<boolean> {
  return (yield* READ_ONCE(x.done)) !== 0;
}
