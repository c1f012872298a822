import type { Body } from '../../sim/call.ts';
import type { MmStruct } from '../include/mm_types.ts';
import { mmap_write_lock, mmap_write_unlock } from '../include/mmap_lock.ts';
import { replace } from '../kfunc.ts';
import { exit_mmap } from './mmap.ts';
import { munlockAll } from './mmap.v5.17.ts';
import { mm_is_oom_victim, reapOneself, releaseNotifiers, removeVmas, unmapAll } from './mmap.v5.18.ts';

/**
 * exit_mmap() of v4.17 to v5.16: without mmap_lock. Who reaped meanwhile is waited for by taking the lock once; who
 * comes later sees MMF_OOM_SKIP. Both only for victims of the OOM killer.
 */
export function* exitWithBarrier(mm: MmStruct, reap: (mm: MmStruct) => Body<void>): Body<void> {
  yield* releaseNotifiers(mm);
  if (yield* mm_is_oom_victim(mm)) {
    yield* reap(mm);
    yield* mmap_write_lock(mm);
    yield* mmap_write_unlock(mm);
  }
  yield* munlockAll(mm);
  const first = yield* mm.mmap.read();
  if (first === null) return;
  yield* unmapAll(mm, first);
  yield* removeVmas(mm, first);
}

export const v5_16Replacements = [
  replace(
    exit_mmap,
    (mm) => exitWithBarrier(mm, reapOneself),
    'without mmap_lock; a victim reaps itself, sets MMF_OOM_SKIP and takes the lock once to wait for reapers',
  ),
];
