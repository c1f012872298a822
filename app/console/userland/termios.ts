import type { Body } from '../../sim/call.ts';
import type { Out } from '../../kernel/drivers/tty/tty_io.ts';
import type { Termios, Winsize } from '../../kernel/include/termios.ts';
import { ioctl } from './libc.ts';

/** What a C library has around a terminal. Errors come back as numbers below 0. */

export type { Termios, Winsize };

/** An ioctl() that gives something. */
function* ask<Value>(fd: number, cmd: string): Body<Value | number> {
  const out: Out<Value> = { value: null };
  const error = yield* ioctl(fd, cmd, out);
  return out.value ?? error;
}

export const tcgetattr = (fd: number): Body<Termios | number> => ask<Termios>(fd, 'TCGETS');
/** TCSADRAIN: output that is under way is let out first, which it is at once here. */
export const tcsetattr = (fd: number, termios: Termios) => ioctl(fd, 'TCSETSW', termios);
export const tcgetpgrp = (fd: number): Body<number> => ask<number>(fd, 'TIOCGPGRP');
export const tcsetpgrp = (fd: number, pgrp: number) => ioctl(fd, 'TIOCSPGRP', pgrp);
export const winsize = (fd: number): Body<Winsize | number> => ask<Winsize>(fd, 'TIOCGWINSZ');

export function* isatty(fd: number): Body<boolean> {
  return typeof (yield* tcgetattr(fd)) !== 'number';
}
