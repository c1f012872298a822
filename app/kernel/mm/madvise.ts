import { EINVAL, ENOMEM } from '../include/errno.ts';
import { xa_is_zero } from '../include/maple_tree.ts';
import { PAGE_SIZE, VM_HUGETLB, VM_LOCKED, VM_PFNMAP, type VmAreaStruct } from '../include/mm_types.ts';
import { mmap_read_lock, mmap_read_unlock } from '../include/mmap_lock.ts';
import { current } from '../include/sched.ts';
import { kfunc } from '../kfunc.ts';
import { MaState, mas_find } from '../lib/maple_tree.ts';
import { zap_page_range_single } from './memory.ts';
import { isolate_lru_folios, shrink_folio_list } from './vmscan.ts';

/** "I do not need these pages any more": they are zapped, the next access finds zeros. */
export const MADV_DONTNEED = 4;
/** "Nor will I need these for long, but keep them": they are written to swap. */
export const MADV_PAGEOUT = 21;

/**
 * do_madvise() - madvise() of the running process.
 *
 * Context: takes mmap_lock for read.
 * Return: 0, -EINVAL, -ENOMEM for a hole in the range (what is mapped is done all the same).
 * Models: mm/madvise.c as of v6.12. Knows MADV_DONTNEED and MADV_PAGEOUT. Leaves out: per-VMA locks (v6.17 uses them
 * here).
 */
export const do_madvise = kfunc('do_madvise', function* (start: number, length: number, behavior: number) {
  const known = behavior === MADV_DONTNEED || behavior === MADV_PAGEOUT;
  if (!known || start % PAGE_SIZE !== 0) return -EINVAL;
  const mm = current().mm.value;
  if (mm === null) return -EINVAL;
  if (length === 0) return 0;
  const end = start + Math.ceil(length / PAGE_SIZE) * PAGE_SIZE;
  yield* mmap_read_lock(mm);
  let ret = 0;
  let at = start;
  const mas = new MaState(mm.mm_mt, start);
  while (at < end) {
    const vma = yield* mas_find(mas, end - 1);
    if (vma === null || xa_is_zero(vma)) {
      ret = -ENOMEM;
      break;
    }
    const vmaStart = yield* vma.vm_start.read();
    if (vmaStart > at) ret = -ENOMEM;
    if (((yield* vma.vm_flags.read()) & (VM_LOCKED | VM_PFNMAP | VM_HUGETLB)) !== 0) {
      ret = -EINVAL;
      break;
    }
    const from = Math.max(at, vmaStart);
    at = Math.min(end, yield* vma.vm_end.read());
    if (behavior === MADV_PAGEOUT) yield* madvise_pageout(vma, from, at);
    else yield* zap_page_range_single(vma, from, at - from);
  }
  yield* mmap_read_unlock(mm);
  return ret;
});

/** madvise_pageout() - reclaim what a part of one VMA has in memory. Context: mmap_lock for read. */
const madvise_pageout = kfunc('madvise_pageout', function* (vma: VmAreaStruct, start: number, end: number) {
  if (!vma.anonymous) return;
  const { range } = vma;
  const addresses: number[] = [];
  for (let index = range.indexOf(start); index <= range.indexOf(end - 1); index++) {
    addresses.push(range.addressOf(index));
  }
  yield* shrink_folio_list(yield* isolate_lru_folios(vma.vm_mm, addresses));
});
