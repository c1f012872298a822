import type { Body } from '../../sim/call.ts';
import { EINVAL, EPERM, ESRCH } from '../include/errno.ts';
import { data_race } from '../include/rwonce.ts';
import { current, type TaskStruct } from '../include/sched.ts';
import { kfunc } from '../kfunc.ts';
import { write_lock_irq, write_unlock_irq } from './locking/rwlock.ts';
import { find_task_by_vpid, tasklist_lock } from './pid.ts';
import { tasks_of_pgrp } from './signal_pgrp.ts';

/**
 * ksys_setpgid() - move a process, or a child, to another process group; 0 stands for the caller and for a group
 * of its own.
 *
 * Return: 0, -EINVAL, -ESRCH, -EPERM.
 * Models: kernel/sys.c. Leaves out: that a child which has called execve() is out of reach.
 */
export const ksys_setpgid = kfunc('__do_sys_setpgid', function* (pid: number, pgid: number) {
  const me = current().signal.threads[0] ?? current();
  if (pgid < 0) return -EINVAL;
  yield* write_lock_irq(tasklist_lock());
  const ret = yield* setpgidLocked(me, pid === 0 ? me.pid : pid, pgid);
  yield* write_unlock_irq(tasklist_lock());
  return ret;
});

function* setpgidLocked(me: TaskStruct, pid: number, wanted: number): Body<number> {
  const p = yield* find_task_by_vpid(pid);
  if (p === null || p.pid !== p.tgid) return p === null ? -ESRCH : -EINVAL;
  const session = yield* me.signal.session.read();
  if (p !== me) {
    if ((yield* p.real_parent.read()) !== me) return -ESRCH;
    if ((yield* p.signal.session.read()) !== session) return -EPERM;
  }
  // A leader of a session stays where it is.
  if (session !== 0 && session === p.tgid) return -EPERM;
  const pgid = wanted === 0 ? p.pid : wanted;
  if (pgid !== p.pid) {
    const [first] = yield* tasks_of_pgrp(pgid);
    if (first === undefined || (yield* first.signal.session.read()) !== session) return -EPERM;
  }
  yield* p.signal.pgrp.write(pgid);
  return 0;
}

/** ksys_setsid() - a session of its own, and a process group, without a terminal. Return: its number, or -EPERM. */
export const ksys_setsid = kfunc('ksys_setsid', function* () {
  const me = current().signal.threads[0] ?? current();
  yield* write_lock_irq(tasklist_lock());
  const taken = me.signal.session.value === me.pid || (yield* tasks_of_pgrp(me.pid)).length > 0;
  if (!taken) {
    yield* me.signal.session.write(me.pid);
    yield* me.signal.pgrp.write(me.pid);
  }
  yield* write_unlock_irq(tasklist_lock());
  return taken ? -EPERM : me.pid;
});

/** do_getpgid() - the process group of a process; 0 stands for the caller. */
export const do_getpgid = kfunc('do_getpgid', function* (pid: number) {
  const p = pid === 0 ? current() : yield* find_task_by_vpid(pid);
  return p === null ? -ESRCH : yield* p.signal.pgrp.read();
});

/** __sys_setuid() - act for another user. Only root can become anybody. */
export const __sys_setuid = kfunc('__sys_setuid', function* (uid: number): Body<number> {
  const me = current();
  if (me.uid !== 0 && uid !== me.uid) return -EPERM;
  me.uid = uid;
  return 0;
});

/** bprm_fill_uid() - a program with the set-user-ID bit that belongs to root starts: `sudo`. */
export const bprm_fill_uid = kfunc('bprm_fill_uid', function* (): Body<number> {
  current().uid = 0;
  return 0;
});

/** __x64_sys_getppid() - the parent; 0 if that is not in the guest. */
export const __x64_sys_getppid = kfunc('__x64_sys_getppid', function* () {
  const parent = yield* data_race((current().signal.threads[0] ?? current()).real_parent.read());
  return parent?.tgid ?? 1;
});
