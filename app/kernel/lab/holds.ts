import { debugfs_create_file, kstrtoint } from '../fs/debugfs/file.ts';
import { EINVAL } from '../include/errno.ts';
import type { FileStruct } from '../include/fs.ts';
import {
  mmap_read_lock,
  mmap_read_unlock,
  mmap_write_lock,
  mmap_write_unlock,
} from '../include/mmap_lock.ts';
import { current } from '../include/sched.ts';
import { INIT, kernelInit } from '../init/initcall.ts';
import { kfunc } from '../kfunc.ts';
import { schedule_timeout_uninterruptible } from '../kernel/sched/core.ts';
import { msecs_to_jiffies } from '../kernel/time/jiffies.ts';

/**
 * Test-only files that hold a task where real hardware would: `echo MS > /sys/kernel/debug/d_sleep` sleeps
 * uninterruptibly, `echo MS > /sys/kernel/debug/mmap_hold` does so with mmap_lock held for write, `mmap_read_hold` with it held
 * for read.
 */

/** lab_d_sleep_write() - stay in state D, deaf to signals, as a task that waits for a device. */
export const lab_d_sleep_write = kfunc('lab_d_sleep_write', function* (_file: FileStruct, data: string) {
  const duration = kstrtoint(data.trim());
  if (Number.isNaN(duration) || duration < 0) return -EINVAL;
  yield* msleep(duration);
  return data.length;
});

/** lab_mmap_hold_write() - the same with the caller's mmap_lock held for write. */
export const lab_mmap_hold_write = kfunc('lab_mmap_hold_write', function* (_file: FileStruct, data: string) {
  const duration = kstrtoint(data.trim());
  if (Number.isNaN(duration) || duration < 0) return -EINVAL;
  const mm = yield* current().mm.read();
  if (mm === null) return -EINVAL;
  yield* mmap_write_lock(mm);
  yield* msleep(duration);
  yield* mmap_write_unlock(mm);
  return data.length;
});

/** lab_mmap_read_hold_write() - the same with it held for read, as by a fault that waits for a disk. */
export const lab_mmap_read_hold_write = kfunc(
  'lab_mmap_read_hold_write',
  function* (_file: FileStruct, data: string) {
    const duration = kstrtoint(data.trim());
    if (Number.isNaN(duration) || duration < 0) return -EINVAL;
    const mm = yield* current().mm.read();
    if (mm === null) return -EINVAL;
    yield* mmap_read_lock(mm);
    yield* msleep(duration);
    yield* mmap_read_unlock(mm);
    return data.length;
  },
);

/** msleep() - sleep uninterruptibly for at least so many milliseconds. */
export const msleep = kfunc('msleep', function* (duration: number) {
  yield* schedule_timeout_uninterruptible(msecs_to_jiffies(duration) + 1);
});

kernelInit('lab_holds', INIT.DEVICE, () => {
  debugfs_create_file('d_sleep', { write: (file, data) => lab_d_sleep_write(file, data) });
  debugfs_create_file('mmap_read_hold', { write: (file, data) => lab_mmap_read_hold_write(file, data) });
  debugfs_create_file('mmap_hold', { write: (file, data) => lab_mmap_hold_write(file, data) });
});
