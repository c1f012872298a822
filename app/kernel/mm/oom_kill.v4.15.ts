import type { Body } from '../../sim/call.ts';
import { get_mm_counter, K, mm_flags_set, mm_flags_test } from '../include/mm.ts';
import {
  MM_ANONPAGES,
  MM_FILEPAGES,
  MM_SHMEMPAGES,
  MMF_OOM_SKIP,
  MMF_UNSTABLE,
  type MmStruct,
} from '../include/mm_types.ts';
import { mmap_read_trylock, mmap_read_unlock } from '../include/mmap_lock.ts';
import { mm_has_notifiers } from '../include/mmu_notifier.ts';
import type { TaskStruct } from '../include/sched.ts';
import { config } from '../kernel.ts';
import { replace } from '../kfunc.ts';
import { schedule_timeout_idle } from '../kernel/sched/core.ts';
import { pr_info } from '../printk.ts';
import { trace_event } from '../trace-events.ts';
import { unmap_page_range } from './memory.ts';
import { tlb_finish_mmu, tlb_gather_mmu } from './mmu_gather.ts';
import { __oom_reap_task_mm, oom_reap_task_mm } from './oom_kill.ts';
import { underOomLock } from './oom_kill.v4.17.ts';
import { reapableUnlessLocked } from './oom_kill.v5.17.ts';
import { reaping } from './reapers.ts';

/** Zaps each VMA that may be reaped; nobody is notified. */
function* zapList(mm: MmStruct): Body<boolean> {
  yield* mm_flags_set(MMF_UNSTABLE, mm);
  let vma = yield* mm.mmap.read();
  while (vma !== null) {
    if (yield* reapableUnlessLocked(vma)) {
      const tlb = yield* tlb_gather_mmu(mm);
      const start = yield* vma.vm_start.read();
      yield* unmap_page_range(tlb, vma, start, yield* vma.vm_end.read());
      yield* tlb_finish_mmu(tlb);
    }
    vma = yield* vma.vm_next.read();
  }
  return true;
}

/** The reap itself, with its messages. Context: mmap_lock for read. */
export function* reapAndTell(tsk: TaskStruct, mm: MmStruct): Body<void> {
  trace_event('oom', 'start_task_reaping', `pid=${tsk.pid}`);
  yield* reaping(mm, true);
  yield* __oom_reap_task_mm(mm);
  yield* reaping(mm, false);
  const [anon, file, shmem] = [MM_ANONPAGES, MM_FILEPAGES, MM_SHMEMPAGES].map((member) =>
    K(get_mm_counter(mm, member)),
  );
  pr_info(
    `oom_reaper: reaped process ${tsk.pid} (${tsk.comm}), ` +
      `now anon-rss:${anon}kB, file-rss:${file}kB, shmem-rss:${shmem}kB`,
  );
  trace_event('oom', 'finish_task_reaping', `pid=${tsk.pid}`);
}

/**
 * __oom_reap_task_mm() of v4.14 to v4.16 up to the reap itself, which has a function of its own here as later.
 *
 * Whoever listens to the mm would have to be told, and that may sleep: an mm with a notifier is left alone.
 */
function* reapUnlessNotified(tsk: TaskStruct, mm: MmStruct): Body<boolean> {
  if (!(yield* mmap_read_trylock(mm))) {
    trace_event('oom', 'skip_task_reaping', `pid=${tsk.pid}`);
    return false;
  }
  if (yield* mm_has_notifiers(mm)) {
    yield* mmap_read_unlock(mm);
    yield* schedule_timeout_idle(config().HZ);
    return true;
  }
  if (yield* mm_flags_test(MMF_OOM_SKIP, mm)) {
    yield* mmap_read_unlock(mm);
    trace_event('oom', 'skip_task_reaping', `pid=${tsk.pid}`);
    return true;
  }
  yield* reapAndTell(tsk, mm);
  yield* mmap_read_unlock(mm);
  return true;
}

export const v4_15Replacements = [
  replace(__oom_reap_task_mm, zapList, 'along the list of VMAs; notifiers are not told'),
  replace(
    oom_reap_task_mm,
    (tsk, mm) => underOomLock(() => reapUnlessNotified(tsk, mm)),
    'under oom_lock; an mm with a notifier is left alone after a second',
  ),
];
