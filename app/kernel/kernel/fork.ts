import type { Body } from '../../sim/call.ts';
import { RelaxedEffect, type Operation } from '../../sim/operation.ts';
import { exit_aio } from '../fs/aio.ts';
import { atomic_dec_and_test, atomic_inc, atomic_inc_not_zero, atomic_read } from '../include/atomic.ts';
import { GFP_KERNEL } from '../include/gfp.ts';
import { list_del, list_empty } from '../include/list.ts';
import { MmStruct, NR_MM_COUNTERS, PAGE_SIZE } from '../include/mm_types.ts';
import { refcount_dec_and_test } from '../include/refcount.ts';
import { current, PF_KTHREAD, type SignalStruct, type TaskStruct } from '../include/sched.ts';
import { task_lock, task_unlock } from '../include/task.ts';
import { kernelGlobal } from '../globals.ts';
import { config, kernel } from '../kernel.ts';
import { kfunc } from '../kfunc.ts';
import { mmu_notifier_subscriptions_destroy } from '../include/mmu_notifier.ts';
import { exit_mmap } from '../mm/mmap.ts';
import { mm_slots_exit } from '../mm/mm_slot.ts';
import { kmem_cache_alloc, kmem_cache_create, kmem_cache_free } from '../mm/slab.ts';
import { pr_alert } from '../printk.ts';
import { printsNew } from '../report/wording.ts';
import { BUG_ON } from './bug.ts';
import { spin_lock, Spinlock, spin_unlock } from './locking/spinlock.ts';
import { WARN_ON_ONCE } from './panic.ts';
import { call_rcu } from './rcu/tree.ts';
import { might_sleep } from './sched/core.ts';
import { free_thread_stack } from './thread_stack.ts';
import { schedule_work, INIT_WORK } from './workqueue.ts';

/** Guards init_mm.mmlist, the list of mms that have swap entries. */
export const mmlist_lock = kernelGlobal('mmlist_lock', () => new Spinlock('mmlist_lock', null));

const mm_cachep = kernelGlobal('mm_cachep', () => kmem_cache_create('mm_struct', MM_STRUCT_SIZE));

/** sizeof(struct mm_struct) with its cpumask, as the capture's cache has it. */
export const MM_STRUCT_SIZE = 1688;

/**
 * mm_alloc() - a fresh address space with one user, without any VMA.
 *
 * Context: may sleep. Return: the mm, or null where memory lacks.
 */
export const mm_alloc = kfunc('mm_alloc', function* () {
  const mm = yield* kmem_cache_alloc(mm_cachep(), MmStruct, GFP_KERNEL);
  if (mm === null) return null;
  mm_init(mm, current());
  return mm;
});

/** (plain) mm_init() - nobody else sees the mm yet. */
export function mm_init(mm: MmStruct, owner: TaskStruct | null): void {
  mm.owner.value = owner;
  kernel().hooks.emit('mmCreated', mm);
}

// --- references (facts/mm-lifecycle.md, section 2) ------------------------------------------------

/** mmget() - one more user, for who is one already. */
export const mmget = (mm: MmStruct): Operation<void> =>
  new RelaxedEffect('rmw', mm.mm_users, 'add', () => {
    if (mm.mm_users.value++ <= 0) kernel().hooks.emit('mmRevived', mm);
  });

/** mmget_not_zero() - become a user unless the last one has gone. */
export const mmget_not_zero = (mm: MmStruct): ReturnType<typeof atomic_inc_not_zero> =>
  atomic_inc_not_zero(mm.mm_users);

/** mmgrab() - keep the struct, though not what it describes. */
export const mmgrab = (mm: MmStruct): ReturnType<typeof atomic_inc> => atomic_inc(mm.mm_count);

/**
 * mmput() - be no user of the address space any more; the last one takes it down.
 *
 * Context: may sleep, and for long: exit_mmap() runs in the caller's context.
 * Models: kernel/fork.c as of v6.12. Leaves out: nothing.
 */
export const mmput = kfunc('mmput', function* (mm: MmStruct) {
  might_sleep('kernel/fork.c', 1363);
  if (yield* atomic_dec_and_test(mm.mm_users)) yield* __mmput(mm);
});

