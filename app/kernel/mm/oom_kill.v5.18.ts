import type { Body } from '../../sim/call.ts';
import { set_bit, test_and_set_bit } from '../include/bitops.ts';
import { mm_flags_set } from '../include/mm.ts';
import {
  MMF_OOM_REAP_QUEUED_V5_19,
  MMF_OOM_VICTIM,
  MMF_UNSTABLE,
  type MmStruct,
  type VmAreaStruct,
} from '../include/mm_types.ts';
import type { TaskStruct } from '../include/sched.ts';
import { replace } from '../kfunc.ts';
import { oom_mm_installed } from './oom_kill.ts';
import { __oom_reap_task_mm, queue_oom_reaper, queueInAWhile, reapable, reapVma } from './oom_reaper.ts';

/**
 * __oom_reap_task_mm() along the list of VMAs. The caller has mmap_lock for read, unless it is exit_mmap().
 *
 * `may` says which VMAs are reaped.
 */
export function* reapList(mm: MmStruct, may: (vma: VmAreaStruct) => Body<boolean>): Body<boolean> {
  let ret = true;
  yield* mm_flags_set(MMF_UNSTABLE, mm);
  let vma = yield* mm.mmap.read();
  while (vma !== null) {
    if ((yield* may(vma)) && !(yield* reapVma(mm, vma))) ret = false;
    vma = yield* vma.vm_next.read();
  }
  return ret;
}

/** queue_oom_reaper() of v4.19 to v5.19: once for each mm. `queue` says how. */
export function* queueOnce(tsk: TaskStruct, queue: (tsk: TaskStruct) => Body<void>): Body<void> {
  const mm = (yield* tsk.signal.oom_mm.read()) as MmStruct;
  if (!(yield* test_and_set_bit(MMF_OOM_REAP_QUEUED_V5_19, mm.flags))) yield* queue(tsk);
}

/** v5.18 and v5.19: the OOM killer marks the mm as well as the task; the reaper goes along the list of VMAs. */
export const v5_18Replacements = [
  replace(
    oom_mm_installed,
    function* (mm) {
      yield* set_bit(MMF_OOM_VICTIM, mm.flags);
    },
    'the mm of a victim is marked by MMF_OOM_VICTIM',
  ),
  replace(queue_oom_reaper, (tsk) => queueOnce(tsk, queueInAWhile), 'the reaper comes after two seconds'),
  replace(__oom_reap_task_mm, (mm) => reapList(mm, reapable), 'along the list of VMAs'),
];
