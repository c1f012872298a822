import { Cell } from '../../sim/cell.ts';
import { nullDereference } from '../arch/x86/mm/fault.ts';
import { test_and_set_bit } from '../include/bitops.ts';
import { get_mm_counter, K, mm_flags_set, mm_flags_test } from '../include/mm.ts';
import {
  MM_ANONPAGES,
  MM_FILEPAGES,
  MM_SHMEMPAGES,
  MMF_OOM_REAP_QUEUED,
  MMF_OOM_SKIP,
  MMF_UNSTABLE,
  ULONG_MAX,
  VM_HUGETLB,
  VM_PFNMAP,
  VM_SHARED,
  type MmStruct,
  type VmAreaStruct,
} from '../include/mm_types.ts';
import { mmap_read_trylock, mmap_read_unlock } from '../include/mmap_lock.ts';
import {
  MMU_NOTIFY_UNMAP,
  mmu_notifier_invalidate_range_end,
  mmu_notifier_invalidate_range_start_nonblock,
  mmu_notifier_range_init,
  MmuNotifierRange,
} from '../include/mmu_notifier.ts';
import { xa_is_zero } from '../include/maple_tree.ts';
import type { TaskStruct } from '../include/sched.ts';
import { get_task_struct } from '../include/task.ts';
import { INIT, kernelInit } from '../init/initcall.ts';
import { kernelGlobal } from '../globals.ts';
import { config } from '../kernel.ts';
import { kfunc } from '../kfunc.ts';
import { put_task_struct } from '../kernel/fork.ts';
import { sched_show_task } from '../kernel/hung_task.ts';
import { kthread_at_boot } from '../kernel/kthread.ts';
import { debug_show_all_locks } from '../kernel/locking/lockdep.ts';
import {
  spin_lock_irq,
  spin_lock_irqsave,
  Spinlock,
  spin_unlock_irq,
  spin_unlock_irqrestore,
} from '../kernel/locking/spinlock.ts';
import { schedule_timeout_idle } from '../kernel/sched/core.ts';
import { wait_event_freezable, WaitQueueHead, wake_up } from '../kernel/sched/wait.ts';
import { add_timer, jiffies, Timer, timer_setup } from '../kernel/time/timer.ts';
import { MaState, mas_find_rev } from '../lib/maple_tree.ts';
import { pr_info } from '../printk.ts';
import { trace_event } from '../trace-events.ts';
import { unmap_page_range } from './memory.ts';
import { tlb_finish_mmu, tlb_gather_mmu } from './mmu_gather.ts';
import type { Body } from '../../sim/call.ts';
import { reaping } from './reapers.ts';

const MAX_OOM_REAP_RETRIES = 10;

const oom_reaper_wait = kernelGlobal('oom_reaper_wait', () => new WaitQueueHead('oom_reaper_wait', null));
const oom_reaper_lock = kernelGlobal('oom_reaper_lock', () => new Spinlock('oom_reaper_lock', null));
/** Victims that wait for the reaper; singly linked through task->oom_reaper_list. Under oom_reaper_lock. */
export const oom_reaper_list = kernelGlobal(
  'oom_reaper_list',
  () => new Cell<TaskStruct | null>(null, 'oom_reaper_list'),
);

/** 2*HZ: the time that a victim has to exit by itself. */
const oomReaperDelay = (): number => 2 * config().HZ;

/**
 * queue_oom_reaper() - have the reaper take the victim's memory if it has not exited two seconds from now.
 *
 * Context: any; the task is marked as a victim.
 * Models: mm/oom_kill.c as of v6.12.
 */
export const queue_oom_reaper = kfunc(
  'queue_oom_reaper',
  function* (tsk: TaskStruct) {
    const mm = (yield* tsk.signal.oom_mm.read()) as MmStruct;
    if (yield* test_and_set_bit(MMF_OOM_REAP_QUEUED, mm.flags)) return;
    yield* queueInAWhile(tsk);
  },
  { inlined: true },
);