/**
 * mmput_async() - as mmput(), with the end left to a worker.
 *
 * Context: any.
 */
export const mmput_async = kfunc('mmput_async', function* (mm: MmStruct) {
  if (yield* atomic_dec_and_test(mm.mm_users)) {
    INIT_WORK(mm.async_put_work, () => mmput_async_fn(mm));
    yield* schedule_work(mm.async_put_work);
  }
});

const mmput_async_fn = kfunc('mmput_async_fn', function* (mm: MmStruct) {
  yield* __mmput(mm);
});

/**
 * __mmput() - the address space has no users any more.
 *
 * Context: may sleep.
 * Models: kernel/fork.c as of v6.12. Leaves out: the executable, what uprobes keep for each mm.
 */
export const __mmput = kfunc(
  '__mmput',
  function* (mm: MmStruct) {
    if (config().DEBUG_VM) yield* BUG_ON((yield* atomic_read(mm.mm_users)) !== 0, 'kernel/fork.c:1335');
    if (mm.aio_done !== 0) yield* exit_aio(mm);
    if (mm.scanners.length > 0) yield* mm_slots_exit(mm);
    yield* exit_mmap(mm);
    if (!(yield* list_empty(mm.mmlist))) {
      yield* spin_lock(mmlist_lock());
      yield* list_del(mm.mmlist);
      yield* spin_unlock(mmlist_lock());
    }
    yield* mmdrop(mm);
  },
  { inlined: true },
);

/** mmdrop() - give up a hold of the struct; the last one frees it. Context: any, also atomic. */
export const mmdrop = kfunc(
  'mmdrop',
  function* (mm: MmStruct) {
    if (yield* atomic_dec_and_test(mm.mm_count)) yield* __mmdrop(mm);
  },
  { inlined: true },
);

/** mmdrop_async() - as mmdrop(), for where __mmdrop() must not run: a worker does. */
const mmdrop_async = kfunc(
  'mmdrop_async',
  function* (mm: MmStruct) {
    if (yield* atomic_dec_and_test(mm.mm_count)) {
      INIT_WORK(mm.async_put_work, () => mmdrop_async_fn(mm));
      yield* schedule_work(mm.async_put_work);
    }
  },
  { inlined: true },
);

const mmdrop_async_fn = kfunc('mmdrop_async_fn', function* (mm: MmStruct) {
  yield* __mmdrop(mm);
});

/**
 * mmdrop_sched() - what the scheduler drops a borrowed mm with.
 *
 * Context: preemption off. On PREEMPT_RT __mmdrop() waits for RCU, as it takes sleeping locks.
 */
export const mmdrop_sched = kfunc(
  'mmdrop_sched',
  function* (mm: MmStruct) {
    if (!config().PREEMPT_RT) {
      yield* mmdrop(mm);
    } else if (yield* atomic_dec_and_test(mm.mm_count)) {
      yield* call_rcu(mm.delayed_drop, () => __mmdrop_delayed(mm));
    }
  },
  { inlined: true },
);

const __mmdrop_delayed = kfunc('__mmdrop_delayed', function* (mm: MmStruct) {
  yield* __mmdrop(mm);
});

/**
 * __mmdrop() - nobody holds the struct any more.
 *
 * Context: any.
 * Models: kernel/fork.c as of v6.12. Leaves out: init_mm, the PGD, what the architecture keeps.
 */
export const __mmdrop = kfunc('__mmdrop', function* (mm: MmStruct) {
  const me = current();
  WARN_ON_ONCE(me.mm.value === mm, 'kernel/fork.c:927');
  WARN_ON_ONCE(me.active_mm === mm, 'kernel/fork.c:931');
  yield* mmu_notifier_subscriptions_destroy(mm);
  yield* check_mm(mm);
  yield* kmem_cache_free(mm_cachep(), mm);
});

