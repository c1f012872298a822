import type { Call } from '../../sim/call.ts';
import { syscall } from '../../kernel/arch/x86/entry/common.ts';
import { do_readlinkat } from '../../kernel/fs/proc/fd.ts';
import { do_renameat2 } from '../../kernel/fs/namei.ts';
import { vfs_statx, type Kstat } from '../../kernel/fs/stat.ts';
import { devkmsg_read, syslog_clear, syslog_console_level } from '../../kernel/kernel/syslog.ts';
import type { LogLine } from '../../kernel/log.ts';

/** System calls of the guest's usual commands, as libc.ts has those of programs. */

export type { Kstat };

export const stat = (path: string): Call<Kstat | number> =>
  syscall<Kstat | number>('statx', () => vfs_statx(path));

/** Where a link leads to, or an error below 0. */
export const readlink = (path: string): Call<string | number> =>
  syscall<string | number>('readlink', () => do_readlinkat(path));

export const rename = (from: string, to: string): Call<number> =>
  syscall('rename', () => do_renameat2(from, to));

/** Waits for lines of the log from `from` on. */
export const readLog = (from: number): Call<readonly LogLine[] | number> =>
  syscall<readonly LogLine[] | number>('read', () => devkmsg_read(from));

export const clearLog = (): Call<number> => syscall('syslog', () => syslog_clear());

export const setConsoleLevel = (level: number): Call<number> =>
  syscall('syslog', () => syslog_console_level(level));
