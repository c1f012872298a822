import type { Body, Call } from '../../../sim/call.ts';
import type { Memory } from '../../../sim/memory.ts';
import { ERESTARTSYS } from '../../include/errno.ts';
import {
  list_add_tail,
  list_add,
  list_del,
  list_del_init,
  list_empty,
  list_first,
  list_next,
  ListHead,
} from '../../include/list.ts';
import { READ_ONCE } from '../../include/rwonce.ts';
import {
  current,
  TASK_INTERRUPTIBLE,
  TASK_KILLABLE,
  TASK_NORMAL,
  TASK_RUNNING,
  TASK_UNINTERRUPTIBLE,
  TASK_WAKEKILL,
  type TaskStruct,
  TIF_SIGPENDING,
} from '../../include/sched.ts';
import { kfunc } from '../../kfunc.ts';
import { Spinlock, spin_lock_irqsave, spin_unlock_irqrestore } from '../locking/spinlock.ts';
import { SIGKILL_MASK } from '../locking/mutex.ts';
import {
  __set_current_state,
  MAX_SCHEDULE_TIMEOUT,
  might_sleep,
  schedule,
  schedule_timeout,
  set_current_state,
  try_to_wake_up,
} from './core.ts';

/** struct wait_queue_head - tasks that wait for something that is told to them by wake_up(). */
export class WaitQueueHead {
  readonly lock: Spinlock;
  readonly head: ListHead<WaitQueueEntry>;

  constructor(name: string, memory: Memory | null = null) {
    this.lock = new Spinlock(name, memory);
    this.head = new ListHead<WaitQueueEntry>('head', memory);
  }
}

/** struct wait_queue_entry - one task on a queue; lives on its stack. */
export class WaitQueueEntry {
  readonly entry = new ListHead<WaitQueueEntry>('entry', null, this);

  constructor(
    readonly task: TaskStruct,
    /** One of those of which a wake-up takes only so many. */
    public exclusive = false,
  ) {}
}

/** DEFINE_WAIT() - an entry for the running task; whoever wakes it takes it off the queue. */
export const DEFINE_WAIT = (): WaitQueueEntry => new WaitQueueEntry(current());

function* queue(wq: WaitQueueHead, entry: WaitQueueEntry, state: number): Body<void> {
  const flags = yield* spin_lock_irqsave(wq.lock);
  if (yield* list_empty(entry.entry)) {
    if (entry.exclusive) yield* list_add_tail(entry.entry, wq.head);
    else yield* list_add(entry.entry, wq.head);
  }
  yield* set_current_state(state);
  yield* spin_unlock_irqrestore(wq.lock, flags);
}

/**
 * prepare_to_wait() - get on the queue and say that the task is about to sleep.
 *
 * Context: the condition is looked at after this and before schedule(): a wake-up in between ends the sleep
 * before it begins.
 */
export const prepare_to_wait = kfunc(
  'prepare_to_wait',
  function* (wq: WaitQueueHead, entry: WaitQueueEntry, state: number) {
    entry.exclusive = false;
    yield* queue(wq, entry, state);
  },
);

export const prepare_to_wait_exclusive = kfunc(
  'prepare_to_wait_exclusive',
  function* (wq: WaitQueueHead, entry: WaitQueueEntry, state: number) {
    entry.exclusive = true;
    yield* queue(wq, entry, state);
  },
);

/** Return: 0, or -ERESTARTSYS if a signal is pending that ends a sleep in `state`; then the entry is off the queue. */
export const prepare_to_wait_event = kfunc(
  'prepare_to_wait_event',
  function* (wq: WaitQueueHead, entry: WaitQueueEntry, state: number) {
    if (yield* signal_pending_state(state)) {
      const flags = yield* spin_lock_irqsave(wq.lock);
      yield* list_del_init(entry.entry);
      yield* spin_unlock_irqrestore(wq.lock, flags);
      return -ERESTARTSYS;
    }
    yield* queue(wq, entry, state);
    return 0;
  },
);

export const finish_wait = kfunc('finish_wait', function* (wq: WaitQueueHead, entry: WaitQueueEntry) {
  yield* __set_current_state(TASK_RUNNING);
  if (yield* list_empty(entry.entry)) return;
  const flags = yield* spin_lock_irqsave(wq.lock);
  yield* list_del_init(entry.entry);
  yield* spin_unlock_irqrestore(wq.lock, flags);
});

function* signal_pending_state(state: number): Body<boolean> {
  const me = current();
  if ((state & TASK_INTERRUPTIBLE) !== 0)
    return ((yield* READ_ONCE(me.thread_flags)) & (1 << TIF_SIGPENDING)) !== 0;
  if ((state & TASK_WAKEKILL) !== 0) return ((yield* me.pending.read()) & SIGKILL_MASK) !== 0;
  return false;
}

/** __wake_up() - wake all waiters that are not exclusive, and up to `exclusive` others; 0 for all. */
export const __wake_up = kfunc('__wake_up', function* (wq: WaitQueueHead, mode: number, exclusive: number) {
  const flags = yield* spin_lock_irqsave(wq.lock);
  yield* __wake_up_common(wq, mode, exclusive);
  yield* spin_unlock_irqrestore(wq.lock, flags);
});

