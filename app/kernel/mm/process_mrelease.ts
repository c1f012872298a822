import { EAGAIN, EINTR, EINVAL, ESRCH } from '../include/errno.ts';
import { mm_flags_test } from '../include/mm.ts';
import { MMF_OOM_SKIP, type MmStruct } from '../include/mm_types.ts';
import { mmap_read_lock_killable, mmap_read_unlock } from '../include/mmap_lock.ts';
import type { TaskStruct } from '../include/sched.ts';
import { task_unlock } from '../include/task.ts';
import { kfunc } from '../kfunc.ts';
import { mmdrop, mmgrab, put_task_struct } from '../kernel/fork.ts';
import type { Body } from '../../sim/call.ts';
import { __oom_reap_task_mm, find_lock_task_mm, task_will_free_mem } from './oom_kill.ts';
import { reaping } from './reapers.ts';

/**
 * process_mrelease() - reap the memory of a dying process, for user space.
 *
 * Context: process context; takes mmap_lock for read, and may run beside the oom_reaper.
 * Return: 0; -EINVAL for flags and for who is not dying, -ESRCH without an mm, -EINTR for a fatal signal,
 * -EAGAIN if a notifier refused. Gives up the reference to `task`, which pidfd_get_task() took.
 * Models: mm/oom_kill.c as of v6.12 (v5.17 and later: mm_count, not mm_users).
 */
export const process_mrelease = kfunc(
  '__x64_sys_process_mrelease',
  function* (task: TaskStruct, flags: number): Body<number> {
    if (flags !== 0) {
      yield* put_task_struct(task);
      return -EINVAL;
    }
    // A thread that still has its mm, while others of the group may have exited.
    const p = yield* find_lock_task_mm(task);
    if (p === null) {
      yield* put_task_struct(task);
      return -ESRCH;
    }
    let ret = 0;
    const mm = (yield* p.mm.read()) as MmStruct;
    yield* mmgrab(mm);
    const reap = yield* task_will_free_mem(p);
    // An error only if the work has not been done already.
    if (!reap && !(yield* mm_flags_test(MMF_OOM_SKIP, mm))) ret = -EINVAL;
    yield* task_unlock(p);

    if (reap) {
      if ((yield* mmap_read_lock_killable(mm)) !== 0) {
        ret = -EINTR;
      } else {
        // Under the lock once more: exit_mmap() may have come meanwhile.
        if (!(yield* mm_flags_test(MMF_OOM_SKIP, mm))) {
          yield* reaping(mm, true);
          if (!(yield* __oom_reap_task_mm(mm))) ret = -EAGAIN;
          yield* reaping(mm, false);
        }
        yield* mmap_read_unlock(mm);
      }
    }
    yield* mmdrop(mm);
    yield* put_task_struct(task);
    return ret;
  },
);
