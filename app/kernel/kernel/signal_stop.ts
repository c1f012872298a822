import type { Body } from '../../sim/call.ts';
import { rcu_dereference } from '../include/rwonce.ts';
import {
  __TASK_STOPPED,
  current,
  JOBCTL_STOP_CONSUME,
  JOBCTL_STOP_DEQUEUED,
  JOBCTL_STOP_PENDING,
  JOBCTL_STOP_SIGMASK,
  SIGNAL_CLD_CONTINUED,
  SIGNAL_CLD_STOPPED,
  SIGNAL_GROUP_EXIT,
  SIGNAL_STOP_CONTINUED,
  SIGNAL_STOP_STOPPED,
  TASK_STOPPED,
  type SignalStruct,
  type TaskStruct,
} from '../include/sched.ts';
import { SIGCHLD, SIGCONT, sigmask, STOP_SIGNALS } from '../include/signal.ts';
import { kfunc } from '../kfunc.ts';
import { read_lock, read_unlock } from './locking/rwlock.ts';
import { spin_lock_irqsave, spin_unlock_irq, spin_unlock_irqrestore } from './locking/spinlock.ts';
import { tasklist_lock } from './pid.ts';
import { schedule, set_current_state, wake_up_state } from './sched/core.ts';
import { wake_up_interruptible_all } from './sched/wait.ts';
import { __send_signal_locked, signal_wake_up } from './signal.ts';

// Job control: how the threads of a process stop together, go on, and tell the parent. Kernel/signal.c as of v6.12.

export const SIGNAL_CLD_MASK = SIGNAL_CLD_STOPPED | SIGNAL_CLD_CONTINUED;
const SIGNAL_STOP_MASK = SIGNAL_CLD_MASK | SIGNAL_STOP_STOPPED | SIGNAL_STOP_CONTINUED;

/** signal_set_stop_flags() - siglock held. */
function* signal_set_stop_flags(signal: SignalStruct, flags: number): Body<void> {
  yield* signal.flags.update((before) => (before & ~SIGNAL_STOP_MASK) | flags);
}

const STOP_SET = STOP_SIGNALS.reduce((set, sig) => set | sigmask(sig), 0);

/**
 * The part of prepare_signal() that signals of job control come to: a stop cancels a continue that is pending, and
 * the other way round; SIGCONT wakes whoever is stopped, even if it is ignored or blocked.
 *
 * Context: siglock held.
 */
export function* cancelStops(sig: number, p: TaskStruct): Body<void> {
  const { signal } = p;
  const flags = yield* signal.flags.read();
  if ((flags & SIGNAL_GROUP_EXIT) !== 0) return;
  const gone = sig === SIGCONT ? STOP_SET : sigmask(SIGCONT);
  const threads = yield* rcu_dereference(signal.thread_head);
  for (const set of [signal.shared_pending, ...threads.map((thread) => thread.pending)]) {
    yield* set.update((pending) => (pending & ~gone) >>> 0);
  }
  if (sig !== SIGCONT) return;
  for (const thread of threads) {
    yield* task_clear_jobctl_pending(thread);
    yield* wake_up_state(thread, __TASK_STOPPED);
  }
  let why = 0;
  if ((flags & SIGNAL_STOP_STOPPED) !== 0) why = SIGNAL_CLD_CONTINUED;
  else if ((yield* signal.group_stop_count.read()) > 0) why = SIGNAL_CLD_STOPPED;
  if (why === 0) return;
  // The first thread that comes through get_signal() tells the parent.
  yield* signal_set_stop_flags(signal, why | SIGNAL_STOP_CONTINUED);
  yield* signal.group_stop_count.write(0);
  yield* signal.group_exit_code.write(0);
}

function* task_clear_jobctl_pending(task: TaskStruct): Body<void> {
  const gone = JOBCTL_STOP_PENDING | JOBCTL_STOP_CONSUME | JOBCTL_STOP_DEQUEUED;
  yield* task.jobctl.update((jobctl) => jobctl & ~gone);
}

