import type { Body, Call } from '../../sim/call.ts';
import { PlainEffect, type Operation } from '../../sim/operation.ts';
import { clear_bit, set_bit, test_bit } from '../include/bitops.ts';
import { EPERM, ESRCH } from '../include/errno.ts';
import { data_race, rcu_dereference, READ_ONCE } from '../include/rwonce.ts';
import {
  current,
  JOBCTL_STOP_DEQUEUED,
  JOBCTL_STOP_PENDING,
  PF_EXITING,
  PF_KTHREAD,
  PF_SIGNALED,
  SIGNAL_GROUP_EXIT,
  TASK_INTERRUPTIBLE,
  TASK_WAKEKILL,
  TIF_NOTIFY_RESUME,
  TIF_SIGPENDING,
  type SignalStruct,
  type TaskStruct,
} from '../include/sched.ts';
import { sig_kernel_ignore, sig_kernel_stop, SIGCONT, SIGKILL, sigmask, SIGSTOP } from '../include/signal.ts';
import { kfunc } from '../kfunc.ts';
import { trace_event } from '../trace-events.ts';
import { do_group_exit } from './exit.ts';
import { read_lock, read_unlock } from './locking/rwlock.ts';
import { find_task_by_vpid, init_task_tasks, tasklist_lock } from './pid.ts';
import { rcu_read_lock, rcu_read_unlock } from './rcu/tree.ts';
import {
  spin_lock_irq,
  spin_lock_irqsave,
  spin_unlock_irq,
  spin_unlock_irqrestore,
} from './locking/spinlock.ts';
import { wake_up_state } from './sched/core.ts';
import {
  cancelStops,
  do_notify_parent_cldstop,
  do_signal_stop,
  SIGNAL_CLD_MASK,
  task_participate_group_stop,
} from './signal_stop.ts';
import { is_current_pgrp_orphaned, kill_pgrp } from './signal_pgrp.ts';
import { task_work_run } from './task_work.ts';

/** signal_pending() - does the task have a signal to handle? */
export const signal_pending = (p: TaskStruct): Operation<boolean> => test_bit(TIF_SIGPENDING, p.thread_flags);

/**
 * fatal_signal_pending() - is the task to die? Pending SIGKILL is set before TIF_SIGPENDING.
 *
 * The C looks at TIF_SIGPENDING, then at the set without a lock. Both are one look here, which says nothing about
 * the second one alone.
 */
export const fatal_signal_pending = (p: TaskStruct): Operation<boolean> =>
  data_race(test_bit(SIGKILL - 1, p.pending));

/** To whom a signal goes: one thread, or the process as a whole. */
export type PidType = 'PIDTYPE_PID' | 'PIDTYPE_TGID';

/** sigaddset() - no atomic operation: siglock is held. */
export const addSignal = (set: SignalStruct['shared_pending'], sig: number): Operation<void> =>
  new PlainEffect('rmw', set, 'write', () => {
    set.value = (set.value | sigmask(sig)) >>> 0;
  });

/** sigdelset() - the same. */
export const deleteSignal = (set: SignalStruct['shared_pending'], sig: number): Operation<void> =>
  new PlainEffect('rmw', set, 'write', () => {
    set.value = (set.value & ~sigmask(sig)) >>> 0;
  });

/** lock_task_sighand() - the flags for unlock_task_sighand(), or null if the task is released already. */
export const lock_task_sighand = kfunc('__lock_task_sighand', function* (tsk: TaskStruct): Body<
  number | null
> {
  yield* rcu_read_lock();
  const sighand = yield* rcu_dereference(tsk.sighand);
  if (sighand === null) {
    yield* rcu_read_unlock();
    return null;
  }
  const flags = yield* spin_lock_irqsave(sighand.siglock);
  const still = (yield* rcu_dereference(tsk.sighand)) === sighand;
  if (!still) yield* spin_unlock_irqrestore(sighand.siglock, flags);
  yield* rcu_read_unlock();
  return still ? flags : null;
});

/** unlock_task_sighand() */
export const unlock_task_sighand = (tsk: TaskStruct, flags: number): Call<void> =>
  spin_unlock_irqrestore(tsk.signal.siglock, flags);

/** signal_wake_up_state() - tell a thread that it has a signal, and wake it if it sleeps lightly enough. */
export const signal_wake_up_state = kfunc('signal_wake_up_state', function* (t: TaskStruct, state: number) {
  yield* set_bit(TIF_SIGPENDING, t.thread_flags);
  yield* wake_up_state(t, state | TASK_INTERRUPTIBLE);
});

/** signal_wake_up() - fatal signals also wake killable sleepers. */
export function* signal_wake_up(t: TaskStruct, fatal: boolean): Body<void> {
  yield* signal_wake_up_state(t, fatal ? TASK_WAKEKILL : 0);
}

