import type { Body } from '../../sim/call.ts';
import { VM_LOCKED, type VmAreaStruct } from '../include/mm_types.ts';
import type { TaskStruct } from '../include/sched.ts';
import { get_task_struct } from '../include/task.ts';
import { replace } from '../kfunc.ts';
import { __oom_reap_task_mm, queue_oom_reaper, queueNow, reapable } from './oom_reaper.ts';
import { queueOnce, reapList } from './oom_kill.v5.18.ts';

/** Up to v5.17 what is mlocked is left to exit_mmap(). */
export function* reapableUnlessLocked(vma: VmAreaStruct): Body<boolean> {
  if (((yield* vma.vm_flags.read()) & VM_LOCKED) !== 0) return false;
  return yield* reapable(vma);
}

/** wake_oom_reaper() of these kernels: the reaper is called at once. */
export function* wakeReaper(tsk: TaskStruct): Body<void> {
  yield* get_task_struct(tsk);
  yield* queueNow(tsk);
}

/** Up to v5.17 the victim gets no two seconds to exit by itself, and mlocked VMAs are not reaped. */
export const v5_17Replacements = [
  replace(queue_oom_reaper, (tsk) => queueOnce(tsk, wakeReaper), 'the reaper comes at once'),
  replace(
    __oom_reap_task_mm,
    (mm) => reapList(mm, reapableUnlessLocked),
    'along the list of VMAs; leaves out what is mlocked',
  ),
];
