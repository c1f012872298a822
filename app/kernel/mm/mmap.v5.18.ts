import type { Body } from '../../sim/call.ts';
import { mm_flags_set, mm_flags_test } from '../include/mm.ts';
import {
  MMF_OOM_SKIP,
  MMF_OOM_VICTIM,
  ULONG_MAX,
  type MmStruct,
  type VmAreaStruct,
} from '../include/mm_types.ts';
import { mmap_write_lock, mmap_write_unlock } from '../include/mmap_lock.ts';
import { mmu_notifier_release } from '../include/mmu_notifier.ts';
import { kernel } from '../kernel.ts';
import { replace } from '../kfunc.ts';
import { cond_resched } from '../kernel/sched/core.ts';
import { free_pgtables, unmap_vmas } from './memory.ts';
import { exit_mmap } from './mmap.ts';
import { tlb_finish_mmu, tlb_gather_mmu_fullmm, type MmuGather } from './mmu_gather.ts';
import { __oom_reap_task_mm } from './oom_reaper.ts';
import { remove_vma } from './vma.ts';
import { linkStores, vmasBehind } from './vma_list.ts';

/** mm_is_oom_victim() - has the OOM killer marked the mm? */
export const mm_is_oom_victim = (mm: MmStruct): ReturnType<typeof mm_flags_test> =>
  mm_flags_test(MMF_OOM_VICTIM, mm);

/** The beginning of exit_mmap() in all of these kernels. */
export function* releaseNotifiers(mm: MmStruct): Body<void> {
  yield* mmu_notifier_release(mm);
  for (const listener of kernel().hooks.exitMmapUnmaps) yield* listener(mm);
}

/**
 * What the exit of a victim does first, v4.17 to v5.19: it reaps itself, so that the OOM killer need not wait for
 * the rest, and says so.
 */
export function* reapOneself(mm: MmStruct): Body<void> {
  yield* __oom_reap_task_mm(mm);
  yield* mm_flags_set(MMF_OOM_SKIP, mm);
}

/** Zaps all VMAs from `first` on, frees their page tables, then the pages. */
export function* unmapAll(mm: MmStruct, first: VmAreaStruct): Body<void> {
  const tlb = yield* zapAll(mm, first);
  yield* freeTables(tlb, first);
}

export function* zapAll(mm: MmStruct, first: VmAreaStruct): Body<MmuGather> {
  const tlb = yield* tlb_gather_mmu_fullmm(mm);
  yield* unmap_vmas(tlb, vmasBehind(first), first, 0, ULONG_MAX);
  return tlb;
}

export function* freeTables(tlb: MmuGather, first: VmAreaStruct): Body<void> {
  yield* free_pgtables(tlb, vmasBehind(first), first, 0, ULONG_MAX, false);
  yield* tlb_finish_mmu(tlb);
}

/** The end of exit_mmap(): frees the VMAs along the list. */
export function* removeVmas(mm: MmStruct, first: VmAreaStruct): Body<void> {
  let at: VmAreaStruct | null = first;
  while (at !== null) {
    const next: VmAreaStruct | null = yield* at.vm_next.read();
    yield* remove_vma(at, true);
    at = next;
    yield* cond_resched('mm/mmap.c', 3220);
  }
  kernel().hooks.emit('exitMmapDone', mm);
}

/** Does what the era does with mlocked VMAs; null where nothing is to be done. */
export type Munlock = ((mm: MmStruct) => Body<void>) | null;

/**
 * exit_mmap() of v5.17 to v5.19: all of it with mmap_lock for write, so that a reaper comes before or after.
 *
 * `forget` has it leave no pointer to the freed VMAs.
 */
export function* exitUnderLock(mm: MmStruct, munlock: Munlock, forget: boolean): Body<void> {
  yield* releaseNotifiers(mm);
  if (yield* mm_is_oom_victim(mm)) yield* reapOneself(mm);
  yield* mmap_write_lock(mm);
  if (munlock !== null) yield* munlock(mm);
  const first = yield* mm.mmap.read();
  if (first === null) {
    yield* mmap_write_unlock(mm);
    return;
  }
  yield* unmapAll(mm, first);
  yield* removeVmas(mm, first);
  // For process_mrelease(), which may have waited for the lock: it is told by nothing else that all is gone.
  if (forget) yield* mm.mmap.write(null);
  yield* mmap_write_unlock(mm);
}

/**
 * v5.18 and v5.19: the whole of exit_mmap() under mmap_lock for write, VMAs in a list.
 *
 * Models: mm/mmap.c. Leaves out: the node of the tree that stands for the red-black tree, which nobody walks then.
 */
export const v5_18Replacements = [
  linkStores,
  replace(
    exit_mmap,
    (mm) => exitUnderLock(mm, null, true),
    'a victim reaps itself; then all under mmap_lock for write, along the list of VMAs',
  ),
];
