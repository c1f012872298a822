import type { Body } from '../../sim/call.ts';
import { mm_flags_set } from '../include/mm.ts';
import { MMF_OOM_SKIP, type MmStruct } from '../include/mm_types.ts';
import { mmap_write_lock, mmap_write_unlock } from '../include/mmap_lock.ts';
import { replace } from '../kfunc.ts';
import { exit_mmap } from './mmap.ts';
import { munlockAll } from './mmap.v5.17.ts';
import { freeTables, mm_is_oom_victim, releaseNotifiers, removeVmas, zapAll } from './mmap.v5.18.ts';

/**
 * exit_mmap() of v4.14 to v4.16: beside a reaper up to the page tables. Before these are freed `barrier` says that
 * there is nothing left to reap, and waits for whoever reaps.
 */
export function* exitBesideReaper(mm: MmStruct, barrier: (mm: MmStruct) => Body<void>): Body<void> {
  yield* releaseNotifiers(mm);
  yield* munlockAll(mm);
  const first = yield* mm.mmap.read();
  if (first === null) return;
  const tlb = yield* zapAll(mm, first);
  yield* barrier(mm);
  yield* freeTables(tlb, first);
  yield* removeVmas(mm, first);
}

/** The lock is taken to wait for a reaper that has it; afterwards all see the flag. */
export function* waitForReaper(mm: MmStruct): Body<void> {
  yield* mmap_write_lock(mm);
  yield* mmap_write_unlock(mm);
}

/** v4.15 (from rc4 on) and v4.16: the mm says whether the OOM killer has marked it. */
function* barrier(mm: MmStruct): Body<void> {
  if (!(yield* mm_is_oom_victim(mm))) return;
  yield* mm_flags_set(MMF_OOM_SKIP, mm);
  yield* waitForReaper(mm);
}

export const v4_15Replacements = [
  replace(
    exit_mmap,
    (mm) => exitBesideReaper(mm, barrier),
    'zaps beside the reaper; before the tables go, waits for it if the OOM killer has marked the mm',
  ),
];
