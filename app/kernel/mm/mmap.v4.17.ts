import type { Body } from '../../sim/call.ts';
import type { MmStruct } from '../include/mm_types.ts';
import { replace } from '../kfunc.ts';
import { mutex_lock, mutex_unlock } from '../kernel/locking/mutex.ts';
import { exit_mmap } from './mmap.ts';
import { exitWithBarrier } from './mmap.v5.16.ts';
import { mm_flags_set } from '../include/mm.ts';
import { MMF_OOM_SKIP } from '../include/mm_types.ts';
import { __oom_reap_task_mm, oom_lock } from './oom_kill.ts';

/** v4.17 and v4.18: who reaps holds oom_lock, exit_mmap() as well. */
function* reapOneselfUnderOomLock(mm: MmStruct): Body<void> {
  yield* mutex_lock(oom_lock());
  yield* __oom_reap_task_mm(mm);
  yield* mutex_unlock(oom_lock());
  yield* mm_flags_set(MMF_OOM_SKIP, mm);
}

export const v4_17Replacements = [
  replace(
    exit_mmap,
    (mm) => exitWithBarrier(mm, reapOneselfUnderOomLock),
    'without mmap_lock; a victim reaps itself under oom_lock, sets MMF_OOM_SKIP and waits for reapers',
  ),
];
