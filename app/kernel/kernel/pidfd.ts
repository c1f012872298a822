import { anon_inode_getfd } from '../fs/anon_inodes.ts';
import { fdget, fdput } from '../fs/file.ts';
import { EBADF, ESRCH } from '../include/errno.ts';
import type { FileOperations, FileStruct } from '../include/fs.ts';
import type { TaskStruct } from '../include/sched.ts';
import { get_task_struct } from '../include/task.ts';
import { rcu_dereference } from '../include/rwonce.ts';
import { kfunc } from '../kfunc.ts';
import { process_mrelease } from '../mm/process_mrelease.ts';
import { find_task_by_vpid } from './pid.ts';
import { rcu_read_lock, rcu_read_unlock } from './rcu/tree.ts';
import { group_send_sig_info } from './signal.ts';

/** What a pidfd refers to: a process by its identity, which outlives it. */
interface Pid {
  readonly nr: number;
  readonly task: TaskStruct;
}

/** pidfd_release() - the last descriptor is closed. */
const pidfd_release = kfunc('pidfd_release', function* (_file: FileStruct) {
  // The reference to struct pid, which the model has none of, would go here.
});

const pidfd_fops: FileOperations = { release: (file) => pidfd_release(file) };

/**
 * __x64_sys_pidfd_open() - a descriptor that stands for a process.
 *
 * Return: the descriptor, -ESRCH without such a process.
 */
export const __x64_sys_pidfd_open = kfunc('__x64_sys_pidfd_open', function* (nr: number) {
  yield* rcu_read_lock();
  const task = yield* find_task_by_vpid(nr);
  yield* rcu_read_unlock();
  if (task === null) return -ESRCH;
  return yield* anon_inode_getfd('[pidfd]', pidfd_fops, { nr, task } satisfies Pid);
});

/**
 * pidfd_get_task() - the process behind a pidfd, with a reference.
 *
 * Return: the task; -EBADF for other files, -ESRCH if the process has been released.
 */
export const pidfd_get_task = kfunc('pidfd_get_task', function* (pidfd: number) {
  const f = yield* fdget(pidfd);
  if (f === null) return -EBADF;
  const pid = f.file.f_op === pidfd_fops ? (f.file.private_data as Pid) : null;
  yield* fdput(f);
  if (pid === null) return -EBADF;
  yield* rcu_read_lock();
  const task = yield* find_task_by_vpid(pid.nr);
  const alive = task === pid.task;
  if (alive) yield* get_task_struct(task);
  yield* rcu_read_unlock();
  return alive ? task : -ESRCH;
});

/**
 * kill_pid_info() - send a signal to the process of a pid, which is not looked up: whoever has the pid has it already.
 *
 * Return: 0, -ESRCH once the process has been released, -EPERM.
 * Models: kernel/signal.c. Leaves out: pid->tasks. A task leaves its pid where it gives up its `sighand`, under the
 * same tasklist_lock, so that one tells as much as the other.
 */
const kill_pid_info = kfunc('kill_pid_info', function* (sig: number, { task }: Pid) {
  yield* rcu_read_lock();
  const there = (yield* rcu_dereference(task.sighand)) !== null;
  const error = there ? yield* group_send_sig_info(sig, task) : -ESRCH;
  yield* rcu_read_unlock();
  return error;
});

/**
 * __x64_sys_pidfd_send_signal() - kill(2) for who holds a pidfd, whoever has the number by now.
 *
 * Return: 0, -EBADF for other files, -ESRCH, -EPERM. Leaves out: flags, and a siginfo of the caller's.
 */
export const __x64_sys_pidfd_send_signal = kfunc(
  '__x64_sys_pidfd_send_signal',
  function* (pidfd: number, sig: number) {
    const f = yield* fdget(pidfd);
    if (f === null) return -EBADF;
    const isPid = f.file.f_op === pidfd_fops;
    const ret = isPid ? yield* kill_pid_info(sig, f.file.private_data as Pid) : -EBADF;
    yield* fdput(f);
    return ret;
  },
);

/** The system call process_mrelease() from its descriptor on; the work is in mm/process_mrelease.ts. */
export const sys_process_mrelease = kfunc(
  '__se_sys_process_mrelease',
  function* (pidfd: number, flags: number) {
    const task = yield* pidfd_get_task(pidfd);
    return typeof task === 'number' ? task : yield* process_mrelease(task, flags);
  },
  { inlined: true },
);
