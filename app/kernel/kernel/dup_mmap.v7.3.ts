import type { Body } from '../../sim/call.ts';
import { xa_is_zero } from '../include/maple_tree.ts';
import { mm_flags_set } from '../include/mm.ts';
import {
  MMF_OOM_SKIP,
  MMF_UNSTABLE,
  ULONG_MAX,
  type MmStruct,
  type VmAreaStruct,
} from '../include/mm_types.ts';
import { replace } from '../kfunc.ts';
import { __mt_destroy, MaState, mas_find, mas_set } from '../lib/maple_tree.ts';
import { free_pgtables, unmap_vmas, vmasOf } from '../mm/memory.ts';
import { tlb_finish_mmu, tlb_gather_mmu } from '../mm/mmu_gather.ts';
import { remove_vma, vma_start_write_killable } from '../mm/vma.ts';
import { dup_mmap_killed, dup_mmap_start_write, dup_mmap_unfinished } from './dup_mmap.ts';
import { WARN_ON_ONCE } from './panic.ts';

/** tear_down_vmas() - as exit_mmap() ends. Return: how many there were. */
function* tear_down_vmas(mm: MmStruct, first: VmAreaStruct, end: number): Body<number> {
  const mas = new MaState(mm.mm_mt, 0);
  mas_set(mas, yield* first.vm_end.read());
  const next = vmasOf(mas, end);
  let count = 0;
  for (let vma: VmAreaStruct | null = first; vma !== null; vma = yield* next()) {
    yield* remove_vma(vma, true);
    count++;
  }
  return count;
}

/** unmap_region() - everything below `end`, beyond which nothing of the tree is looked at. */
function* unmap_region(mm: MmStruct, first: VmAreaStruct, end: number): Body<void> {
  const tlb = yield* tlb_gather_mmu(mm);
  const behind = yield* first.vm_end.read();
  const mas = new MaState(mm.mm_mt, behind);
  yield* unmap_vmas(tlb, vmasOf(mas, end), first, 0, end);
  mas_set(mas, behind);
  yield* free_pgtables(tlb, vmasOf(mas, end), first, 0, end, true);
  yield* tlb_finish_mmu(tlb);
}

/**
 * dup_mmap() takes down itself what it has copied, with limits that keep it off what is the parent's, and destroys the
 * tree before it drops the locks: whoever comes later finds an empty mm, and no marker.
 */
export function* recoverUnfinished(mm: MmStruct, at: VmAreaStruct | null): Body<void> {
  const copied = yield* mm.map_count.read();
  const end = copied === 0 ? 0 : at === null ? ULONG_MAX : yield* at.vm_start.read();
  yield* mm_flags_set(MMF_OOM_SKIP, mm);
  if (end > 0) {
    const first = yield* mas_find(new MaState(mm.mm_mt, 0), end - 1);
    if (first !== null && !xa_is_zero(first)) {
      yield* unmap_region(mm, first, end);
      WARN_ON_ONCE((yield* tear_down_vmas(mm, first, end)) !== copied, 'mm/vma.c:1311');
    }
  }
  yield* __mt_destroy(mm.mm_mt);
  yield* mm_flags_set(MMF_UNSTABLE, mm);
}

/** In v7.3 there is no marker, and a signal is noticed where fork would wait for a VMA. */
export const v7_3Replacements = [
  replace(
    dup_mmap_unfinished,
    recoverUnfinished,
    'unmaps and frees what was copied, and destroys the tree, before the locks are dropped; MMF_UNSTABLE',
  ),
  replace(
    dup_mmap_start_write,
    function* (mpnt) {
      return yield* vma_start_write_killable(mpnt);
    },
    'a fatal signal ends the wait for readers of the VMA',
  ),
  replace(
    dup_mmap_killed,
    function* () {
      return false;
    },
    'not asked: a signal ends the wait for a VMA only',
  ),
];
