import type { Body } from '../../sim/call.ts';
import { mm_flags_set } from '../include/mm.ts';
import { MMF_OOM_SKIP, type MmStruct } from '../include/mm_types.ts';
import { current } from '../include/sched.ts';
import { replace } from '../kfunc.ts';
import { exit_mmap } from './mmap.ts';
import { exitBesideReaper, waitForReaper } from './mmap.v4.15.ts';

/** v4.14 (to v4.15-rc3): it asks whether the task that does the exit is a victim. Another one may do it. */
function* barrier(mm: MmStruct): Body<void> {
  yield* mm_flags_set(MMF_OOM_SKIP, mm);
  const tsk_is_oom_victim = (yield* current().signal.oom_mm.read()) !== null;
  if (tsk_is_oom_victim) yield* waitForReaper(mm);
}

export const v4_14Replacements = [
  replace(
    exit_mmap,
    (mm) => exitBesideReaper(mm, barrier),
    'zaps beside the reaper; before the tables go, waits for it if its own task is a victim',
  ),
];
