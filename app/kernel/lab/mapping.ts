import { debugfs_create_file, kstrtoint } from '../fs/debugfs/file.ts';
import { EINVAL } from '../include/errno.ts';
import type { FileStruct } from '../include/fs.ts';
import { PAGE_SIZE, VM_READ, type VmAreaStruct } from '../include/mm_types.ts';
import { mmap_read_lock, mmap_read_unlock } from '../include/mmap_lock.ts';
import { current } from '../include/sched.ts';
import { INIT, kernelInit } from '../init/initcall.ts';
import { kfunc } from '../kfunc.ts';
import { jiffies, msecs_to_jiffies } from '../kernel/time/jiffies.ts';
import { vm_mmap_pgoff } from '../mm/mmap.ts';

/**
 * Test-only files for what an exit meets on its way: `echo 1 > /sys/kernel/debug/mmap_close` maps a page into the
 * writer, of a driver whose vm_ops->close takes mmap_lock; `echo MS > /sys/kernel/debug/aio_read` has the writer's
 * address space wait for an asynchronous read for so long when it goes.
 */

/** lab_vma_close() - look something up under mmap_lock. Context: must not hold it. */
const lab_vma_close = kfunc('lab_vma_close', function* (vma: VmAreaStruct) {
  yield* mmap_read_lock(vma.vm_mm);
  yield* mmap_read_unlock(vma.vm_mm);
});

const lab_mmap_close_write = kfunc('lab_mmap_close_write', function* (_file: FileStruct, data: string) {
  const vm_ops = { close: (vma: VmAreaStruct) => lab_vma_close(vma) };
  const address = yield* vm_mmap_pgoff(PAGE_SIZE, VM_READ, { vm_ops });
  return address < 0 ? address : data.length;
});

const lab_aio_read_write = kfunc('lab_aio_read_write', function* (_file: FileStruct, data: string) {
  const duration = kstrtoint(data.trim());
  const mm = yield* current().mm.read();
  if (Number.isNaN(duration) || duration < 0 || mm === null) return -EINVAL;
  mm.aio_done = jiffies() + msecs_to_jiffies(duration);
  return data.length;
});

kernelInit('lab_mapping', INIT.DEVICE, () => {
  debugfs_create_file('mmap_close', { write: (file, data) => lab_mmap_close_write(file, data) });
  debugfs_create_file('aio_read', { write: (file, data) => lab_aio_read_write(file, data) });
});