function* wants_signal(sig: number, p: TaskStruct): Body<boolean> {
  if (yield* p.exiting.read()) return false;
  if (sig === SIGKILL) return true;
  return !(yield* signal_pending(p));
}

/**
 * complete_signal() - find a thread that takes the signal; a fatal one starts the end of the whole group.
 *
 * Context: siglock held.
 * Models: kernel/signal.c as of v6.12. Leaves out: blocked signals, tracing, core dumps.
 */
const complete_signal = kfunc(
  'complete_signal',
  function* (sig: number, p: TaskStruct, type: PidType) {
    const { signal } = p;
    let t = p;
    if (!(yield* wants_signal(sig, p))) {
      const threads = yield* rcu_dereference(signal.thread_head);
      if (type === 'PIDTYPE_PID' || threads.length <= 1) return;
      let found: TaskStruct | null = null;
      for (const thread of threads) {
        if (yield* wants_signal(sig, thread)) {
          found = thread;
          break;
        }
      }
      if (found === null) return;
      t = found;
    }
    if (sig_fatal(signal, sig) && ((yield* signal.flags.read()) & SIGNAL_GROUP_EXIT) === 0) {
      yield* signal.flags.write(SIGNAL_GROUP_EXIT);
      yield* signal.group_exit_code.write(sig);
      for (const thread of yield* rcu_dereference(signal.thread_head)) {
        yield* addSignal(thread.pending, SIGKILL);
        yield* signal_wake_up(thread, true);
      }
      return;
    }
    yield* signal_wake_up(t, sig === SIGKILL);
  },
  { inlined: true },
);

/** (plain) Would the signal kill? What a process handles is set up before anybody can send it anything. */
function sig_fatal(signal: SignalStruct, sig: number): boolean {
  if (sig === SIGKILL) return true;
  if (sig_kernel_ignore(sig) || sig_kernel_stop(sig)) return false;
  return !(signal.handled.has(sig) || signal.ignored.has(sig));
}

/** (plain) */
function sig_ignored(signal: SignalStruct, sig: number): boolean {
  if (sig === SIGKILL || sig === SIGSTOP || signal.handled.has(sig)) return false;
  return sig_kernel_ignore(sig) || signal.ignored.has(sig);
}

/**
 * __send_signal_locked() - make a signal pending.
 *
 * Context: siglock held, interrupts off.
 * Return: 0.
 * Models: kernel/signal.c. Leaves out: what comes with a signal (siginfo), and its queue.
 */
export const __send_signal_locked = kfunc(
  '__send_signal_locked',
  function* (sig: number, t: TaskStruct, type: PidType) {
    const pending = type === 'PIDTYPE_PID' ? t.pending : t.signal.shared_pending;
    const threads = t.signal;
    if (sig === SIGCONT || sig_kernel_stop(sig)) yield* cancelStops(sig, t);
    if (sig_ignored(threads, sig) || ((yield* threads.flags.read()) & SIGNAL_GROUP_EXIT) !== 0) {
      // A group on its way out takes SIGKILL only, and has it already.
      trace_event('signal', 'signal_generate', generate(sig, t, type, 1));
      return 0;
    }
    if (yield* test_bit(sig - 1, pending)) {
      trace_event('signal', 'signal_generate', generate(sig, t, type, 2));
      return 0;
    }
    yield* addSignal(pending, sig);
    yield* complete_signal(sig, t, type);
    trace_event('signal', 'signal_generate', generate(sig, t, type, 0));
    return 0;
  },
);

const generate = (sig: number, t: TaskStruct, type: PidType, result: number): string =>
  `sig=${sig} errno=0 code=128 comm=${t.comm} pid=${t.pid} grp=${type === 'PIDTYPE_PID' ? 0 : 1} res=${result}`;

/**
 * do_send_sig_info() - send a signal to a thread or to its process.
 *
 * Context: any; takes siglock with interrupts off.
 * Return: 0, or -ESRCH if the task is released.
 */
export const do_send_sig_info = kfunc(
  'do_send_sig_info',
  function* (sig: number, p: TaskStruct, type: PidType) {
    const flags = yield* lock_task_sighand(p);
    if (flags === null) return -ESRCH;
    const ret = yield* __send_signal_locked(sig, p, type);
    yield* unlock_task_sighand(p, flags);
    return ret;
  },
);

/** group_send_sig_info() - send a signal to a process; 0 only asks whether it is there. */
export const group_send_sig_info = kfunc('group_send_sig_info', function* (sig: number, p: TaskStruct) {
  const refused = check_kill_permission(sig, p);
  if (refused !== 0) return refused;
  return sig === 0 ? 0 : yield* do_send_sig_info(sig, p, 'PIDTYPE_TGID');
});