/** check_mm() - whatever an mm has counted must be gone with it. */
const check_mm = kfunc(
  'check_mm',
  function* (mm: MmStruct) {
    for (let member = 0; member < NR_MM_COUNTERS; member++) {
      const x = yield* mm.rss_stat[member].read();
      if (x !== 0) {
        const which = printsNew('rssTypeNames') ? `type:${RESIDENT_PAGE_TYPES[member]}` : `idx:${member}`;
        const whose = printsNew('rssNamesTask') ? ` Comm:${current().comm} Pid:${current().pid}` : '';
        pr_alert(`BUG: Bad rss-counter state mm:${hashedPointer(mm)} ${which} val:${x}${whose}`);
      }
    }
    const bytes = yield* mm.pgtables_bytes.read();
    if (bytes === 0) return;
    // Before v4.15 tables were counted, not bytes.
    if (printsNew('pgtablesBytes')) pr_alert(`BUG: non-zero pgtables_bytes on freeing mm: ${bytes}`);
    else pr_alert(`BUG: non-zero nr_ptes on freeing mm: ${Math.ceil(bytes / PAGE_SIZE)}`);
  },
  { inlined: true },
);

const RESIDENT_PAGE_TYPES = ['MM_FILEPAGES', 'MM_ANONPAGES', 'MM_SWAPENTS', 'MM_SHMEMPAGES'];

/** What %p shows: a hash of the address in 16 digits, the first 8 of them 0. */
export function hashedPointer(struct: MmStruct): string {
  const mixed = Math.imul(Math.floor(struct.memory.address / 8), 0x9e3779b1) >>> 0;
  return `00000000${mixed.toString(16).padStart(8, '0')}`;
}

/**
 * get_task_mm() - become a user of a task's address space.
 *
 * Context: takes task_lock().
 * Return: the mm, or null for kernel threads and for tasks that have given theirs up.
 */
export const get_task_mm = kfunc('get_task_mm', function* (task: TaskStruct) {
  if ((task.flags & PF_KTHREAD) !== 0) return null;
  yield* task_lock(task);
  const mm = yield* task.mm.read();
  if (mm !== null) yield* mmget(mm);
  yield* task_unlock(task);
  return mm;
});

// --- the end of task structs ---------------------------------------------------------------------

/**
 * put_task_struct() - give up a reference to a task struct; the last one frees it.
 *
 * Models: v6.18, where PREEMPT_RT leaves that to RCU in any case.
 */
export const put_task_struct = kfunc(
  'put_task_struct',
  function* (tsk: TaskStruct) {
    if (!(yield* refcount_dec_and_test(tsk.usage))) return;
    // Its end takes sleeping locks: on PREEMPT_RT not here, wherever that is.
    if (config().PREEMPT_RT) yield* call_rcu(tsk.rcu, () => __put_task_struct(tsk));
    else yield* __put_task_struct(tsk);
  },
  { inlined: true },
);

/** put_task_struct_rcu_user() - the task is off all lists, or off its CPU; after both, RCU readers may finish. */
export const put_task_struct_rcu_user = kfunc('put_task_struct_rcu_user', function* (task: TaskStruct) {
  if (yield* refcount_dec_and_test(task.rcu_users)) {
    yield* call_rcu(task.rcu, () => delayed_put_task_struct(task));
  }
});

const delayed_put_task_struct = kfunc('delayed_put_task_struct', function* (tsk: TaskStruct) {
  yield* put_task_struct(tsk);
});

/**
 * __put_task_struct() - nobody refers to the task any more.
 *
 * Models: kernel/fork.c. Leaves out: credentials, cgroups, what else hangs on a task.
 */
export const __put_task_struct = kfunc('__put_task_struct', function* (tsk: TaskStruct) {
  yield* put_signal_struct(tsk.signal);
  yield* free_thread_stack(tsk);
  yield* tsk.memory.free();
});

/** put_signal_struct() - the last thread's end also gives up the mm that the OOM killer marked. */
function* put_signal_struct(sig: SignalStruct): Body<void> {
  if (!(yield* refcount_dec_and_test(sig.sigcnt))) return;
  const mm = yield* sig.oom_mm.read();
  if (mm !== null) yield* mmdrop_async(mm);
  yield* sig.memory.free();
}
