import { EAGAIN } from '../include/errno.ts';
import { current } from '../include/sched.ts';
import { kfunc } from '../kfunc.ts';
import type { ProcessImage } from '../mm/process-image.ts';
import { do_close_on_exec } from '../fs/file.ts';
import {
  create_user_process,
  create_user_thread,
  exec_mmap,
  type CloneVm,
  type UserCode,
} from './process.ts';

/**
 * __do_sys_clone() - a new process with copies of the caller's descriptors and of its working directory.
 *
 * Return: its pid, or an error below 0.
 */
export const __do_sys_clone = kfunc('__do_sys_clone', function* (comm: string, code: UserCode, vm: CloneVm) {
  const { pwd } = current();
  const task = yield* create_user_process(comm, code, vm, {
    prepare: (child) => {
      child.pwd = pwd;
    },
  });
  return typeof task === 'number' ? task : task.pid;
});

/** clone3() of a thread: it shares everything with the caller. Return: its id, or an error below 0. */
export const clone_thread = kfunc(
  'clone_thread',
  function* (code: UserCode) {
    const { pwd } = current();
    const task = yield* create_user_thread(code, {
      prepare: (thread) => {
        thread.pwd = pwd;
      },
    });
    return typeof task === 'number' ? task : task.pid;
  },
  { inlined: true },
);

/**
 * __x64_sys_execve() - the caller becomes another program: a fresh address space, no handlers, and none of the
 * descriptors that are marked for it.
 *
 * Return: 0; an error below 0 leaves everything as it was.
 */
export const __x64_sys_execve = kfunc('__x64_sys_execve', function* (comm: string, image?: ProcessImage) {
  const me = current();
  if (me.files === null) return -EAGAIN;
  const error = yield* exec_mmap(comm, image);
  if (error !== 0) return error;
  me.signal.handled.clear();
  me.delivered.length = 0;
  yield* do_close_on_exec(me.files);
  return 0;
});
