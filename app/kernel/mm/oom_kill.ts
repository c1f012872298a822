import type { Body } from '../../sim/call.ts';
import { Atomic, atomic_dec_return, atomic_inc, atomic_read, cmpxchg } from '../include/atomic.ts';
import { clear_bit, test_and_set_bit } from '../include/bitops.ts';
import { __GFP_FS } from '../include/gfp.ts';
import { get_mm_counter, K, mm_flags_set, mm_flags_test } from '../include/mm.ts';
import {
  MM_ANONPAGES,
  MM_FILEPAGES,
  MM_SHMEMPAGES,
  MM_SWAPENTS,
  MMF_OOM_SKIP,
  PAGE_SIZE,
  type MmStruct,
} from '../include/mm_types.ts';
import { current, PF_KTHREAD, SIGNAL_GROUP_EXIT, TIF_MEMDIE, type TaskStruct } from '../include/sched.ts';
import { SIGKILL } from '../include/signal.ts';
import { get_task_struct, task_lock, task_unlock } from '../include/task.ts';
import { kernelGlobal } from '../globals.ts';
import { rcu_dereference, READ_ONCE } from '../include/rwonce.ts';
import { kernel } from '../kernel.ts';
import { kfunc } from '../kfunc.ts';
import { mmdrop, mmgrab, put_task_struct } from '../kernel/fork.ts';
import { Mutex } from '../kernel/locking/mutex.ts';
import { panic } from '../kernel/panic.ts';
import { init_task_tasks } from '../kernel/pid.ts';
import { rcu_read_lock, rcu_read_unlock } from '../kernel/rcu/tree.ts';
import { wake_up_all, WaitQueueHead } from '../kernel/sched/wait.ts';
import { do_send_sig_info, fatal_signal_pending } from '../kernel/signal.ts';
import { Ratelimit } from '../lib/ratelimit.ts';
import { pr_err, pr_info, pr_warn } from '../printk.ts';
import { printsNew } from '../report/wording.ts';
import { trace_event } from '../trace-events.ts';
import {
  mem_cgroup_get_oom_group,
  mem_cgroup_scan_tasks,
  memcg_memory_event_mm,
  type MemCgroup,
} from './memcontrol.ts';
import { dump_header, dump_oom_victim } from './oom_dump.ts';
import { queue_oom_reaper } from './oom_reaper.ts';
import { totalram_pages } from './page_limit.ts';

export { __oom_reap_task_mm, oom_reap_task_mm } from './oom_reaper.ts';

export const OOM_SCORE_ADJ_MIN = -1000;

/** One killer at a time. */
export const oom_lock = kernelGlobal('oom_lock', () => new Mutex('oom_lock', null));

/** Victims that are not dead yet; who suspends the machine waits for them. */
const oom_victims = kernelGlobal('oom_victims', () => new Atomic('oom_victims', 0));
const oom_victims_wait = kernelGlobal('oom_victims_wait', () => new WaitQueueHead('oom_victims_wait', null));

/** Header dumps: at most ten in five seconds. */
const oom_rs = kernelGlobal('oom_rs', () => new Ratelimit('oom_kill_process'));
const pfoom_rs = kernelGlobal('pfoom_rs', () => new Ratelimit('pagefault_out_of_memory'));

/** "Somebody is dying already, wait." */
const ABORTED = 'aborted';

/** struct oom_control - one search for a victim. On its caller's stack; nobody else sees it. */
export class OomControl {
  chosen: TaskStruct | typeof ABORTED | null = null;
  chosen_points = -Infinity;
  totalpages = 0;
  constraint: 'CONSTRAINT_NONE' | 'CONSTRAINT_MEMCG' = 'CONSTRAINT_NONE';

  constructor(
    /** The group whose limit was met; null for the whole machine. */
    readonly memcg: MemCgroup | null,
    readonly gfp_mask: number,
    /** -1 for a request of the operator. */
    readonly order: number,
  ) {}

  get sysrq(): boolean {
    return this.order === -1;
  }
}

/**
 * find_lock_task_mm() - a thread of the process that still has its mm, with task_lock() held, or null.
 *
 * Context: takes RCU.
 */
export const find_lock_task_mm = kfunc('find_lock_task_mm', function* (p: TaskStruct) {
  yield* rcu_read_lock();
  let found: TaskStruct | null = null;
  for (const t of yield* rcu_dereference(p.signal.thread_head)) {
    yield* task_lock(t);
    if ((yield* t.mm.read()) !== null) {
      found = t;
      break;
    }
    yield* task_unlock(t);
  }
  yield* rcu_read_unlock();
  return found;
});

export const is_global_init = (p: TaskStruct): boolean => p.tgid === 1;

