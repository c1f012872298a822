import type { Ns } from '../../base/brand.ts';
import type { Body, Call } from '../../sim/call.ts';
import { charge } from '../../sim/delay.ts';
import { syscall } from '../../kernel/arch/x86/entry/common.ts';
import { __x64_sys_close, __x64_sys_dup, ksys_dup3 } from '../../kernel/fs/file.ts';
import { __x64_sys_ioctl } from '../../kernel/fs/ioctl.ts';
import { __x64_sys_chdir, do_mkdirat, do_rmdir, do_unlinkat, list_directory } from '../../kernel/fs/namei.ts';
import { do_sys_openat2 } from '../../kernel/fs/open.ts';
import { do_pipe2 } from '../../kernel/fs/pipe.ts';
import { ksys_read, ksys_write } from '../../kernel/fs/read_write.ts';
import { O_CLOEXEC, O_RDONLY } from '../../kernel/include/fs.ts';
import { current } from '../../kernel/include/sched.ts';
import { kernel_wait4, WCONTINUED, WNOHANG, WUNTRACED, type Waited } from '../../kernel/kernel/exit.ts';
import {
  __sys_setuid,
  __x64_sys_getppid,
  bprm_fill_uid,
  do_getpgid,
  ksys_setpgid,
  ksys_setsid,
} from '../../kernel/kernel/sys.ts';
import {
  __x64_sys_pidfd_open,
  __x64_sys_pidfd_send_signal,
  sys_process_mrelease,
} from '../../kernel/kernel/pidfd.ts';
import { __x64_sys_kill, __x64_sys_pause } from '../../kernel/kernel/signal_syscalls.ts';
import { user_access } from '../../kernel/arch/x86/mm/user_fault.ts';
import { PAGE_SIZE, VM_READ, VM_WRITE } from '../../kernel/include/mm_types.ts';
import { do_madvise, MADV_DONTNEED, MADV_PAGEOUT } from '../../kernel/mm/madvise.ts';
import { __vm_munmap, vm_mmap_pgoff, type MapOptions } from '../../kernel/mm/mmap.ts';
import { __x64_sys_swapoff, __x64_sys_swapon } from '../../kernel/mm/swapfile.ts';
import { __x64_sys_clock_nanosleep } from '../../kernel/kernel/time/hrtimer.ts';

/**
 * The system calls as programs make them. Errors come back as numbers below 0, as from the kernel.
 */

export { WCONTINUED, WNOHANG, WUNTRACED };
export type { Waited };

export const STDIN = 0;
export const STDOUT = 1;
export const STDERR = 2;

export const open = (path: string, flags: number = O_RDONLY): Call<number> =>
  syscall('openat', () => do_sys_openat2(path, flags));

export const close = (fd: number): Call<number> => syscall('close', () => __x64_sys_close(fd));

export const read = (fd: number, size = 65536): Call<string | number> =>
  syscall<string | number>('read', () => ksys_read(fd, size));

export const write = (fd: number, data: string): Call<number> => syscall('write', () => ksys_write(fd, data));

export const ioctl = (fd: number, cmd: string, arg: unknown = null): Call<number> =>
  syscall('ioctl', () => __x64_sys_ioctl(fd, cmd, arg));

export const dup2 = (from: number, to: number): Call<number> => syscall('dup2', () => ksys_dup3(from, to, 0));

/** fcntl(F_DUPFD_CLOEXEC): a copy from `lowest` on, which exec closes. */
export const dupFrom = (fd: number, lowest: number): Call<number> =>
  syscall('fcntl', () => __x64_sys_dup(fd, lowest, O_CLOEXEC));

/** The two ends of a pipe, for reading and for writing, or an error. */
export const pipe = (): Call<readonly [number, number] | number> =>
  syscall<readonly [number, number] | number>('pipe2', () => do_pipe2());

export const mkdir = (path: string): Call<number> => syscall('mkdir', () => do_mkdirat(path));
export const rmdir = (path: string): Call<number> => syscall('rmdir', () => do_rmdir(path));
export const unlink = (path: string): Call<number> => syscall('unlink', () => do_unlinkat(path));
export const chdir = (path: string): Call<number> => syscall('chdir', () => __x64_sys_chdir(path));

export const listDirectory = (path: string): Call<readonly string[] | number> =>
  syscall<readonly string[] | number>('getdents64', () => list_directory(path));

export const nanosleep = (duration: Ns): Call<number> =>
  syscall('clock_nanosleep', () => __x64_sys_clock_nanosleep(duration));

