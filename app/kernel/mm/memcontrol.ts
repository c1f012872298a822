import type { Body, Call } from '../../sim/call.ts';
import { Cell, Counter } from '../../sim/cell.ts';
import { delay } from '../../sim/delay.ts';
import { Effect, type Operation } from '../../sim/operation.ts';
import { ns } from '../../base/brand.ts';
import { ENOMEM } from '../include/errno.ts';
import {
  __GFP_HIGH,
  __GFP_NOFAIL,
  __GFP_NORETRY,
  GFP_KERNEL,
  gfpflags_allow_blocking,
} from '../include/gfp.ts';
import { K } from '../include/mm.ts';
import { MMF_OOM_SKIP, PAGE_SIZE, type MmStruct, type PteTable } from '../include/mm_types.ts';
import { mm_flags_test } from '../include/mm.ts';
import { current, PF_MEMALLOC, type TaskStruct } from '../include/sched.ts';
import { get_task_struct } from '../include/task.ts';
import { kernelGlobal } from '../globals.ts';
import { rcu_assign_pointer, rcu_dereference, READ_ONCE } from '../include/rwonce.ts';
import { config } from '../kernel.ts';
import { kfunc } from '../kfunc.ts';
import { put_task_struct } from '../kernel/fork.ts';
import { mutex_lock_killable, mutex_unlock } from '../kernel/locking/mutex.ts';
import { rcu_read_lock, rcu_read_unlock } from '../kernel/rcu/tree.ts';
import { cond_resched } from '../kernel/sched/core.ts';
import { fatal_signal_pending, signal_pending } from '../kernel/signal.ts';
import { pr_info } from '../printk.ts';
import { oom_lock, out_of_memory, OomControl } from './oom_kill.ts';
import type { Page } from './page_alloc.ts';

/** What memory.events counts. */
export type MemcgEvent = 'low' | 'high' | 'max' | 'oom' | 'oom_kill' | 'oom_group_kill';

/** struct mem_cgroup - a group of processes and the limit on the memory that they have. */
export class MemCgroup {
  /** page_counter: pages charged. */
  readonly usage: Counter;
  /** memory.max in pages; Infinity for none. */
  readonly max: Cell<number>;
  /** memory.oom.group */
  readonly oom_group: Cell<boolean>;
  /** Processes in the group, by their leaders, in order of arrival. */
  readonly tasks: Cell<readonly TaskStruct[]>;
  readonly events: Readonly<Record<MemcgEvent, Counter>>;
  /** Tries to charge that met the limit. */
  failcnt = 0;
  /** The most pages that a try to charge has left charged. */
  watermark = 0;
  /** Pages and faults that memory.stat tells of; nobody decides by them. */
  readonly stat = { anon: 0, pagetables: 0, pgfault: 0 };
  /** (plain) Groups below this one; they come and go by mkdir and rmdir only. */
  readonly children: MemCgroup[] = [];
  /** (plain) cgroup.subtree_control: do the groups below have the memory controller? */
  subtreeMemory = false;

  constructor(
    /** As messages show it: `/quick`. */
    readonly path: string,
    /** Its limits hold for this group too; null below the root, which has none. */
    readonly parent: MemCgroup | null = null,
  ) {
    this.usage = new Counter(0, `memcg:${path} memory.usage`);
    this.max = new Cell<number>(Infinity, `memcg:${path} memory.max`);
    this.oom_group = new Cell<boolean>(false, `memcg:${path} memory.oom.group`);
    this.tasks = new Cell<readonly TaskStruct[]>([], `memcg:${path} cgroup.procs`);
    const event = (name: MemcgEvent): Counter => new Counter(0, `memcg:${path} memory.events:${name}`);
    this.events = {
      low: event('low'),
      high: event('high'),
      max: event('max'),
      oom: event('oom'),
      oom_kill: event('oom_kill'),
      oom_group_kill: event('oom_group_kill'),
    };
  }
}

/** All groups but the root, which has no limit and stands for "null" elsewhere. */
export const memcgs = kernelGlobal(
  'cgroup_hierarchy',
  () => new Cell<readonly MemCgroup[]>([], 'cgroup hierarchy'),
);