function* __wake_up_common(wq: WaitQueueHead, mode: number, exclusive: number): Body<void> {
  let left = exclusive;
  let waiter = yield* list_first(wq.head);
  while (waiter !== null) {
    // Its turn may end its entry: look at the one after it before.
    const next: WaitQueueEntry | null = yield* list_next(waiter.entry, wq.head);
    const woken = yield* autoremove_wake_function(waiter, mode);
    if (woken && waiter.exclusive && --left === 0) break;
    waiter = next;
  }
}

const autoremove_wake_function = kfunc(
  'autoremove_wake_function',
  function* (waiter: WaitQueueEntry, mode: number) {
    const woken = yield* try_to_wake_up(waiter.task, mode);
    if (woken) yield* list_del_init(waiter.entry);
    return woken;
  },
);

export const wake_up = (wq: WaitQueueHead): Call<void> => __wake_up(wq, TASK_NORMAL, 1);
export const wake_up_all = (wq: WaitQueueHead): Call<void> => __wake_up(wq, TASK_NORMAL, 0);
export const wake_up_interruptible = (wq: WaitQueueHead): Call<void> => __wake_up(wq, TASK_INTERRUPTIBLE, 1);
export const wake_up_interruptible_all = (wq: WaitQueueHead): Call<void> =>
  __wake_up(wq, TASK_INTERRUPTIBLE, 0);

/** waitqueue_active() - is anybody on the queue? Without the lock; the caller sees to the order. */
export function* waitqueue_active(wq: WaitQueueHead): Body<boolean> {
  return !(yield* list_empty(wq.head));
}

/** add_wait_queue() - for a task that stays on the queue over several wake-ups. */
export const add_wait_queue = kfunc('add_wait_queue', function* (wq: WaitQueueHead, entry: WaitQueueEntry) {
  const flags = yield* spin_lock_irqsave(wq.lock);
  yield* list_add(entry.entry, wq.head);
  yield* spin_unlock_irqrestore(wq.lock, flags);
});

export const remove_wait_queue = kfunc(
  'remove_wait_queue',
  function* (wq: WaitQueueHead, entry: WaitQueueEntry) {
    const flags = yield* spin_lock_irqsave(wq.lock);
    yield* list_del(entry.entry);
    yield* spin_unlock_irqrestore(wq.lock, flags);
  },
);

/** What is waited for: a look at shared variables. */
export type Condition = () => Body<boolean>;

const WAIT_H = 'include/linux/wait.h';

/** The loop behind wait_event(): 0, or a negative error number, or (timeout) what was left of it, at least 1. */
function* ___wait_event(
  wq: WaitQueueHead,
  condition: Condition,
  state: number,
  timeout = MAX_SCHEDULE_TIMEOUT,
): Body<number> {
  const entry = DEFINE_WAIT();
  let left = timeout;
  for (;;) {
    const error = yield* prepare_to_wait_event(wq, entry, state);
    if (yield* condition()) break;
    if (error !== 0) {
      yield* __set_current_state(TASK_RUNNING);
      return error;
    }
    if (left === 0) break;
    if (left === MAX_SCHEDULE_TIMEOUT) yield* schedule();
    else left = yield* schedule_timeout(left);
  }
  yield* finish_wait(wq, entry);
  return left;
}

/** wait_event() - sleep until the condition holds. It is looked at again at each wake_up(). */
export function* wait_event(wq: WaitQueueHead, condition: Condition): Body<void> {
  might_sleep(WAIT_H, 342);
  if (yield* condition()) return;
  yield* ___wait_event(wq, condition, TASK_UNINTERRUPTIBLE);
}

/** 0, or -ERESTARTSYS if a signal came first. */
export function* wait_event_interruptible(wq: WaitQueueHead, condition: Condition): Body<number> {
  might_sleep(WAIT_H, 499);
  if (yield* condition()) return 0;
  const error = yield* ___wait_event(wq, condition, TASK_INTERRUPTIBLE);
  return error < 0 ? error : 0;
}

/** 0, or -ERESTARTSYS if SIGKILL came first. */
export function* wait_event_killable(wq: WaitQueueHead, condition: Condition): Body<number> {
  might_sleep(WAIT_H, 948);
  if (yield* condition()) return 0;
  const error = yield* ___wait_event(wq, condition, TASK_KILLABLE);
  return error < 0 ? error : 0;
}

/** For kernel threads. Nothing is ever frozen here. */
export const wait_event_freezable = wait_event_interruptible;

/** The ticks that were left, at least 1, if the condition held; 0 if the time ran out. */
export function* wait_event_timeout(wq: WaitQueueHead, condition: Condition, timeout: number): Body<number> {
  might_sleep(WAIT_H, 415);
  if (yield* condition()) return timeout;
  const left = yield* ___wait_event(wq, condition, TASK_UNINTERRUPTIBLE, timeout);
  return left > 0 ? left : (yield* condition()) ? 1 : 0;
}
