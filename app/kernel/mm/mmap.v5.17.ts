import type { Body } from '../../sim/call.ts';
import { ULONG_MAX, VM_LOCKED, type MmStruct, type VmAreaStruct } from '../include/mm_types.ts';
import { kfunc, replace } from '../kfunc.ts';
import { munlock_vma_pages_all } from './mlock.v5.17.ts';
import { exit_mmap } from './mmap.ts';
import { exitUnderLock } from './mmap.v5.18.ts';

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