/** task_set_jobctl_pending() - false for a thread that is about to end. */
function* task_set_jobctl_pending(task: TaskStruct, sig: number): Body<boolean> {
  if (yield* task.exiting.read()) return false;
  const mask = JOBCTL_STOP_PENDING | JOBCTL_STOP_CONSUME;
  yield* task.jobctl.update((jobctl) => (jobctl & ~JOBCTL_STOP_SIGMASK) | sig | mask);
  return true;
}

/**
 * task_participate_group_stop() - the thread takes its part in a stop of the group.
 *
 * Context: siglock held. Return: true if it was the last one, so that the group has stopped now.
 */
export const task_participate_group_stop = kfunc(
  'task_participate_group_stop',
  function* (task: TaskStruct): Body<boolean> {
    const { signal } = task;
    const consume = ((yield* task.jobctl.read()) & JOBCTL_STOP_CONSUME) !== 0;
    yield* task_clear_jobctl_pending(task);
    if (!consume) return false;
    const before = yield* signal.group_stop_count.update((count) => Math.max(0, count - 1));
    if (before > 1 || ((yield* signal.flags.read()) & SIGNAL_STOP_STOPPED) !== 0) return false;
    yield* signal_set_stop_flags(signal, SIGNAL_STOP_STOPPED);
    return true;
  },
);

/**
 * do_signal_stop() - stop, and with it the other threads of the group.
 *
 * Context: siglock held; `signr` 0 takes part in a stop that another thread began.
 * Return: false if nothing is to stop any more, with siglock held; true after the stop, without it.
 * Leaves out: tracing.
 */
export const do_signal_stop = kfunc('do_signal_stop', function* (signr: number): Body<boolean> {
  const me = current();
  const { signal } = me;
  const jobctl = yield* me.jobctl.read();
  if ((jobctl & JOBCTL_STOP_PENDING) === 0) {
    const flags = yield* signal.flags.read();
    // A SIGCONT or the end of the group came in between.
    if ((jobctl & JOBCTL_STOP_DEQUEUED) === 0 || (flags & SIGNAL_GROUP_EXIT) !== 0) return false;
    if ((flags & SIGNAL_STOP_STOPPED) === 0) yield* signal.group_exit_code.write(signr);
    let count = (yield* task_set_jobctl_pending(me, signr)) ? 1 : 0;
    for (const t of yield* rcu_dereference(signal.thread_head)) {
      if (t === me || ((yield* t.__state.read()) & __TASK_STOPPED) !== 0) continue;
      if (!(yield* task_set_jobctl_pending(t, signr))) continue;
      count++;
      yield* signal_wake_up(t, false);
    }
    yield* signal.group_stop_count.write(count);
  }
  const notify = yield* task_participate_group_stop(me);
  yield* set_current_state(TASK_STOPPED);
  yield* spin_unlock_irq(signal.siglock);
  if (notify) {
    yield* read_lock(tasklist_lock());
    yield* do_notify_parent_cldstop(me);
    yield* read_unlock(tasklist_lock());
  }
  yield* schedule();
  return true;
});

/**
 * do_notify_parent_cldstop() - SIGCHLD and a wake-up for the parent of a process that was stopped or continued.
 *
 * Context: tasklist_lock held. Models: SA_NOCLDSTOP as not set.
 */
export const do_notify_parent_cldstop = kfunc('do_notify_parent_cldstop', function* (tsk: TaskStruct) {
  const parent = yield* (tsk.signal.threads[0] ?? tsk).real_parent.read();
  if (parent === null) return;
  const flags = yield* spin_lock_irqsave(parent.signal.siglock);
  if (!parent.signal.ignored.has(SIGCHLD)) yield* __send_signal_locked(SIGCHLD, parent, 'PIDTYPE_TGID');
  yield* wake_up_interruptible_all(parent.signal.wait_chldexit);
  yield* spin_unlock_irqrestore(parent.signal.siglock, flags);
});
