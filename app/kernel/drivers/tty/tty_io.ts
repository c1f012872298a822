import { EFAULT, EINVAL, ENOTTY } from '../../include/errno.ts';
import { current } from '../../include/sched.ts';
import type { Termios, Winsize } from '../../include/termios.ts';
import { kfunc } from '../../kfunc.ts';
import { tty_do_resize } from './hvc_console.ts';
import { tiocsctty, tiocspgrp, tty_check_change } from './tty_jobctrl.ts';
import type { TtyStruct } from './tty_struct.ts';

/** Where an ioctl puts what it is asked for: the pointer of the C. */
export interface Out<Value> {
  value: Value | null;
}

/**
 * tty_ioctl() - settings of a terminal.
 *
 * Return: 0 or an error below 0; -ENOTTY for a console that is no terminal.
 * Models: drivers/tty/tty_io.c and tty_ioctl.c, the commands that shells, stty and tput use.
 */
export const tty_ioctl = kfunc('tty_ioctl', function* (tty: TtyStruct | null, cmd: string, arg: unknown) {
  if (tty === null) return -ENOTTY;
  const out = arg as Out<unknown> | null;
  switch (cmd) {
    case 'TCGETS':
      if (out === null) return -EFAULT;
      out.value = yield* tty.termios();
      return 0;
    case 'TCSETS':
    case 'TCSETSW':
    case 'TCSETSF': {
      const refused = yield* tty_check_change(tty, 'change');
      if (refused !== 0) return refused;
      yield* tty.setTermios(arg as Termios, cmd === 'TCSETSF');
      return 0;
    }
    case 'TCFLSH':
      yield* tty.flush();
      return 0;
    case 'TIOCGWINSZ':
      if (out === null) return -EFAULT;
      out.value = yield* tty.winsize.read();
      return 0;
    case 'TIOCSWINSZ':
      return yield* tty_do_resize(tty, arg as Winsize);
    case 'TIOCGPGRP':
      if (out === null) return -EFAULT;
      if ((yield* current().signal.session.read()) !== (yield* tty.session.read())) return -ENOTTY;
      out.value = yield* tty.pgrp.read();
      return 0;
    case 'TIOCSPGRP':
      return yield* tiocspgrp(tty, arg as number);
    case 'TIOCGSID':
      if (out === null) return -EFAULT;
      out.value = yield* tty.session.read();
      return 0;
    case 'TIOCSCTTY':
      return yield* tiocsctty(tty);
    default:
      return -EINVAL;
  }
});
