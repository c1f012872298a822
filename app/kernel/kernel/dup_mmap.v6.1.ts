import type { Body } from '../../sim/call.ts';
import { EINTR, ENOMEM } from '../include/errno.ts';
import { xa_is_zero } from '../include/maple_tree.ts';
import { PAGE_SIZE, ULONG_MAX, VM_DONTCOPY, type MmStruct } from '../include/mm_types.ts';
import { mmap_write_lock_killable, mmap_write_unlock } from '../include/mmap_lock.ts';
import { current } from '../include/sched.ts';
import { replace } from '../kfunc.ts';
import { MaState, mas_find, mas_store_gfp } from '../lib/maple_tree.ts';
import { vma_link_file } from '../mm/file_rmap.ts';
import { mm_slots_fork } from '../mm/mm_slot.ts';
import { copy_page_range, dup_mmap, dup_vma, type CopiedRanges } from './dup_mmap.ts';
import { uprobe_dup_mmap } from './events/dup_mmap_sem.ts';
import { down_write_nested } from './locking/rwsem.ts';
import { fatal_signal_pending } from './signal.ts';

/** Copies one VMA after the other into the new tree. Return: 0, -EINTR, -ENOMEM. */
function* copyVmas(mm: MmStruct, oldmm: MmStruct): Body<number> {
  const ranges: CopiedRanges = new Map();
  const mas = new MaState(oldmm.mm_mt, 0);
  for (let mpnt = yield* mas_find(mas, ULONG_MAX); mpnt !== null; mpnt = yield* mas_find(mas, ULONG_MAX)) {
    if (xa_is_zero(mpnt)) continue;
    const start = yield* mpnt.vm_start.read();
    const end = yield* mpnt.vm_end.read();
    if (((yield* mpnt.vm_flags.read()) & VM_DONTCOPY) !== 0) {
      yield* mm.total_vm.update((total) => total - (end - start) / PAGE_SIZE);
      continue;
    }
    if (yield* fatal_signal_pending(current())) return -EINTR;
    const tmp = yield* dup_vma(mm, mpnt, ranges);
    if (tmp === null) return -ENOMEM;
    if (!(yield* mas_store_gfp(mm.mm_mt, start, end, tmp))) return -ENOMEM;
    yield* mm.map_count.update((count) => count + 1);
    yield* vma_link_file(tmp);
    if (!(yield* copy_page_range(tmp, mpnt, start, end))) return -ENOMEM;
  }
  return 0;
}

/**
 * dup_mmap() up to v6.7: the new container only ever holds what is copied. Where that ends is no matter to anybody.
 *
 * Models: kernel/fork.c as of v6.1, and the list and tree before it. Leaves out: nodes allocated beforehand.
 */
export const v6_1Replacements = [
  replace(
    dup_mmap,
    function* (mm, oldmm) {
      if ((yield* mmap_write_lock_killable(oldmm)) !== 0) return -EINTR;
      yield* uprobe_dup_mmap(oldmm, mm);
      yield* down_write_nested(mm.mmap_lock, 1);
      yield* mm.total_vm.write(yield* oldmm.total_vm.read());
      yield* mm_slots_fork(mm, oldmm);
      const retval = yield* copyVmas(mm, oldmm);
      yield* mmap_write_unlock(mm);
      yield* mmap_write_unlock(oldmm);
      return retval;
    },
    'copies VMA by VMA; the new tree only ever holds what is copied',
  ),
];