/** Queues a victim two seconds from now. */
export function* queueInAWhile(tsk: TaskStruct): Body<void> {
  yield* get_task_struct(tsk);
  const timer = (tsk.oom_reaper_timer ??= new Timer(tsk.memory, 'oom_reaper_timer.', tsk));
  timer_setup(timer, () => wake_oom_reaper(tsk));
  yield* add_timer(timer, jiffies() + oomReaperDelay());
}

/** wake_oom_reaper() - the victim's time is up. Context: timer softirq. */
const wake_oom_reaper = kfunc('wake_oom_reaper', function* (tsk: TaskStruct) {
  const mm = (yield* tsk.signal.oom_mm.read()) as MmStruct;
  // It exited by itself: see exit_mmap().
  if (yield* mm_flags_test(MMF_OOM_SKIP, mm)) {
    yield* put_task_struct(tsk);
    return;
  }
  yield* queueNow(tsk);
});

/** Hands a victim, with a reference to it, to the reaper. */
export function* queueNow(tsk: TaskStruct): Body<void> {
  const flags = yield* spin_lock_irqsave(oom_reaper_lock());
  yield* tsk.oom_reaper_list.write(yield* oom_reaper_list().read());
  yield* oom_reaper_list().write(tsk);
  yield* spin_unlock_irqrestore(oom_reaper_lock(), flags);
  trace_event('oom', 'wake_reaper', `pid=${tsk.pid}`);
  yield* wake_up(oom_reaper_wait());
}

/** oom_reaper() - the kernel thread that takes the memory of victims that do not exit by themselves. */
export const oom_reaper = kfunc('oom_reaper', function* (): Body<void> {
  for (;;) {
    yield* wait_event_freezable(oom_reaper_wait(), hasVictims);
    yield* spin_lock_irq(oom_reaper_lock());
    const tsk = yield* oom_reaper_list().read();
    if (tsk !== null) yield* oom_reaper_list().write(yield* tsk.oom_reaper_list.read());
    yield* spin_unlock_irq(oom_reaper_lock());
    if (tsk !== null) yield* oom_reap_task(tsk);
  }
});

function* hasVictims(): Body<boolean> {
  return (yield* oom_reaper_list().read()) !== null;
}

kernelInit('oom_reaper', INIT.SUBSYS, () => {
  kthread_at_boot(() => oom_reaper(), 'oom_reaper');
});

/** oom_reap_task() - up to ten tries, a tenth of a second apart; after that nobody shall wait for the mm. */
const oom_reap_task = kfunc(
  'oom_reap_task',
  function* (tsk: TaskStruct) {
    const mm = (yield* tsk.signal.oom_mm.read()) as MmStruct;
    let attempts = 0;
    while (attempts++ < MAX_OOM_REAP_RETRIES && !(yield* oom_reap_task_mm(tsk, mm))) {
      yield* schedule_timeout_idle(config().HZ / 10);
    }
    if (attempts > MAX_OOM_REAP_RETRIES && !(yield* mm_flags_test(MMF_OOM_SKIP, mm))) {
      pr_info(`oom_reaper: unable to reap pid:${tsk.pid} (${tsk.comm})`);
      sched_show_task(tsk);
      debug_show_all_locks();
    }
    yield* tsk.oom_reaper_list.write(null);
    // Whether it worked or not: there is nothing more to be had.
    yield* mm_flags_set(MMF_OOM_SKIP, mm);
    yield* put_task_struct(tsk);
  },
  { inlined: true },
);

/**
 * oom_reap_task_mm() - free what a dying mm can spare, once.
 *
 * Context: the oom_reaper kthread. Takes mmap_lock for read, by trylock only; may sleep.
 * Return: false to be called again in a while, true when nothing is left to do here.
 * Models: mm/oom_kill.c as of v6.12.
 */
