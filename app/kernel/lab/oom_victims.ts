import { debugfs_create_file, kstrtoint } from '../fs/debugfs/file.ts';
import { EINVAL, ESRCH } from '../include/errno.ts';
import type { FileStruct } from '../include/fs.ts';
import type { MmStruct } from '../include/mm_types.ts';
import type { TaskStruct } from '../include/sched.ts';
import { get_task_struct, task_unlock } from '../include/task.ts';
import { INIT, kernelInit } from '../init/initcall.ts';
import { kfunc } from '../kfunc.ts';
import { get_task_mm, mmput, put_task_struct } from '../kernel/fork.ts';
import { find_task_by_vpid } from '../kernel/pid.ts';
import { rcu_read_lock, rcu_read_unlock } from '../kernel/rcu/tree.ts';
import { find_lock_task_mm, mark_oom_victim, oom_reap_task_mm } from '../mm/oom_kill.ts';
import type { Body } from '../../sim/call.ts';

/**
 * Test-only files that take the OOM killer apart, so that its parts can be put side by side with an exit:
 *
 * - `echo PID > /sys/kernel/debug/oom_mark` makes a process a victim, without a signal and without the reaper;
 * - `oom_reaper`: who has written a pid there does, when the file is closed, what the oom_reaper thread does for a
 *   victim, once;
 * - `mm_user`: who has written a pid there is a user of that process's address space until the file is closed, as a
 *   reader of /proc/PID/maps is one.
 */

/** The process with the pid in `data`, with a reference, or an error number. */
function* taskOf(data: string): Body<TaskStruct | number> {
  const pid = kstrtoint(data.trim());
  if (Number.isNaN(pid)) return -EINVAL;
  yield* rcu_read_lock();
  const task = yield* find_task_by_vpid(pid);
  if (task !== null) yield* get_task_struct(task);
  yield* rcu_read_unlock();
  return task ?? -ESRCH;
}

/** lab_oom_mark_write() - mark_oom_victim(). Return: -ESRCH without such a process or its mm. */
export const lab_oom_mark_write = kfunc('lab_oom_mark_write', function* (_file: FileStruct, data: string) {
  const task = yield* taskOf(data);
  if (typeof task === 'number') return task;
  const victim = yield* find_lock_task_mm(task);
  if (victim !== null) {
    yield* mark_oom_victim(victim);
    yield* task_unlock(victim);
  }
  yield* put_task_struct(task);
  return victim === null ? -ESRCH : data.length;
});

/** lab_oom_reaper_release() - oom_reap_task_mm(), once. */
export const lab_oom_reaper_release = kfunc('lab_oom_reaper_release', function* (file: FileStruct) {
  const task = file.private_data as TaskStruct | null;
  if (task === null) return;
  const mm = yield* task.signal.oom_mm.read();
  if (mm !== null) yield* oom_reap_task_mm(task, mm);
  yield* put_task_struct(task);
});

const lab_oom_reaper_write = kfunc('lab_oom_reaper_write', function* (file: FileStruct, data: string) {
  if (file.private_data !== null) return -EINVAL;
  const task = yield* taskOf(data);
  if (typeof task === 'number') return task;
  file.private_data = task;
  return data.length;
});

const lab_mm_user_write = kfunc('lab_mm_user_write', function* (file: FileStruct, data: string) {
  if (file.private_data !== null) return -EINVAL;
  const task = yield* taskOf(data);
  if (typeof task === 'number') return task;
  file.private_data = yield* get_task_mm(task);
  yield* put_task_struct(task);
  return file.private_data === null ? -ESRCH : data.length;
});

const lab_mm_user_release = kfunc('lab_mm_user_release', function* (file: FileStruct) {
  if (file.private_data !== null) yield* mmput(file.private_data as MmStruct);
});

kernelInit('lab_oom_victims', INIT.DEVICE, () => {
  debugfs_create_file('oom_mark', { write: (file, data) => lab_oom_mark_write(file, data) });
  debugfs_create_file('oom_reaper', {
    write: (file, data) => lab_oom_reaper_write(file, data),
    release: (file) => lab_oom_reaper_release(file),
  });
  debugfs_create_file('mm_user', {
    write: (file, data) => lab_mm_user_write(file, data),
    release: (file) => lab_mm_user_release(file),
  });
});
