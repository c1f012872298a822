import type { Body } from '../../sim/call.ts';
import { ESRCH } from '../include/errno.ts';
import { SIGCONT, SIGHUP } from '../include/signal.ts';
import { current, SIGNAL_STOP_STOPPED, type TaskStruct } from '../include/sched.ts';
import { kfunc } from '../kfunc.ts';
import { read_lock, read_unlock } from './locking/rwlock.ts';
import { init_task_tasks, tasklist_lock } from './pid.ts';
import { group_send_sig_info } from './signal.ts';

/** The processes of a group. Tasklist lock held. */
export function* tasks_of_pgrp(pgrp: number): Body<TaskStruct[]> {
  const found: TaskStruct[] = [];
  for (const p of yield* init_task_tasks().read()) {
    if ((yield* p.signal.pgrp.read()) === pgrp) found.push(p);
  }
  return found;
}

/**
 * __kill_pgrp_info() - a signal for each process of a group.
 *
 * Context: tasklist_lock held.
 * Return: 0 if one could be told, -ESRCH if there is none.
 */
export const __kill_pgrp_info = kfunc('__kill_pgrp_info', function* (sig: number, pgrp: number) {
  let ret = -ESRCH;
  for (const p of yield* tasks_of_pgrp(pgrp)) {
    const error = yield* group_send_sig_info(sig, p);
    if (ret !== 0) ret = error;
  }
  return ret;
});

/** kill_pgrp() - the same from outside. */
export const kill_pgrp = kfunc('kill_pgrp', function* (pgrp: number, sig: number) {
  yield* read_lock(tasklist_lock());
  const ret = yield* __kill_pgrp_info(sig, pgrp);
  yield* read_unlock(tasklist_lock());
  return ret;
});

/** The process that leads a session is told of the end of its terminal, and made to hear it. */
export const tty_signal_session_leader = kfunc('tty_signal_session_leader', function* (session: number) {
  yield* read_lock(tasklist_lock());
  for (const p of yield* init_task_tasks().read()) {
    if (p.tgid !== session) continue;
    yield* group_send_sig_info(SIGHUP, p);
    yield* group_send_sig_info(SIGCONT, p);
  }
  yield* read_unlock(tasklist_lock());
});

/**
 * will_become_orphaned_pgrp() - does no process of the group have a parent in another group of its session, who
 * could continue it? `ignored` does not count any more. Tasklist lock held.
 */
export function* will_become_orphaned_pgrp(pgrp: number, ignored: TaskStruct | null): Body<boolean> {
  for (const p of yield* tasks_of_pgrp(pgrp)) {
    if (p === ignored || (yield* p.exit_state.read()) !== 0) continue;
    const parent = yield* p.real_parent.read();
    if (parent === null) continue;
    if ((yield* parent.signal.pgrp.read()) === pgrp) continue;
    if ((yield* parent.signal.session.read()) === (yield* p.signal.session.read())) return false;
  }
  return true;
}

/** is_current_pgrp_orphaned() */
export const is_current_pgrp_orphaned = kfunc('is_current_pgrp_orphaned', function* () {
  yield* read_lock(tasklist_lock());
  const orphaned = yield* will_become_orphaned_pgrp(yield* current().signal.pgrp.read(), null);
  yield* read_unlock(tasklist_lock());
  return orphaned;
});

/**
 * kill_orphaned_pgrp() - with `tsk`, whose parent is or was `parent`, a process group loses the last one who could
 * continue it: if some of it is stopped, it is told to end.
 *
 * Context: tasklist_lock held for writing. Models: kernel/exit.c.
 */
export const kill_orphaned_pgrp = kfunc(
  'kill_orphaned_pgrp',
  function* (tsk: TaskStruct, parent: TaskStruct, ignored: TaskStruct | null) {
    const pgrp = yield* tsk.signal.pgrp.read();
    if ((yield* parent.signal.pgrp.read()) === pgrp) return;
    if ((yield* parent.signal.session.read()) !== (yield* tsk.signal.session.read())) return;
    if (!(yield* will_become_orphaned_pgrp(pgrp, ignored)) || !(yield* has_stopped_jobs(pgrp))) return;
    yield* __kill_pgrp_info(SIGHUP, pgrp);
    yield* __kill_pgrp_info(SIGCONT, pgrp);
  },
);

function* has_stopped_jobs(pgrp: number): Body<boolean> {
  for (const p of yield* tasks_of_pgrp(pgrp)) {
    if (((yield* p.signal.flags.read()) & SIGNAL_STOP_STOPPED) !== 0) return true;
  }
  return false;
}