/** oom_unkillable_task() */
export const oom_unkillable_task = (p: TaskStruct): boolean =>
  is_global_init(p) || (p.flags & PF_KTHREAD) !== 0;

/**
 * oom_badness() - how much memory the end of a process would give back, as points; null if it is not eligible.
 *
 * Context: takes task_lock().
 */
export const oom_badness = kfunc('oom_badness', function* (task: TaskStruct, totalpages: number) {
  if (oom_unkillable_task(task)) return null;
  const p = yield* find_lock_task_mm(task);
  if (p === null) return null;
  const adj = yield* p.signal.oom_score_adj.read();
  const mm = yield* p.mm.read();
  if (mm === null || adj === OOM_SCORE_ADJ_MIN || (yield* mm_flags_test(MMF_OOM_SKIP, mm))) {
    yield* task_unlock(p);
    return null;
  }
  let points = 0;
  for (const member of [MM_FILEPAGES, MM_ANONPAGES, MM_SHMEMPAGES, MM_SWAPENTS]) {
    points += Math.max(yield* mm.rss_stat[member].read(), 0);
  }
  points += Math.floor((yield* mm.pgtables_bytes.read()) / PAGE_SIZE);
  yield* task_unlock(p);
  return points + adj * Math.floor(totalpages / 1000);
});

/** oom_evaluate_task() - true ends the search: a victim is on its way already. */
const oom_evaluate_task = kfunc('oom_evaluate_task', function* (task: TaskStruct, oc: OomControl) {
  if (oom_unkillable_task(task)) return false;
  const oom_mm = yield* task.signal.oom_mm.read();
  if (!oc.sysrq && oom_mm !== null) {
    if (yield* mm_flags_test(MMF_OOM_SKIP, oom_mm)) return false;
    if (oc.chosen !== null && oc.chosen !== ABORTED) yield* put_task_struct(oc.chosen);
    oc.chosen = ABORTED;
    return true;
  }
  const points = yield* oom_badness(task, oc.totalpages);
  if (points === null || points < oc.chosen_points) return false;
  if (oc.chosen !== null && oc.chosen !== ABORTED) yield* put_task_struct(oc.chosen);
  yield* get_task_struct(task);
  oc.chosen = task;
  oc.chosen_points = points;
  return false;
});

const select_bad_process = kfunc(
  'select_bad_process',
  function* (oc: OomControl) {
    if (oc.memcg !== null) {
      yield* mem_cgroup_scan_tasks(oc.memcg, (p) => oom_evaluate_task(p, oc));
      return;
    }
    yield* rcu_read_lock();
    for (const p of yield* rcu_dereference(init_task_tasks())) if (yield* oom_evaluate_task(p, oc)) break;
    yield* rcu_read_unlock();
  },
  { inlined: true },
);

/** process_shares_mm() */
function* process_shares_mm(p: TaskStruct, mm: MmStruct): Body<boolean> {
  for (const t of yield* rcu_dereference(p.signal.thread_head)) {
    const other = yield* READ_ONCE(t.mm);
    if (other !== null) return other === mm;
  }
  return false;
}

function* __task_will_free_mem(task: TaskStruct): Body<boolean> {
  const { signal } = task;
  if (((yield* signal.flags.read()) & SIGNAL_GROUP_EXIT) !== 0) return true;
  return (yield* rcu_dereference(signal.thread_head)).length <= 1 && (yield* task.exiting.read());
}

/**
 * task_will_free_mem() - is the task dying, with all who share its mm?
 *
 * Context: task_lock() of the task, or the task itself. Leaves out: core dumps.
 */
export const task_will_free_mem = kfunc('task_will_free_mem', function* (task: TaskStruct) {
  const mm = yield* task.mm.read();
  if (mm === null || !(yield* __task_will_free_mem(task))) return false;
  if (yield* mm_flags_test(MMF_OOM_SKIP, mm)) return false;
  if ((yield* atomic_read(mm.mm_users)) <= 1) return true;
  yield* rcu_read_lock();
  let ret = true;
  for (const p of yield* rcu_dereference(init_task_tasks())) {
    if (!(yield* process_shares_mm(p, mm)) || p.signal === task.signal) continue;
    ret = yield* __task_will_free_mem(p);
    if (!ret) break;
  }
  yield* rcu_read_unlock();
  return ret;
});

/**
 * mark_oom_victim() - the task may use the reserves, and its mm is pinned for the reaper.
 *
 * Context: oom_lock; task_lock() of the task, or the task itself.
 * Models: v6.18 (thaw_process()) and v6.12 (__thaw_task()) alike: nothing is frozen in the model.
 */