/** What a try to reclaim costs that finds nothing: there is no swap, and no file page is clean. */
const RECLAIM = ns(1_000_000);

/** mem_cgroup_css_alloc() - a new group. */
export const cgroup_mkdir = kfunc('mem_cgroup_css_alloc', function* (path: string, parent: MemCgroup | null) {
  const memcg = new MemCgroup(path, parent);
  parent?.children.push(memcg);
  yield* memcgs().update((all) => [...all, memcg]);
  return memcg;
});

/** (plain) A group that is there from the start. */
export function memcgAtSetUp(path: string, maxPages = Infinity): MemCgroup {
  const memcg = new MemCgroup(path);
  memcg.max.value = maxPages;
  memcgs().value = [...memcgs().value, memcg];
  return memcg;
}

/** The group with a path, null for the root and for unknown ones. */
export function* cgroup_find(path: string): Body<MemCgroup | null> {
  return (yield* rcu_dereference(memcgs())).find((memcg) => memcg.path === path) ?? null;
}

/** cgroup_attach_task() - move a process; what it has charged stays where it is. */
export const cgroup_attach_task = kfunc(
  'cgroup_attach_task',
  function* (to: MemCgroup | null, leader: TaskStruct) {
    const from = yield* rcu_dereference(leader.memcg);
    if (from !== null) yield* from.tasks.update((tasks) => tasks.filter((task) => task !== leader));
    for (const thread of leader.signal.threads) yield* rcu_assign_pointer(thread.memcg, to);
    if (to !== null) yield* to.tasks.update((tasks) => [...tasks, leader]);
  },
);

/** mem_cgroup_exit() - cgroup_exit(): a dead process is in no group. */
export function* cgroup_exit(task: TaskStruct): Body<void> {
  const memcg = yield* rcu_dereference(task.memcg);
  if (memcg !== null) yield* memcg.tasks.update((tasks) => tasks.filter((other) => other !== task));
}

/**
 * mem_cgroup_scan_tasks() - call `fn` for each process of the group until it says true.
 *
 * Context: may sleep, and so may `fn`: the iterator holds the task that it stands on, and nothing else.
 * Models: mm/memcontrol.c with css_task_iter. RCU stands for css_set_lock, under which the iterator steps on.
 */
export function* mem_cgroup_scan_tasks(
  memcg: MemCgroup,
  fn: (task: TaskStruct) => Call<boolean> | Body<boolean>,
): Body<void> {
  const met = new Set<TaskStruct>();
  for (;;) {
    yield* rcu_read_lock();
    let task: TaskStruct | undefined;
    for (const group of withDescendants(memcg)) {
      task ??= (yield* rcu_dereference(group.tasks)).find((one) => !met.has(one));
    }
    if (task !== undefined) yield* get_task_struct(task);
    yield* rcu_read_unlock();
    if (task === undefined) return;
    met.add(task);
    const stop = yield* fn(task);
    yield* put_task_struct(task);
    if (stop) return;
    yield* cond_resched('mm/memcontrol.c', 1153);
  }
}

// --- charging ------------------------------------------------------------------------------------

/** The group and those above it, whose limits hold for it too. */
function* lineageOf(memcg: MemCgroup): Generator<MemCgroup, void> {
  for (let at: MemCgroup | null = memcg; at !== null; at = at.parent) yield at;
}

/** css_for_each_descendant_pre(): the group, then those below it. */
export function* withDescendants(memcg: MemCgroup): Generator<MemCgroup, void> {
  yield memcg;
  for (const child of memcg.children) yield* withDescendants(child);
}

/** page_counter_charge() - counts pages, or gives them back below 0, in the group and all above it. */
function* page_counter_charge(memcg: MemCgroup, pages: number): Body<void> {
  for (const group of lineageOf(memcg)) yield* group.usage.add(pages);
}

