import { kfunc } from '../../kfunc.ts';
import { kthread_at_boot } from '../../kernel/kthread.ts';
import { kill_pgrp, tty_signal_session_leader } from '../../kernel/signal_pgrp.ts';
import { wake_up_interruptible_all } from '../../kernel/sched/wait.ts';
import { SIGWINCH } from '../../include/signal.ts';
import type { Winsize } from '../../include/termios.ts';
import type { TtyStruct } from './tty_struct.ts';

/**
 * khvcd() - takes in what comes from the other side of the console.
 *
 * Models: drivers/tty/hvc/hvc_console.c. Leaves out: the interrupt, which tells the thread, and the worker, to whom
 * the thread hands the input: the thread runs the line discipline itself.
 */
const khvcd = kfunc('khvcd', function* (tty: TtyStruct) {
  for (;;) {
    const event = yield* tty.next();
    if (event.kind === 'input') yield* n_tty_receive_buf_common(tty, event.text);
    else if (event.kind === 'resize') yield* tty_do_resize(tty, event.size);
    else yield* __tty_hangup(tty);
  }
});

/** (plain, in set-up) */
export function startKhvcd(tty: TtyStruct): void {
  kthread_at_boot(() => khvcd(tty), 'khvcd');
}

/**
 * n_tty_receive_buf_common() - input goes through the line discipline: echoes, signals, lines for those who read.
 *
 * Models: drivers/tty/n_tty.c.
 */
const n_tty_receive_buf_common = kfunc('n_tty_receive_buf_common', function* (tty: TtyStruct, text: string) {
  let rest = text;
  while (rest !== '') {
    const { signal, after, taken } = yield* tty.receive(rest);
    rest = rest.slice(taken);
    if (signal !== 0) yield* isig(tty, signal);
    if (after !== '') yield* tty.echo(after);
  }
  if (yield* tty.available()) yield* wake_up_interruptible_all(tty.read_wait);
});

/** isig() - a signal for those in the foreground. */
const isig = kfunc('isig', function* (tty: TtyStruct, sig: number) {
  const pgrp = yield* tty.pgrp.read();
  if (pgrp !== 0) yield* kill_pgrp(pgrp, sig);
});

/** tty_do_resize() - the window has another size. */
export const tty_do_resize = kfunc('tty_do_resize', function* (tty: TtyStruct, size: Winsize) {
  const before = yield* tty.winsize.read();
  if (before.rows === size.rows && before.cols === size.cols) return 0;
  const pgrp = yield* tty.pgrp.read();
  yield* tty.winsize.write(size);
  if (pgrp !== 0) yield* kill_pgrp(pgrp, SIGWINCH);
  return 0;
});

/** __tty_hangup() - nobody is there any more: reads end, and the session is told. */
const __tty_hangup = kfunc('__tty_hangup', function* (tty: TtyStruct) {
  yield* tty.hungUp.write(true);
  const session = yield* tty.session.read();
  if (session !== 0) yield* tty_signal_session_leader(session);
  yield* wake_up_interruptible_all(tty.read_wait);
});