export const pause = (): Call<number> => syscall('pause', () => __x64_sys_pause());

export const kill = (pid: number, signal: number): Call<number> =>
  syscall('kill', () => __x64_sys_kill(pid, signal));

/** Waits for a child (-1: any). An error is a number below 0. */
export const wait4 = (pid: number, nohang = false): Call<Waited | number> =>
  syscall<Waited | number>('wait4', () => kernel_wait4(pid, nohang ? WNOHANG : 0));

/** waitpid() with options: WNOHANG, WUNTRACED, WCONTINUED. 0 if nothing has happened. */
export const waitpid = (pid: number, options: number): Call<Waited | number> =>
  syscall<Waited | number>('wait4', () => kernel_wait4(pid, options));

export const setpgid = (pid: number, pgid: number): Call<number> =>
  syscall('setpgid', () => ksys_setpgid(pid, pgid));
export const getpgid = (pid: number): Call<number> => syscall('getpgid', () => do_getpgid(pid));
/** As good as any other call that only asks: what a program does to let others run. */
export const getppid = (): Call<number> => syscall('getppid', () => __x64_sys_getppid());
export const setsid = (): Call<number> => syscall('setsid', () => ksys_setsid());
export const setuid = (uid: number): Call<number> => syscall('setuid', () => __sys_setuid(uid));
/** Goes on as a program that runs as root, whoever starts it: `sudo`. */
export const execAsRoot = (): Call<number> => syscall('execve', () => bprm_fill_uid());
export const getuid = (): number => current().uid;

/** Maps memory of the process's own, to be read and written. Returns its address or an error. */
export const mmap = (length: number, options: MapOptions = {}): Call<number> =>
  syscall('mmap', () => vm_mmap_pgoff(length, VM_READ | VM_WRITE, options));

export const munmap = (start: number, length: number): Call<number> =>
  syscall('munmap', () => __vm_munmap(start, length));

export const madvise = (
  start: number,
  length: number,
  advice: 'MADV_DONTNEED' | 'MADV_PAGEOUT',
): Call<number> =>
  syscall('madvise', () => do_madvise(start, length, { MADV_DONTNEED, MADV_PAGEOUT }[advice]));

/** Makes a swap area of a block device. Real ones say themselves how many pages they have. */
export const swapon = (path: string, pages: number): Call<number> =>
  syscall('swapon', () => __x64_sys_swapon(path, pages));

export const swapoff = (path: string): Call<number> => syscall('swapoff', () => __x64_sys_swapoff(path));

export const pidfd_open = (pid: number): Call<number> =>
  syscall('pidfd_open', () => __x64_sys_pidfd_open(pid));

export const pidfd_send_signal = (pidfd: number, sig: number): Call<number> =>
  syscall('pidfd_send_signal', () => __x64_sys_pidfd_send_signal(pidfd, sig));

export const process_mrelease = (pidfd: number): Call<number> =>
  syscall('process_mrelease', () => sys_process_mrelease(pidfd, 0));

/** No system call: the program knows it from its start. */
export const getpid = (): number => current().tgid;

/** Writes all of a text. Returns 0 or the error. */
export function* print(fd: number, text: string): Body<number> {
  let rest = text;
  while (rest !== '') {
    const written = yield* write(fd, rest);
    if (written < 0) return written;
    rest = rest.slice(written);
  }
  return 0;
}

/** What it costs to write to the pages behind one modelled page-table entry beyond the first (ns each). */
const FILL_NS = 400;

/**
 * Touches every page of a piece of memory, one after the other. Where one entry of the model's page tables stands
 * for many pages, they are touched as one.
 */
export function* touch(start: number, length: number, access: 'read' | 'write'): Body<void> {
  for (let at = start; at < start + length;) {
    const pages = granuleAt(at);
    charge((pages - 1) * FILL_NS);
    yield* user_access(at, access);
    at += pages * PAGE_SIZE;
  }
}

/** How many pages one entry stands for at an address. Fixed when the mapping was made. */
function granuleAt(address: number): number {
  const ranges = current().mm.value?.pgd.value ?? [];
  return ranges.find(({ start, end }) => address >= start && address < end)?.granule ?? 1;
}

/** Reads up to the end of a file. */
export function* readAll(fd: number): Body<string | number> {
  let text = '';
  for (;;) {
    const part = yield* read(fd);
    if (typeof part === 'number') return part;
    if (part === '') return text;
    text += part;
  }
}