export const oom_reap_task_mm = kfunc(
  'oom_reap_task_mm',
  function* (tsk: TaskStruct, mm: MmStruct) {
    const event = (name: string): void => trace_event('oom', name, `pid=${tsk.pid}`);
    if (!(yield* mmap_read_trylock(mm))) {
      event('skip_task_reaping');
      return false;
    }
    // exit_mmap() sets the flag before it takes the lock for write and frees the page tables: seen clear under
    // the read lock, it promises that they stand until the unlock.
    if (yield* mm_flags_test(MMF_OOM_SKIP, mm)) {
      event('skip_task_reaping');
      yield* mmap_read_unlock(mm);
      return true;
    }
    yield* reaping(mm, true);
    event('start_task_reaping');
    const reaped = yield* __oom_reap_task_mm(mm);
    if (reaped) pr_info(`oom_reaper: reaped process ${tsk.pid} (${tsk.comm}), now ${rssLeft(mm)}`);
    event('finish_task_reaping');
    yield* reaping(mm, false);
    yield* mmap_read_unlock(mm);
    return reaped;
  },
  { inlined: true },
);

export const rssLeft = (mm: MmStruct): string =>
  `anon-rss:${K(get_mm_counter(mm, MM_ANONPAGES))}kB, file-rss:${K(get_mm_counter(mm, MM_FILEPAGES))}kB, ` +
  `shmem-rss:${K(get_mm_counter(mm, MM_SHMEMPAGES))}kB`;

/** What `vm_flags` is read from where the tree holds XA_ZERO_ENTRY, 0x406, in place of a VMA: nobody looks for it. */
export const VM_FLAGS_OF_XA_ZERO = 0x426;

/**
 * __oom_reap_task_mm() - zap all that is the mm's own.
 *
 * Context: mmap_lock held for read. Calls MMU notifiers in their non-blocking form.
 * Return: false if a notifier refused for some VMA.
 * Models: mm/oom_kill.c as of v6.18: from the top down, so as not to fight exit_mmap() for page-table locks.
 */
export const __oom_reap_task_mm = kfunc('__oom_reap_task_mm', function* (mm: MmStruct) {
  let ret = true;
  yield* mm_flags_set(MMF_UNSTABLE, mm);
  const mas = new MaState(mm.mm_mt, ULONG_MAX);
  for (;;) {
    const vma = yield* mas_find_rev(mas, 0);
    if (vma === null) return ret;
    if (xa_is_zero(vma)) return yield* nullDereference(VM_FLAGS_OF_XA_ZERO);
    if ((yield* reapable(vma)) && !(yield* reapVma(mm, vma))) ret = false;
  }
});

/** Memory that nobody else maps, and that is no hardware's. */
export function* reapable(vma: VmAreaStruct): Body<boolean> {
  const flags = yield* vma.vm_flags.read();
  if ((flags & (VM_HUGETLB | VM_PFNMAP)) !== 0) return false;
  return vma.anonymous || (flags & VM_SHARED) === 0;
}

/** A notifier refused the range: by the rules there is no end then. */
export const reap_refused = kfunc('reap_refused', function* (_range: MmuNotifierRange): Body<void> {}, {
  inlined: true,
});

/** Zaps one VMA; false if a notifier refused. */
export function* reapVma(mm: MmStruct, vma: VmAreaStruct): Body<boolean> {
  const range = new MmuNotifierRange();
  const start = yield* vma.vm_start.read();
  const end = yield* vma.vm_end.read();
  mmu_notifier_range_init(range, MMU_NOTIFY_UNMAP, 0, mm, start, end);
  const tlb = yield* tlb_gather_mmu(mm);
  if ((yield* mmu_notifier_invalidate_range_start_nonblock(range)) !== 0) {
    yield* reap_refused(range);
    yield* tlb_finish_mmu(tlb);
    return false;
  }
  yield* unmap_page_range(tlb, vma, range.start, range.end);
  yield* mmu_notifier_invalidate_range_end(range);
  yield* tlb_finish_mmu(tlb);
  return true;
}