/** memcg_memory_event() - memory.events tells of the group and of all below it. */
function* memcg_memory_event(memcg: MemCgroup, event: MemcgEvent): Body<void> {
  for (const group of lineageOf(memcg)) yield* group.events[event].add(1);
}

/** page_counter_try_charge() - Return: the group whose limit is met, with nothing charged anywhere; or null. */
function* page_counter_try_charge(memcg: MemCgroup, pages: number): Body<MemCgroup | null> {
  const charged: MemCgroup[] = [];
  for (const group of lineageOf(memcg)) {
    const max = yield* READ_ONCE(group.max);
    if (yield* try_charge_one(group, pages, max)) {
      charged.push(group);
      continue;
    }
    for (const below of charged) yield* below.usage.add(-pages);
    return group;
  }
  return null;
}

const try_charge_one = (memcg: MemCgroup, pages: number, max: number): Operation<boolean> =>
  new Effect('rmw', memcg.usage, 'write', () => {
    if (memcg.usage.value + pages > max) {
      memcg.failcnt++;
      return false;
    }
    memcg.usage.value += pages;
    memcg.watermark = Math.max(memcg.watermark, memcg.usage.value);
    return true;
  });

/** mem_cgroup_margin() - how many pages may still be charged. */
function* mem_cgroup_margin(memcg: MemCgroup): Body<number> {
  const usage = yield* memcg.usage.read();
  return (yield* READ_ONCE(memcg.max)) - usage;
}

/** task_is_dying() */
function* task_is_dying(): Body<boolean> {
  const me = current();
  if ((yield* me.signal.oom_mm.read()) !== null) return true;
  return (yield* fatal_signal_pending(me)) || (yield* me.exiting.read());
}

/**
 * try_charge_memcg() - charge pages to a group, killing somebody in it if need be.
 *
 * Context: the faulting task, no page-table locks; may sleep.
 * Return: 0 or -ENOMEM.
 * Models: mm/memcontrol.c as of v6.12. Leaves out: per-CPU stocks, memory.high; sixteen retries without
 * success are one.
 */
export const try_charge_memcg = kfunc(
  'try_charge_memcg',
  function* (memcg: MemCgroup, gfp: number, pages: number) {
    let passed_oom = false;
    for (;;) {
      const over = yield* page_counter_try_charge(memcg, pages);
      if (over === null) return 0;
      if ((current().flags & PF_MEMALLOC) !== 0) break;
      if (!gfpflags_allow_blocking(gfp)) return yield* nomem(memcg, gfp, pages);
      const oom_mm = yield* current().signal.oom_mm.read();
      if (oom_mm !== null && (yield* mm_flags_test(MMF_OOM_SKIP, oom_mm)))
        return yield* nomem(memcg, gfp, pages);
      yield* memcg_memory_event(over, 'max');
      yield* delay(RECLAIM);
      if ((yield* mem_cgroup_margin(over)) >= pages) continue;
      if ((gfp & __GFP_NORETRY) !== 0) return yield* nomem(memcg, gfp, pages);
      // What the OOM killer has chosen goes on to its end rather than in a circle.
      if (passed_oom && (yield* task_is_dying())) return yield* nomem(memcg, gfp, pages);
      if (!(yield* mem_cgroup_oom(over, gfp, pages))) return yield* nomem(memcg, gfp, pages);
      passed_oom = true;
    }
    yield* page_counter_charge(memcg, pages);
    return 0;
  },
);

function* nomem(memcg: MemCgroup, gfp: number, pages: number): Body<number> {
  if ((gfp & (__GFP_NOFAIL | __GFP_HIGH)) === 0) return -ENOMEM;
  yield* page_counter_charge(memcg, pages);
  return 0;
}

function* mem_cgroup_oom(memcg: MemCgroup, gfp: number, pages: number): Body<boolean> {
  yield* memcg_memory_event(memcg, 'oom');
  return yield* mem_cgroup_out_of_memory(memcg, gfp, pages);
}

/**
 * mem_cgroup_out_of_memory() - have the OOM killer take somebody of the group.
 *
 * Context: takes oom_lock; may sleep. `pages` are wanted; messages speak of single ones, as real faults do.
 * Return: true if it is worth while to try the charge again.
 */
