import { debugfs_create_file, kstrtoint } from '../fs/debugfs/file.ts';
import { EINVAL } from '../include/errno.ts';
import type { FileStruct } from '../include/fs.ts';
import { PAGE_SIZE, VM_EXEC, VM_MAYEXEC, VM_READ } from '../include/mm_types.ts';
import { INIT, kernelInit } from '../init/initcall.ts';
import { kfunc } from '../kfunc.ts';
import { probed_file } from '../kernel/events/dup_mmap_sem.ts';
import { uprobe_register, uprobe_unregister } from '../kernel/events/uprobes.ts';
import { vm_mmap_pgoff } from '../mm/mmap.ts';

/**
 * Test-only files in place of perf: `echo 1 > /sys/kernel/debug/mmap_probed` maps a page of code into the writer, below
 * what it has mapped last; `echo OFFSET > /sys/kernel/debug/uprobe_register` puts a breakpoint there for everybody who maps
 * it, and `uprobe_unregister` takes it out.
 */
const lab_mmap_probed_write = kfunc('lab_mmap_probed_write', function* (_file: FileStruct, data: string) {
  const options = { file: probed_file(), flags: VM_EXEC | VM_MAYEXEC };
  const address = yield* vm_mmap_pgoff(PAGE_SIZE, VM_READ, options);
  return address < 0 ? address : data.length;
});

const lab_uprobe_register_write = kfunc(
  'lab_uprobe_register_write',
  function* (_file: FileStruct, data: string) {
    const offset = kstrtoint(data.trim());
    if (Number.isNaN(offset) || offset < 0 || offset >= PAGE_SIZE) return -EINVAL;
    const ret = yield* uprobe_register(offset);
    return ret < 0 ? ret : data.length;
  },
);

const lab_uprobe_unregister_write = kfunc(
  'lab_uprobe_unregister_write',
  function* (_file: FileStruct, data: string) {
    const offset = kstrtoint(data.trim());
    const ret = Number.isNaN(offset) ? -EINVAL : yield* uprobe_unregister(offset);
    return ret < 0 ? ret : data.length;
  },
);

kernelInit('lab_uprobes', INIT.DEVICE, () => {
  debugfs_create_file('mmap_probed', { write: (file, data) => lab_mmap_probed_write(file, data) });
  debugfs_create_file('uprobe_register', { write: (file, data) => lab_uprobe_register_write(file, data) });
  debugfs_create_file('uprobe_unregister', {
    write: (file, data) => lab_uprobe_unregister_write(file, data),
  });
});
