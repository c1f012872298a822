import type { Call } from '../../../../sim/call.ts';
import { EINTR, ERESTARTSYS, ERESTART_RESTARTBLOCK } from '../../../include/errno.ts';
import { current } from '../../../include/sched.ts';
import { kfunc } from '../../../kfunc.ts';
import { syscall_exit_to_user_mode } from '../../../kernel/entry/common.ts';

/** Numbers of system calls on x86-64: what dumps show as ORIG_RAX. */
export const NR = {
  read: 0,
  write: 1,
  close: 3,
  mmap: 9,
  munmap: 11,
  ioctl: 16,
  madvise: 28,
  dup: 32,
  dup2: 33,
  pause: 34,
  getpid: 39,
  clone: 56,
  vfork: 58,
  execve: 59,
  exit: 60,
  wait4: 61,
  kill: 62,
  fcntl: 72,
  setuid: 105,
  setpgid: 109,
  getppid: 110,
  setsid: 112,
  getpgid: 121,
  chdir: 80,
  mkdir: 83,
  rmdir: 84,
  unlink: 87,
  readlink: 89,
  ptrace: 101,
  swapon: 167,
  swapoff: 168,
  getdents64: 217,
  clock_nanosleep: 230,
  exit_group: 231,
  rename: 82,
  syslog: 103,
  mount: 165,
  umount2: 166,
  reboot: 169,
  statx: 332,
  openat: 257,
  pipe2: 293,
  prlimit64: 302,
  pidfd_send_signal: 424,
  pidfd_open: 434,
  process_mrelease: 448,
} as const;

export type SyscallName = keyof typeof NR;

/**
 * entry_SYSCALL_64() after the switch to the kernel stack: a program calls the kernel. In stacks it goes by
 * the label at which the call returns.
 */
export const entry_SYSCALL_64_after_hwframe = kfunc(
  'entry_SYSCALL_64_after_hwframe',
  function* (nr: number, call: () => Call<unknown>) {
    return yield* do_syscall_64(nr, call);
  },
);

/**
 * do_syscall_64() - run a system call and go back to user space, which is where signals are delivered and
 * task work is done.
 */
export const do_syscall_64 = kfunc('do_syscall_64', function* (nr: number, call: () => Call<unknown>) {
  const task = current();
  let again = call;
  for (;;) {
    task.orig_ax = nr;
    const handlers = task.delivered.length;
    const result = yield* again();
    yield* syscall_exit_to_user_mode();
    task.orig_ax = -1;
    const interrupted =
      typeof result === 'number' && result <= -ERESTARTSYS && result >= -ERESTART_RESTARTBLOCK;
    if (!interrupted) return result;
    // A handler ran: programs see that the call was interrupted.
    if (task.delivered.length > handlers) return -EINTR;
    // The task was stopped and goes on: handle_signal() found nothing to do, the call is made again.
    again = result === -ERESTART_RESTARTBLOCK && task.restart_block !== null ? task.restart_block : call;
  }
});

/** A system call as a program makes it. `call` is run by the kernel side, on the kernel's stack. */
export function syscall<Result>(name: SyscallName, call: () => Call<Result>): Call<Result> {
  return entry_SYSCALL_64_after_hwframe(NR[name], call) as Call<Result>;
}