export const mem_cgroup_out_of_memory = kfunc(
  'mem_cgroup_out_of_memory',
  function* (memcg: MemCgroup, gfp: number, pages: number) {
    if ((yield* mutex_lock_killable(oom_lock())) !== 0) return true;
    let ret = true;
    if ((yield* mem_cgroup_margin(memcg)) < pages) {
      // Those that did not have to wait for the lock may have missed that they are dying.
      ret = (yield* task_is_dying()) || (yield* out_of_memory(new OomControl(memcg, gfp, 0)));
    }
    yield* mutex_unlock(oom_lock());
    return ret;
  },
);

/** get_mem_cgroup_from_mm() - the group of the mm's owner. */
export function* get_mem_cgroup_from_mm(mm: MmStruct): Body<MemCgroup | null> {
  if (!config().MEMCG) return null;
  // The owner of an mm that fork could not finish is a task that will never be.
  yield* rcu_read_lock();
  const owner = yield* rcu_dereference(mm.owner);
  const memcg = owner === null ? null : yield* rcu_dereference(owner.memcg);
  yield* rcu_read_unlock();
  return memcg;
}

/** charge_memcg() */
const charge_memcg = kfunc('charge_memcg', function* (page: Page, memcg: MemCgroup, gfp: number) {
  const pages = 1 << page.order;
  const ret = yield* try_charge_memcg(memcg, gfp, pages);
  if (ret !== 0) return ret;
  page.memcg = memcg;
  memcg.stat.anon += pages;
  return 0;
});

/** __mem_cgroup_charge() - charge a new page of an mm. Return: 0 or -ENOMEM. */
export const __mem_cgroup_charge = kfunc(
  '__mem_cgroup_charge',
  function* (page: Page, mm: MmStruct, gfp: number) {
    const memcg = yield* get_mem_cgroup_from_mm(mm);
    return memcg === null ? 0 : yield* charge_memcg(page, memcg, gfp);
  },
);

/** mem_cgroup_uncharge() - a page is freed. */
export function* mem_cgroup_uncharge(page: Page): Body<void> {
  const { memcg } = page;
  if (memcg === null) return;
  page.memcg = null;
  const pages = 1 << page.order;
  memcg.stat.anon -= pages;
  yield* page_counter_charge(memcg, -pages);
}

/** Charges a page of a page table; page tables are forced upon the group. */
export function* charge_table(table: PteTable, mm: MmStruct): Body<void> {
  table.memcg ??= yield* get_mem_cgroup_from_mm(mm);
  yield* charge_tables(table.memcg, 1);
}

/** Charges pages of page tables, or with a negative number gives them back. */
export function* charge_tables(memcg: MemCgroup | null, pages: number): Body<void> {
  if (memcg === null) return;
  memcg.stat.pagetables += pages;
  yield* page_counter_charge(memcg, pages);
}

/** (plain) Charges what a process has from its start. */
export function chargeAtSetUp(mm: MmStruct, what: 'anon' | 'pagetables', pages: number): MemCgroup | null {
  const memcg = config().MEMCG ? (mm.owner.value?.memcg.value ?? null) : null;
  if (memcg === null) return null;
  memcg.stat[what] += pages;
  for (const group of lineageOf(memcg)) group.usage.value += pages;
  return memcg;
}

/** count_memcg_event_mm(PGFAULT) (plain) */
export function countFault(task: TaskStruct): void {
  const memcg = task.memcg.value;
  if (memcg !== null) memcg.stat.pgfault++;
}

/**
 * memory_max_write() - set memory.max; who has more than that loses a process.
 *
 * Return: 0. Models: mm/memcontrol.c. Leaves out: reclaim that succeeds.
 */
export const memory_max_write = kfunc('memory_max_write', function* (memcg: MemCgroup, pages: number) {
  yield* memcg.max.store(pages, 'full');
  for (;;) {
    if ((yield* memcg.usage.read()) <= pages) return 0;
    if (yield* signal_pending(current())) return 0;
    yield* delay(RECLAIM);
    yield* memcg_memory_event(memcg, 'oom');
    if (!(yield* mem_cgroup_out_of_memory(memcg, GFP_KERNEL, 1))) return 0;
  }
});

