import type { Body } from '../../../sim/call.ts';
import { EINVAL, EIO, ENOTTY, EPERM, ERESTARTSYS, ESRCH } from '../../include/errno.ts';
import { current } from '../../include/sched.ts';
import { SIGTTIN, SIGTTOU } from '../../include/signal.ts';
import { TOSTOP } from '../../include/termios.ts';
import { kfunc } from '../../kfunc.ts';
import { read_lock, read_unlock } from '../../kernel/locking/rwlock.ts';
import { tasklist_lock } from '../../kernel/pid.ts';
import { is_current_pgrp_orphaned, kill_pgrp, tasks_of_pgrp } from '../../kernel/signal_pgrp.ts';
import type { TtyStruct } from './tty_struct.ts';

/**
 * __tty_check_change() - a process in the background touches the terminal: it is stopped by `sig`, unless it
 * wants to know nothing of that.
 *
 * Return: 0 if it may go on, -ERESTARTSYS, -EIO.
 * Models: drivers/tty/tty_jobctrl.c.
 */
export const __tty_check_change = kfunc('__tty_check_change', function* (tty: TtyStruct, sig: number) {
  const { signal } = current();
  const session = yield* signal.session.read();
  if (session === 0 || session !== (yield* tty.session.read())) return 0;
  const pgrp = yield* signal.pgrp.read();
  const foreground = yield* tty.pgrp.read();
  if (foreground === 0 || pgrp === foreground) return 0;
  if (signal.ignored.has(sig)) return sig === SIGTTIN ? -EIO : 0;
  if (yield* is_current_pgrp_orphaned()) return -EIO;
  yield* kill_pgrp(pgrp, sig);
  return -ERESTARTSYS;
});

/** tty_check_change() - before settings change, and before output if the terminal is told to stop it. */
export function* tty_check_change(tty: TtyStruct, why: 'write' | 'change'): Body<number> {
  if (why === 'write' && ((yield* tty.termios()).c_lflag & TOSTOP) === 0) return 0;
  return yield* __tty_check_change(tty, SIGTTOU);
}

/** job_control() - before a read. */
export const tty_check_read = (tty: TtyStruct) => __tty_check_change(tty, SIGTTIN);

/** tiocspgrp() - another process group comes to the foreground. */
export const tiocspgrp = kfunc('tiocspgrp', function* (tty: TtyStruct, pgrp: number) {
  const refused = yield* tty_check_change(tty, 'change');
  if (refused !== 0) return refused;
  const session = yield* current().signal.session.read();
  if (session === 0 || session !== (yield* tty.session.read())) return -ENOTTY;
  if (pgrp < 0) return -EINVAL;
  yield* read_lock(tasklist_lock());
  const [first] = yield* tasks_of_pgrp(pgrp);
  const theirs = first === undefined ? 0 : yield* first.signal.session.read();
  yield* read_unlock(tasklist_lock());
  if (first === undefined) return -ESRCH;
  if (theirs !== session) return -EPERM;
  yield* tty.pgrp.write(pgrp);
  return 0;
});

/** tiocsctty() - the terminal becomes that of the caller's session. */
export const tiocsctty = kfunc('tiocsctty', function* (tty: TtyStruct) {
  const me = current();
  const session = yield* me.signal.session.read();
  if (session !== me.tgid) return -EPERM;
  const owner = yield* tty.session.read();
  if (owner === session) return 0;
  if (owner !== 0) return -EPERM;
  yield* tty.session.write(session);
  yield* tty.pgrp.write(yield* me.signal.pgrp.read());
  return 0;
});