export const mark_oom_victim = kfunc('mark_oom_victim', function* (tsk: TaskStruct) {
  const mm = yield* tsk.mm.read();
  if (mm === null || (yield* test_and_set_bit(TIF_MEMDIE, tsk.thread_flags))) return;
  if ((yield* cmpxchg<MmStruct | null>(tsk.signal.oom_mm, null, mm)) === null) {
    yield* mmgrab(mm);
    yield* oom_mm_installed(mm);
  }
  yield* atomic_inc(oom_victims());
  trace_event('oom', 'mark_victim', () => victimText(tsk, mm));
});

function victimText(tsk: TaskStruct, mm: MmStruct): string {
  if (!printsNew('markVictimFields')) return `pid=${tsk.pid}`;
  return (
    `pid=${tsk.pid} comm=${tsk.comm} total-vm=${K(mm.total_vm.value)}kB ` +
    `anon-rss=${K(get_mm_counter(mm, MM_ANONPAGES))}kB file-rss:${K(get_mm_counter(mm, MM_FILEPAGES))}kB ` +
    `shmem-rss:${K(get_mm_counter(mm, MM_SHMEMPAGES))}kB uid=0 pgtables=${mm.pgtables_bytes.value >> 10}kB ` +
    `oom_score_adj=${tsk.signal.oom_score_adj.value}`
  );
}

/** A line of mark_oom_victim() in trees of v4.15 to v5.19: the mm, too, is told. Later, nothing. */
export const oom_mm_installed = kfunc('oom_mm_installed', function* (_mm: MmStruct) {}, { inlined: true });

/** exit_oom_victim() - a victim has given up its mm. */
export const exit_oom_victim = kfunc('exit_oom_victim', function* () {
  yield* clear_bit(TIF_MEMDIE, current().thread_flags);
  if ((yield* atomic_dec_return(oom_victims())) === 0) yield* wake_up_all(oom_victims_wait());
});

/** A line of __oom_kill_process() for patches: all who use the memory have their SIGKILL. As it is, nothing. */
export const oom_victim_signalled = kfunc('oom_victim_signalled', function* (_mm: MmStruct) {}, {
  inlined: true,
});

/**
 * __oom_kill_process() - kill a process and everybody who shares its memory, and queue it for reaping.
 *
 * Context: oom_lock. Consumes the reference to `victim`.
 */
const __oom_kill_process = kfunc('__oom_kill_process', function* (chosen: TaskStruct, message: string) {
  const victim = yield* find_lock_task_mm(chosen);
  if (victim === null) {
    pr_info(
      `${message}: OOM victim ${chosen.pid} (${chosen.comm}) is already exiting. Skip killing the task`,
    );
    yield* put_task_struct(chosen);
    return;
  }
  if (victim !== chosen) {
    yield* get_task_struct(victim);
    yield* put_task_struct(chosen);
  }
  const mm = (yield* victim.mm.read()) as MmStruct;
  yield* mmgrab(mm);
  yield* memcg_memory_event_mm(mm, 'oom_kill');
  yield* do_send_sig_info(SIGKILL, victim, 'PIDTYPE_TGID');
  yield* mark_oom_victim(victim);
  const prefix = printsNew('oomKilledProcess') ? `${message}: ` : '';
  pr_err(`${prefix}Killed process ${victim.pid} (${victim.comm}) ${killedText(victim, mm)}`);
  yield* task_unlock(victim);

  let can_oom_reap = true;
  yield* rcu_read_lock();
  for (const p of yield* rcu_dereference(init_task_tasks())) {
    if (!(yield* process_shares_mm(p, mm)) || p.signal === victim.signal) continue;
    if (is_global_init(p)) {
      can_oom_reap = false;
      yield* mm_flags_set(MMF_OOM_SKIP, mm);
      pr_info(`oom killer ${victim.pid} (${victim.comm}) has mm pinned by ${p.pid} (${p.comm})`);
      continue;
    }
    if ((p.flags & PF_KTHREAD) !== 0) continue;
    yield* do_send_sig_info(SIGKILL, p, 'PIDTYPE_TGID');
  }
  yield* rcu_read_unlock();

  yield* oom_victim_signalled(mm);
  if (can_oom_reap) yield* queue_oom_reaper(victim);
  yield* mmdrop(mm);
  yield* put_task_struct(victim);
});

function killedText(victim: TaskStruct, mm: MmStruct): string {
  const sizes =
    `total-vm:${K(mm.total_vm.value)}kB, anon-rss:${K(get_mm_counter(mm, MM_ANONPAGES))}kB, ` +
    `file-rss:${K(get_mm_counter(mm, MM_FILEPAGES))}kB, shmem-rss:${K(get_mm_counter(mm, MM_SHMEMPAGES))}kB`;
  if (!printsNew('oomKilledProcess')) return sizes;
  return `${sizes}, UID:0 pgtables:${mm.pgtables_bytes.value >> 10}kB oom_score_adj:${victim.signal.oom_score_adj.value}`;
}

