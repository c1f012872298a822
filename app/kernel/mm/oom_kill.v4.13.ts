import type { Body } from '../../sim/call.ts';
import type { MmStruct } from '../include/mm_types.ts';
import { mmap_read_trylock, mmap_read_unlock } from '../include/mmap_lock.ts';
import type { TaskStruct } from '../include/sched.ts';
import { replace } from '../kfunc.ts';
import { mmget_not_zero, mmput_async } from '../kernel/fork.ts';
import { trace_event } from '../trace-events.ts';
import { oom_reap_task_mm } from './oom_kill.ts';
import { reapAndTell } from './oom_kill.v4.15.ts';
import { underOomLock } from './oom_kill.v4.17.ts';

/**
 * v4.7 to v4.13: the reaper becomes a user of the address space, which keeps exit_mmap() away. Where it has begun,
 * nothing can be done. Notifiers are not told, which corrupts the memory of guests.
 */
function* reapAsUser(tsk: TaskStruct, mm: MmStruct): Body<boolean> {
  if (!(yield* mmap_read_trylock(mm))) {
    trace_event('oom', 'skip_task_reaping', `pid=${tsk.pid}`);
    return false;
  }
  if (!(yield* mmget_not_zero(mm))) {
    yield* mmap_read_unlock(mm);
    trace_event('oom', 'skip_task_reaping', `pid=${tsk.pid}`);
    return true;
  }
  yield* reapAndTell(tsk, mm);
  yield* mmap_read_unlock(mm);
  // The last user takes the address space down, which may wait for memory: not the reaper.
  yield* mmput_async(mm);
  return true;
}

export const v4_13Replacements = [
  replace(
    oom_reap_task_mm,
    (tsk, mm) => underOomLock(() => reapAsUser(tsk, mm)),
    'under oom_lock, as a user of the mm; too late where the last one has gone',
  ),
];
