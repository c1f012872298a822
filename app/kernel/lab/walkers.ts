import { debugfs_create_file, kstrtoint } from '../fs/debugfs/file.ts';
import { EINVAL, ESRCH } from '../include/errno.ts';
import type { FileStruct } from '../include/fs.ts';
import { get_task_struct } from '../include/task.ts';
import { current } from '../include/sched.ts';
import { INIT, kernelInit } from '../init/initcall.ts';
import { kfunc } from '../kfunc.ts';
import { find_task_by_vpid } from '../kernel/pid.ts';
import { put_task_struct } from '../kernel/fork.ts';
import { rcu_read_lock, rcu_read_unlock } from '../kernel/rcu/tree.ts';
import { PAGE_SIZE } from '../include/mm_types.ts';
import { isolate_lru_folios, shrink_folio_list } from '../mm/vmscan.ts';
import { mm_slot_enter, mm_slots_scan, type Scanner } from '../mm/mm_slot.ts';

/**
 * Test-only files for those who look at other people's address spaces: `echo khugepaged > /sys/kernel/debug/mm_enter` has
 * the writer's mm scanned from now on (`ksm` as well), `... > /sys/kernel/debug/mm_scan` is one round of the scanner, and
 * `echo PID > /sys/kernel/debug/mm_reclaim` has the first page of each mapping of a process reclaimed, by its reverse
 * mappings: without any lock of the process's.
 */
const scannerOf = (data: string): Scanner | null => {
  const name = data.trim();
  return name === 'khugepaged' || name === 'ksm' ? name : null;
};

const lab_mm_enter_write = kfunc('lab_mm_enter_write', function* (_file: FileStruct, data: string) {
  const scanner = scannerOf(data);
  const mm = yield* current().mm.read();
  if (scanner === null || mm === null) return -EINVAL;
  yield* mm_slot_enter(scanner, mm);
  return data.length;
});

const lab_mm_scan_write = kfunc('lab_mm_scan_write', function* (_file: FileStruct, data: string) {
  const scanner = scannerOf(data);
  if (scanner === null) return -EINVAL;
  yield* mm_slots_scan(scanner);
  return data.length;
});

const lab_mm_reclaim_write = kfunc('lab_mm_reclaim_write', function* (_file: FileStruct, data: string) {
  const pid = kstrtoint(data.trim());
  if (Number.isNaN(pid)) return -EINVAL;
  yield* rcu_read_lock();
  const task = yield* find_task_by_vpid(pid);
  if (task !== null) yield* get_task_struct(task);
  yield* rcu_read_unlock();
  const mm = task === null ? null : yield* task.mm.read();
  if (task !== null && mm !== null) {
    // The LRU lists know its pages.
    const addresses = mm.pgd.value.map(({ start }) => start).filter((start) => start % PAGE_SIZE === 0);
    yield* shrink_folio_list(yield* isolate_lru_folios(mm, addresses));
  }
  if (task === null) return -ESRCH;
  yield* put_task_struct(task);
  return data.length;
});

kernelInit('lab_walkers', INIT.DEVICE, () => {
  debugfs_create_file('mm_enter', { write: (file, data) => lab_mm_enter_write(file, data) });
  debugfs_create_file('mm_scan', { write: (file, data) => lab_mm_scan_write(file, data) });
  debugfs_create_file('mm_reclaim', { write: (file, data) => lab_mm_reclaim_write(file, data) });
});