/** oom_kill_memcg_member() - one of a group that dies as a whole. Return: false, to go on with the next. */
const oom_kill_memcg_member = kfunc('oom_kill_memcg_member', function* (task: TaskStruct, message: string) {
  const adj = yield* task.signal.oom_score_adj.read();
  if (adj === OOM_SCORE_ADJ_MIN || is_global_init(task)) return false;
  yield* get_task_struct(task);
  yield* __oom_kill_process(task, message);
  return false;
});

/** oom_kill_process() - kill the chosen process, unless it is dying by itself. Context: oom_lock. */
const oom_kill_process = kfunc(
  'oom_kill_process',
  function* (oc: OomControl, victim: TaskStruct, message: string) {
    yield* task_lock(victim);
    if (yield* task_will_free_mem(victim)) {
      yield* mark_oom_victim(victim);
      yield* queue_oom_reaper(victim);
      yield* task_unlock(victim);
      yield* put_task_struct(victim);
      return;
    }
    yield* task_unlock(victim);

    if (oom_rs().mayPrint()) {
      yield* dump_header(oc);
      dump_oom_victim(oc, victim);
    }
    if (!printsNew('oomKilledProcess')) {
      const score = Math.floor((Math.max(oc.chosen_points, 0) * 1000) / oc.totalpages);
      const who = `process ${victim.pid} (${victim.comm})`;
      pr_err(`${message}: Kill ${who} score ${score} or sacrifice child`);
    }
    const oom_group = yield* mem_cgroup_get_oom_group(victim, oc.memcg);
    yield* __oom_kill_process(victim, message);
    if (oom_group === null) return;
    yield* oom_group.events.oom_group_kill.add(1);
    pr_info(`Tasks in ${oom_group.path} are going to be killed due to memory.oom.group set`);
    yield* mem_cgroup_scan_tasks(oom_group, (task) => oom_kill_memcg_member(task, message));
  },
);

/** panic_on_oom, from the settings of the kernel. */
function* check_panic_on_oom(oc: OomControl): Body<void> {
  const setting = kernel().sysctl.get('vm.panic_on_oom') ?? 0;
  if (setting === 0 || (setting !== 2 && oc.constraint !== 'CONSTRAINT_NONE') || oc.sysrq) return;
  yield* dump_header(oc);
  panic(`Out of memory: ${setting === 2 ? 'compulsory' : 'system-wide'} panic_on_oom is enabled`);
}

/**
 * out_of_memory() - choose a process and kill it.
 *
 * Context: oom_lock; may sleep.
 * Return: true if memory will come, by this kill or by an earlier one.
 * Models: mm/oom_kill.c as of v6.12. Leaves out: the notifier chain, cpusets, memory policies.
 */
export const out_of_memory = kfunc('out_of_memory', function* (oc: OomControl) {
  const me = current();
  if (yield* task_will_free_mem(me)) {
    yield* mark_oom_victim(me);
    yield* queue_oom_reaper(me);
    return true;
  }
  if ((oc.gfp_mask & __GFP_FS) === 0 && oc.memcg === null) return true;
  if (oc.memcg !== null) {
    oc.constraint = 'CONSTRAINT_MEMCG';
    oc.totalpages = (yield* READ_ONCE(oc.memcg.max)) || 1;
  } else {
    oc.totalpages = totalram_pages();
  }
  yield* check_panic_on_oom(oc);
  if (oc.memcg === null && (kernel().sysctl.get('vm.oom_kill_allocating_task') ?? 0) !== 0) {
    const adj = yield* me.signal.oom_score_adj.read();
    if ((yield* me.mm.read()) !== null && !oom_unkillable_task(me) && adj !== OOM_SCORE_ADJ_MIN) {
      yield* get_task_struct(me);
      oc.chosen = me;
      yield* oom_kill_process(oc, me, 'Out of memory (oom_kill_allocating_task)');
      return true;
    }
  }
  yield* select_bad_process(oc);
  if (oc.chosen === null) {
    yield* dump_header(oc);
    pr_warn('Out of memory and no killable processes...');
    if (!oc.sysrq && oc.memcg === null) panic('System is deadlocked on memory');
    return false;
  }
  if (oc.chosen !== ABORTED) {
    const message = oc.memcg === null ? 'Out of memory' : 'Memory cgroup out of memory';
    yield* oom_kill_process(oc, oc.chosen, message);
  }
  return true;
});

/** pagefault_out_of_memory() - a fault failed for lack of memory, and nobody was there to wait for. */
export const pagefault_out_of_memory = kfunc('pagefault_out_of_memory', function* () {
  if (yield* fatal_signal_pending(current())) return;
  if (pfoom_rs().mayPrint()) pr_warn('Huh VM_FAULT_OOM leaked out to the #PF handler. Retrying PF');
});
