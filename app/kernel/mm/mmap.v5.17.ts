import type { Body } from '../../sim/call.ts';
import { ULONG_MAX, VM_LOCKED, type MmStruct, type VmAreaStruct } from '../include/mm_types.ts';
import { READ_ONCE } from '../include/rwonce.ts';
import { kfunc, replace } from '../kfunc.ts';
import { pte_offset_map_lock, pte_unmap_unlock } from './memory.ts';
import { exit_mmap } from './mmap.ts';
import { exitUnderLock } from './mmap.v5.18.ts';

/**
 * munlock_vma_pages_all() - let go of the pages that a VMA has locked in memory.
 *
 * Models: mm/mlock.c: the flag goes first, by which the reapers leave the VMA alone, then page by page.
 * Leaves out: PG_mlocked and the lists of unevictable pages.
 */
export const munlock_vma_pages_all = kfunc('munlock_vma_pages_all', function* (vma: VmAreaStruct) {
  const flags = yield* vma.vm_flags.read();
  yield* vma.vm_flags.write(flags & ~VM_LOCKED);
  const table = yield* pte_offset_map_lock(vma.range);
  if (table === null) return;
  for (const index of table.populated(0, vma.range.entries)) yield* READ_ONCE(table.ptes[index]);
  yield* pte_unmap_unlock(table);
});

/** unlock_range() - munlock what begins below `limit`, along the list. */
export const unlock_range = kfunc(
  'unlock_range',
  function* (start: VmAreaStruct | null, limit: number): Body<void> {
    let at = start;
    while (at !== null && (yield* at.vm_start.read()) < limit) {
      if (((yield* at.vm_flags.read()) & VM_LOCKED) !== 0) yield* munlock_vma_pages_all(at);
      at = yield* at.vm_next.read();
    }
  },
  { inlined: true },
);

/** Up to v5.17 exit_mmap() munlocks first, and reapers keep off what is mlocked. */
export function* munlockAll(mm: MmStruct): Body<void> {
  if ((yield* mm.locked_vm.read()) === 0) return;
  yield* unlock_range(yield* mm.mmap.read(), ULONG_MAX);
}

export const v5_17Replacements = [
  replace(
    exit_mmap,
    (mm) => exitUnderLock(mm, munlockAll, true),
    'a victim reaps itself; then all under mmap_lock for write, munlocking first',
  ),
];