/** send_sig() - send a signal to one thread. */
export const send_sig = kfunc('send_sig', function* (sig: number, p: TaskStruct) {
  return yield* do_send_sig_info(sig, p, 'PIDTYPE_PID');
});

/** force_sig() - a signal that the running thread brought upon itself, and cannot ignore. */
export const force_sig = kfunc('force_sig', function* (sig: number) {
  const { signal } = current();
  const flags = yield* spin_lock_irqsave(signal.siglock);
  signal.handled.delete(sig);
  signal.ignored.delete(sig);
  yield* __send_signal_locked(sig, current(), 'PIDTYPE_PID');
  yield* spin_unlock_irqrestore(signal.siglock, flags);
});

/** check_kill_permission() (plain) - one's own processes, or all for root. */
function check_kill_permission(sig: number, t: TaskStruct): number {
  const { uid } = current();
  return uid === 0 || uid === t.uid || (sig === SIGCONT && sameSession(t)) ? 0 : -EPERM;
}

const sameSession = (t: TaskStruct): boolean => t.signal.session.value === current().signal.session.value;

/**
 * kill_something_info() - kill(2): pid > 0 a process, -1 every process but the caller's and init, 0 the caller's
 * process group, below -1 the group with that number.
 *
 * Return: 0, -ESRCH or -EPERM. Leaves out: that 0 outside of a session means the caller's process only.
 */
export const kill_something_info = kfunc('kill_something_info', function* (sig: number, pid: number) {
  if (pid < -1) return yield* kill_pgrp(-pid, sig);
  if (pid === 0 && current().signal.pgrp.value !== 0) {
    return yield* kill_pgrp(current().signal.pgrp.value, sig);
  }
  yield* rcu_read_lock();
  let ret = -ESRCH;
  if (pid === -1) {
    for (const p of yield* rcu_dereference(init_task_tasks())) {
      if (p.pid <= 1 || p.tgid === current().tgid || (p.flags & PF_KTHREAD) !== 0) continue;
      ret = yield* group_send_sig_info(sig, p);
    }
  } else {
    const p = pid > 0 ? yield* find_task_by_vpid(pid) : current();
    if (p !== null) ret = yield* group_send_sig_info(sig, p);
  }
  yield* rcu_read_unlock();
  return ret;
});

/**
 * zap_other_threads() - have all other threads of the group die.
 *
 * Context: siglock held.
 */
export const zap_other_threads = kfunc('zap_other_threads', function* (p: TaskStruct) {
  for (const t of yield* rcu_dereference(p.signal.thread_head)) {
    if (t === p || (yield* t.exit_state.read()) !== 0) continue;
    yield* addSignal(t.pending, SIGKILL);
    yield* signal_wake_up(t, true);
  }
});

/** Takes the lowest pending signal out of `set`; 0 if there is none. */
const dequeue = (set: SignalStruct['shared_pending']): Operation<number> =>
  new PlainEffect('rmw', set, 'write', () => {
    for (let sig = 1; sig <= 31; sig++) {
      if ((set.value & sigmask(sig)) === 0) continue;
      set.value = (set.value & ~sigmask(sig)) >>> 0;
      return sig;
    }
    return 0;
  });

/** dequeue_signal() - the next signal of the running thread, its own ones first; recalculates TIF_SIGPENDING. */
const dequeue_signal = kfunc('dequeue_signal', function* () {
  const tsk = current();
  let sig = yield* dequeue(tsk.pending);
  if (sig === 0) sig = yield* dequeue(tsk.signal.shared_pending);
  yield* recalc_sigpending();
  // A SIGCONT that comes before the task stops takes the mark away again.
  if (sig_kernel_stop(sig)) yield* tsk.jobctl.update((jobctl) => jobctl | JOBCTL_STOP_DEQUEUED);
  return sig;
});

/** recalc_sigpending() - TIF_SIGPENDING goes when nothing is pending any more. Siglock held. */
export const recalc_sigpending = kfunc('recalc_sigpending', function* () {
  const tsk = current();
  if ((yield* tsk.pending.read()) !== 0) return;
  if ((yield* tsk.signal.shared_pending.read()) !== 0) return;
  // Changes under siglock only, so this is no look that anybody could get in between.
  if ((tsk.jobctl.value & JOBCTL_STOP_PENDING) !== 0) return;
  yield* clear_bit(TIF_SIGPENDING, tsk.thread_flags);
});

