import type { Body } from '../../sim/call.ts';
import type { HlistNode } from '../include/hlist.ts';
import type { MmStruct } from '../include/mm_types.ts';
import { mmap_read_trylock, mmap_read_unlock } from '../include/mmap_lock.ts';
import { mm_has_notifiers, type MmuNotifier } from '../include/mmu_notifier.ts';
import { rcu_dereference } from '../include/rwonce.ts';
import type { TaskStruct } from '../include/sched.ts';
import { config } from '../kernel.ts';
import { extend, kfunc, replace } from '../kfunc.ts';
import { mutex_lock, mutex_unlock } from '../kernel/locking/mutex.ts';
import { srcu_read_lock, srcu_read_unlock } from '../kernel/rcu/srcutree.ts';
import { schedule_timeout_idle } from '../kernel/sched/core.ts';
import { srcu } from './mmu_notifier.ts';
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

/** mm_has_blockable_invalidate_notifiers() - would somebody have to be waited for who does not say otherwise? */
const mm_has_blockable_invalidate_notifiers = kfunc(
  'mm_has_blockable_invalidate_notifiers',
  function* (mm: MmStruct) {
    const subscriptions = yield* mm.notifier_subscriptions.read();
    if (subscriptions === null) return false;
    let blockable = false;
    const id = yield* srcu_read_lock(srcu());
    let node: HlistNode<MmuNotifier> | null = yield* rcu_dereference(subscriptions.list.first);
    while (node !== null && !blockable) {
      const ops = yield* node.owner.ops.read();
      const told = ops.invalidate_range_start !== undefined || ops.invalidate_range_end !== undefined;
      blockable = told && ops.invalidateDoesNotBlock !== true;
      node = yield* rcu_dereference(node.next);
    }
    yield* srcu_read_unlock(srcu(), id);
    return blockable;
  },
);

/** v4.16 to v4.18: a start cannot refuse yet. Who has a subscriber that may block is left alone, after a second. */
function* leavesAlone(mm: MmStruct): Body<boolean> {
  if (!(yield* mm_has_notifiers(mm))) return false;
  // Nobody subscribes or leaves with the lock held.
  if (!(yield* mmap_read_trylock(mm))) return false;
  const blockable = yield* mm_has_blockable_invalidate_notifiers(mm);
  yield* mmap_read_unlock(mm);
  if (!blockable) return false;
  yield* schedule_timeout_idle(config().HZ);
  return true;
}

/**
 * v4.17 and v4.18: the reaper holds oom_lock, and asks before it reaps whether a subscriber may block.
 *
 * Leaves out: that it asks under the same hold of mmap_lock under which it then reaps. Who subscribes in between is
 * told of the reaping like the others.
 */
export const v4_17Replacements = [
  replace(
    queue_oom_reaper,
    wakeUnlessQueued,
    'the reaper comes at once; a task that is on its list is not put there again',
  ),
  extend(
    oom_reap_task_mm,
    (below) => (tsk: TaskStruct, mm: MmStruct) =>
      underOomLock(function* () {
        return (yield* leavesAlone(mm)) || (yield* below(tsk, mm));
      }),
    'under oom_lock; an mm is left alone, after a second, if a subscriber does not say that it never blocks',
  ),
];
