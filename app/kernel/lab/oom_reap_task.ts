import { machineInForce } from '../../sim/machine-in-force.ts';
import { debugfs_create_file, kstrtoint } from '../fs/debugfs/file.ts';
import { EINVAL, ESRCH } from '../include/errno.ts';
import type { FileStruct } from '../include/fs.ts';
import { mmap_read_lock, mmap_read_unlock } from '../include/mmap_lock.ts';
import { INIT, kernelInit } from '../init/initcall.ts';
import { kfunc } from '../kfunc.ts';
import { get_task_struct } from '../include/task.ts';
import { get_task_mm, mmput, put_task_struct } from '../kernel/fork.ts';
import { rcu_read_lock, rcu_read_unlock } from '../kernel/rcu/tree.ts';
import { find_task_by_vpid } from '../kernel/pid.ts';
import { __oom_reap_task_mm } from '../mm/oom_reaper.ts';
import { pr_info } from '../printk.ts';

/**
 * lab_oom_reap_task_write() - the write side of /sys/kernel/debug/oom_reap_task, a test-only file: takes the
 * memory of a process as the OOM reaper would, at once and without killing it.
 *
 * Context: process context. Pins the mm, holds mmap_lock for read around the reap.
 * Return: the length of the write; -EINVAL for what is no number, -ESRCH without such a process or its mm.
 * Models: the hook of the captures, which follows the set-up described in the cover letter of
 * mmu-notifier-async-oom-v2.
 */
export const lab_oom_reap_task_write = kfunc(
  'lab_oom_reap_task_write',
  function* (_file: FileStruct, data: string) {
    const pid = kstrtoint(data.trim());
    if (Number.isNaN(pid)) return -EINVAL;

    yield* rcu_read_lock();
    const task = yield* find_task_by_vpid(pid);
    if (task !== null) yield* get_task_struct(task);
    yield* rcu_read_unlock();
    if (task === null) return -ESRCH;

    const mm = yield* get_task_mm(task);
    yield* put_task_struct(task);
    if (mm === null) return -ESRCH;

    const start = machineInForce().now;
    yield* mmap_read_lock(mm);
    const reaped = yield* __oom_reap_task_mm(mm);
    yield* mmap_read_unlock(mm);
    yield* mmput(mm);
    const took = Math.floor((machineInForce().now - start) / 1000);
    pr_info(`oom_reap_task: pid ${pid} reaped=${reaped ? 1 : 0} in ${took} us`);
    return data.length;
  },
);

kernelInit('oom_reap_task', INIT.DEVICE, () => {
  debugfs_create_file('oom_reap_task', {
    write: (file, data) => lab_oom_reap_task_write(file, data),
  });
});