/**
 * get_signal() - on the way to user space: run task work, then take the next signal that is to be handled.
 *
 * Context: the task itself, without locks. Does not return for a fatal signal.
 * Return: the number of a signal that user space handles, or 0.
 * Models: kernel/signal.c as of v6.12. Leaves out: freezing, tracing, core dumps.
 */
export const get_signal = kfunc('get_signal', function* () {
  const tsk = current();
  const { signal } = tsk;
  yield* clear_bit(TIF_NOTIFY_RESUME, tsk.thread_flags);
  if (((yield* READ_ONCE(tsk.task_works)) ?? []).length > 0) yield* task_work_run();
  if (!(yield* signal_pending(tsk))) return 0;
  yield* spin_lock_irq(signal.siglock);
  let signr: number;
  for (;;) {
    const flags = yield* signal.flags.read();
    if ((flags & SIGNAL_CLD_MASK) !== 0) {
      yield* tellContinued(tsk);
      continue;
    }
    if ((flags & SIGNAL_GROUP_EXIT) !== 0) {
      yield* deleteSignal(tsk.pending, SIGKILL);
      yield* recalc_sigpending();
      trace_event('signal', 'signal_deliver', `sig=${SIGKILL} errno=0 code=0 sa_handler=0 sa_flags=0`);
      signr = SIGKILL;
      break;
    }
    if ((tsk.jobctl.value & JOBCTL_STOP_PENDING) !== 0 && (yield* do_signal_stop(0))) {
      yield* spin_lock_irq(signal.siglock);
      continue;
    }
    signr = yield* dequeue_signal();
    if (signr === 0) break;
    trace_event('signal', 'signal_deliver', `sig=${signr} errno=0 code=0 sa_handler=0 sa_flags=0`);
    if (signal.handled.has(signr)) {
      yield* spin_unlock_irq(signal.siglock);
      return signr;
    }
    if (sig_ignored(signal, signr)) continue;
    if (!sig_kernel_stop(signr)) break;
    if (signr !== SIGSTOP) {
      yield* spin_unlock_irq(signal.siglock);
      const orphaned = yield* is_current_pgrp_orphaned();
      yield* spin_lock_irq(signal.siglock);
      if (orphaned) continue;
    }
    if (yield* do_signal_stop(signr)) yield* spin_lock_irq(signal.siglock);
  }
  yield* spin_unlock_irq(signal.siglock);
  if (signr === 0) return 0;
  tsk.flags |= PF_SIGNALED;
  return yield* do_group_exit(signr);
});

/** The group was continued: whoever comes this way first tells the parent. Siglock held, and again at the end. */
function* tellContinued(tsk: TaskStruct): Body<void> {
  const { signal } = tsk;
  yield* signal.flags.update((flags) => flags & ~SIGNAL_CLD_MASK);
  yield* spin_unlock_irq(signal.siglock);
  yield* read_lock(tasklist_lock());
  yield* do_notify_parent_cldstop(tsk);
  yield* read_unlock(tasklist_lock());
  yield* spin_lock_irq(signal.siglock);
}

/**
 * exit_signals() - from now on no signal for the process comes to this thread.
 *
 * Context: do_exit().
 * Models: kernel/signal.c.
 */
export const exit_signals = kfunc('exit_signals', function* (tsk: TaskStruct) {
  const { signal } = tsk;
  const alone = (yield* rcu_dereference(signal.thread_head)).length <= 1;
  if (alone || ((yield* signal.flags.read()) & SIGNAL_GROUP_EXIT) !== 0) {
    yield* markExiting(tsk);
    return;
  }
  yield* spin_lock_irq(signal.siglock);
  yield* markExiting(tsk);
  if (yield* signal_pending(tsk)) yield* retarget_shared_pending(tsk);
  const stopping = (tsk.jobctl.value & JOBCTL_STOP_PENDING) !== 0;
  const stopped = stopping && (yield* task_participate_group_stop(tsk));
  yield* spin_unlock_irq(signal.siglock);
  if (!stopped) return;
  yield* read_lock(tasklist_lock());
  yield* do_notify_parent_cldstop(tsk);
  yield* read_unlock(tasklist_lock());
});

function* markExiting(tsk: TaskStruct): Body<void> {
  tsk.flags |= PF_EXITING;
  yield* tsk.exiting.write(true);
}

/** retarget_shared_pending() - let another thread have the signals that this one would have taken. */
const retarget_shared_pending = kfunc('retarget_shared_pending', function* (tsk: TaskStruct) {
  if ((yield* tsk.signal.shared_pending.read()) === 0) return;
  for (const t of yield* rcu_dereference(tsk.signal.thread_head)) {
    if (t === tsk || (yield* t.exiting.read())) continue;
    if (!(yield* signal_pending(t))) yield* signal_wake_up(t, false);
    return;
  }
});
