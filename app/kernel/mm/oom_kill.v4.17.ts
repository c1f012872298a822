import type { Body } from '../../sim/call.ts';
import type { MmStruct } from '../include/mm_types.ts';
import type { TaskStruct } from '../include/sched.ts';
import { extend, replace } from '../kfunc.ts';
import { mutex_lock, mutex_unlock } from '../kernel/locking/mutex.ts';
import { oom_lock, oom_reap_task_mm } from './oom_kill.ts';
import { wakeReaper } from './oom_kill.v5.17.ts';
import { oom_reaper_list, queue_oom_reaper } from './oom_reaper.ts';

/** wake_oom_reaper() of these kernels: a task that is on the list already is not put there again. */
function* wakeUnlessQueued(tsk: TaskStruct): Body<void> {
  if ((yield* oom_reaper_list().read()) === tsk || (yield* tsk.oom_reaper_list.read()) !== null) return;
  yield* wakeReaper(tsk);
}

/** Who reaps holds oom_lock: no victim is chosen meanwhile. */
export function* underOomLock<Result>(reap: () => Body<Result>): Body<Result> {
  yield* mutex_lock(oom_lock());
  const result = yield* reap();
  yield* mutex_unlock(oom_lock());
  return result;
}

/**
 * v4.17 and v4.18: the reaper holds oom_lock.
 *
 * Leaves out: subscribers that say that they may block, for which it waits a second and leaves the mm alone; those of
 * the model say that they do not.
 */
export const v4_17Replacements = [
  replace(
    queue_oom_reaper,
    wakeUnlessQueued,
    'the reaper comes at once; a task that is on its list is not put there again',
  ),
  extend(
    oom_reap_task_mm,
    (below) => (tsk: TaskStruct, mm: MmStruct) => underOomLock(() => below(tsk, mm)),
    'under oom_lock',
  ),
];