/** memcg_memory_event_mm() - count an event for the group of an mm. */
export function* memcg_memory_event_mm(mm: MmStruct, event: MemcgEvent): Body<void> {
  const memcg = yield* get_mem_cgroup_from_mm(mm);
  if (memcg !== null) yield* memcg_memory_event(memcg, event);
}

/**
 * mem_cgroup_get_oom_group() - the group that is to die as a whole with `victim`, or null.
 *
 * The highest one up to the group that met its limit counts. A victim that was moved out of the group that met its limit takes nobody along.
 */
export function* mem_cgroup_get_oom_group(
  victim: TaskStruct,
  oom_domain: MemCgroup | null,
): Body<MemCgroup | null> {
  if (!config().MEMCG) return null;
  const memcg = yield* rcu_dereference(victim.memcg);
  if (memcg === null) return null;
  const lineage = [...lineageOf(memcg)];
  if (oom_domain !== null && !lineage.includes(oom_domain)) return null;
  let highest: MemCgroup | null = null;
  for (const group of lineage) {
    if (yield* READ_ONCE(group.oom_group)) highest = group;
    if (group === oom_domain) break;
  }
  return highest;
}

// --- what the OOM killer prints ------------------------------------------------------------------

const NO_LIMIT_KB = 9007199254740988;

/** mem_cgroup_print_oom_meminfo() (plain) */
export function mem_cgroup_print_oom_meminfo(memcg: MemCgroup): void {
  const limit = memcg.max.value === Infinity ? NO_LIMIT_KB : K(memcg.max.value);
  pr_info(`memory: usage ${K(memcg.usage.value)}kB, limit ${limit}kB, failcnt ${memcg.failcnt}`);
  pr_info(`swap: usage 0kB, limit ${NO_LIMIT_KB}kB, failcnt 0`);
  pr_info(`Memory cgroup stats for ${memcg.path}:`);
  for (const line of memory_stat(memcg)) pr_info(line);
}

/** memory_stat_format(): the lines of memory.stat. */
export function memory_stat(memcg: MemCgroup): readonly string[] {
  const { anon, pagetables, pgfault } = memcg.stat;
  const values = new Map<string, number>([
    ['anon', anon * PAGE_SIZE],
    ['kernel', pagetables * PAGE_SIZE],
    ['pagetables', pagetables * PAGE_SIZE],
    ['inactive_anon', anon * PAGE_SIZE],
    ['pgfault', pgfault],
  ]);
  return MEMORY_STATS.map((name) => `${name} ${values.get(name) ?? 0}`);
}

const MEMORY_STATS = [
  ...['anon', 'file', 'kernel', 'kernel_stack', 'pagetables', 'sec_pagetables', 'percpu', 'sock', 'vmalloc'],
  ...['shmem', 'file_mapped', 'file_dirty', 'file_writeback', 'swapcached', 'inactive_anon', 'active_anon'],
  ...['inactive_file', 'active_file', 'unevictable', 'slab_reclaimable', 'slab_unreclaimable', 'slab'],
  ...['workingset_refault_anon', 'workingset_refault_file', 'workingset_activate_anon'],
  ...['workingset_activate_file', 'workingset_restore_anon', 'workingset_restore_file'],
  ...['workingset_nodereclaim', 'pgdemote_kswapd', 'pgdemote_direct', 'pgdemote_khugepaged', 'pgscan'],
  ...['pgsteal', 'pgscan_kswapd', 'pgscan_direct', 'pgscan_khugepaged', 'pgsteal_kswapd', 'pgsteal_direct'],
  ...['pgsteal_khugepaged', 'pgfault', 'pgmajfault', 'pgrefill', 'pgactivate', 'pgdeactivate', 'pglazyfree'],
  ...['pglazyfreed', 'swpin_zero', 'swpout_zero'],
];
