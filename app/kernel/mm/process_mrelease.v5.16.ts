import type { Body } from '../../sim/call.ts';
import { EAGAIN, EINTR, EINVAL, ESRCH } from '../include/errno.ts';
import { mm_flags_test } from '../include/mm.ts';
import { MMF_OOM_SKIP, type MmStruct } from '../include/mm_types.ts';
import { mmap_read_lock_killable, mmap_read_unlock } from '../include/mmap_lock.ts';
import type { TaskStruct } from '../include/sched.ts';
import { task_unlock } from '../include/task.ts';
import { replace } from '../kfunc.ts';
import { mmdrop, mmget_not_zero, mmgrab, mmput, put_task_struct } from '../kernel/fork.ts';
import { __oom_reap_task_mm, find_lock_task_mm, task_will_free_mem } from './oom_kill.ts';
import { process_mrelease } from './process_mrelease.ts';
import { reaping } from './reapers.ts';

/** What keeps the address space while it is reaped. */
export interface Pin {
  /** False where it is too late. Under task_lock(). */
  readonly take: (mm: MmStruct) => Body<boolean>;
  readonly drop: (mm: MmStruct) => Body<void>;
}

/** process_mrelease() up to v5.16: it does not look at MMF_OOM_SKIP once it has the lock. */
export function* mrelease(task: TaskStruct, flags: number, pin: Pin): Body<number> {
  const ret = flags === 0 ? yield* reapDying(task, pin) : -EINVAL;
  yield* put_task_struct(task);
  return ret;
}

function* reapDying(task: TaskStruct, pin: Pin): Body<number> {
  const p = yield* find_lock_task_mm(task);
  if (p === null) return -ESRCH;
  const mm = (yield* p.mm.read()) as MmStruct;
  const pinned = yield* pin.take(mm);
  const reap = pinned && (yield* task_will_free_mem(p));
  const done = pinned && !reap && (yield* mm_flags_test(MMF_OOM_SKIP, mm));
  yield* task_unlock(p);
  if (!pinned) return 0;
  const ret = reap ? yield* reapLocked(mm) : done ? 0 : -EINVAL;
  yield* pin.drop(mm);
  return ret;
}

function* reapLocked(mm: MmStruct): Body<number> {
  if ((yield* mmap_read_lock_killable(mm)) !== 0) return -EINTR;
  yield* reaping(mm, true);
  const reaped = yield* __oom_reap_task_mm(mm);
  yield* reaping(mm, false);
  yield* mmap_read_unlock(mm);
  return reaped ? 0 : -EAGAIN;
}

/** A user of the address space, who may be the last one and take it down. */
const user: Pin = {
  *take(mm) {
    return yield* mmget_not_zero(mm);
  },
  *drop(mm) {
    yield* mmput(mm);
  },
};

/** A holder of the struct only. */
const holder: Pin = {
  *take(mm) {
    yield* mmgrab(mm);
    return true;
  },
  *drop(mm) {
    yield* mmdrop(mm);
  },
};

/** v5.15 and v5.16: the caller is a user of the address space, so that exit_mmap() cannot run beside it. */
export const v5_16Replacements = [
  replace(
    process_mrelease,
    (task, flags) => mrelease(task, flags, user),
    'as a user of the mm, who may have to take it down; no look at MMF_OOM_SKIP under the lock',
  ),
];

/** v5.15-rc1: as it was merged first, with nothing but mmap_lock against exit_mmap(), which does not take it. */
export const withoutUser = replace(
  process_mrelease,
  (task, flags) => mrelease(task, flags, holder),
  'holds the mm_struct only; no look at MMF_OOM_SKIP under the lock',
);
