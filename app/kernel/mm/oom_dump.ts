import type { Body } from '../../sim/call.ts';
import { formatGfp } from '../include/gfp.ts';
import { get_mm_counter, get_mm_rss } from '../include/mm.ts';
import {
  MM_ANONPAGES,
  MM_FILEPAGES,
  MM_SHMEMPAGES,
  MM_SWAPENTS,
  PAGE_SIZE,
  type MmStruct,
} from '../include/mm_types.ts';
import { rcu_dereference } from '../include/rwonce.ts';
import { current, type TaskStruct } from '../include/sched.ts';
import { task_unlock } from '../include/task.ts';
import { config, kernel } from '../kernel.ts';
import { kfunc } from '../kfunc.ts';
import { init_task_tasks } from '../kernel/pid.ts';
import { rcu_read_lock, rcu_read_unlock } from '../kernel/rcu/tree.ts';
import { dump_stack } from '../lib/dump_stack.ts';
import { pr_info, pr_warn } from '../printk.ts';
import { mem_cgroup_print_oom_meminfo, mem_cgroup_scan_tasks } from './memcontrol.ts';
import { find_lock_task_mm, oom_unkillable_task, type OomControl } from './oom_kill.ts';
import { free_pages_of_machine } from './page_limit.ts';

const TASK_COLUMNS =
  '[  pid  ]   uid  tgid total_vm      rss rss_anon rss_file rss_shmem pgtables_bytes swapents oom_score_adj name';

/** dump_header() - who met the end of memory and how, what there is, and who has it. Context: oom_lock. */
export const dump_header = kfunc('dump_header', function* (oc: OomControl) {
  const me = current();
  const adj = me.signal.oom_score_adj.value;
  const gfp = formatGfp(oc.gfp_mask);
  pr_warn(`${me.comm} invoked oom-killer: gfp_mask=${gfp}, order=${oc.order}, oom_score_adj=${adj}`);
  dump_stack();
  if (oc.memcg !== null) mem_cgroup_print_oom_meminfo(oc.memcg);
  else show_mem();
  if ((kernel().sysctl.get('vm.oom_dump_tasks') ?? 1) !== 0) yield* dump_tasks(oc);
});

/** dump_tasks() - the memory of all processes that could be chosen. */
const dump_tasks = kfunc('dump_tasks', function* (oc: OomControl) {
  pr_info('Tasks state (memory values in pages):');
  pr_info(TASK_COLUMNS);
  if (oc.memcg !== null) {
    yield* mem_cgroup_scan_tasks(oc.memcg, dump_task);
    return;
  }
  yield* rcu_read_lock();
  for (const p of yield* rcu_dereference(init_task_tasks())) yield* dump_task(p);
  yield* rcu_read_unlock();
});

/** False, to go on with the next. */
function* dump_task(p: TaskStruct): Body<boolean> {
  if (oom_unkillable_task(p)) return false;
  const task = yield* find_lock_task_mm(p);
  if (task === null) return false;
  const mm = yield* task.mm.read();
  if (mm !== null) pr_info(taskLine(task, mm));
  yield* task_unlock(task);
  return false;
}

function taskLine(task: TaskStruct, mm: MmStruct): string {
  const column = (value: number, width: number): string => String(value).padStart(width);
  const columns = [
    `[${column(task.pid, 7)}]`,
    column(0, 5),
    column(task.tgid, 5),
    column(mm.total_vm.value, 8),
    column(get_mm_rss(mm), 8),
    column(get_mm_counter(mm, MM_ANONPAGES), 8),
    column(get_mm_counter(mm, MM_FILEPAGES), 8),
    column(get_mm_counter(mm, MM_SHMEMPAGES), 9),
    column(mm.pgtables_bytes.value, 8),
    column(get_mm_counter(mm, MM_SWAPENTS), 8),
    `        ${column(task.signal.oom_score_adj.value, 5)}`,
    task.comm,
  ];
  return columns.join(' ');
}

/** The one-line summary of a kill (plain). */
export function dump_oom_victim(oc: OomControl, victim: TaskStruct): void {
  const group = victim.memcg.value?.path ?? '/';
  const scope = oc.memcg === null ? ',global_oom' : `,oom_memcg=${oc.memcg.path}`;
  const context = config().MEMCG ? `${scope},task_memcg=${group}` : '';
  const who = `task=${victim.comm},pid=${victim.pid},uid=0`;
  pr_info(`oom-kill:constraint=${oc.constraint},nodemask=(null)${context},${who}`);
}

/** __show_mem() - what the machine's memory is used for, as far as the model knows. */
export function show_mem(): void {
  const { total, free } = free_pages_of_machine();
  const kB = (pages: number): string => `${(pages * PAGE_SIZE) / 1024}kB`;
  const used = total - free;
  pr_warn('Mem-Info:');
  pr_warn(`active_anon:0 inactive_anon:${used} isolated_anon:0`);
  pr_warn(' active_file:0 inactive_file:0 isolated_file:0');
  pr_warn(' unevictable:0 dirty:0 writeback:0');
  pr_warn(' slab_reclaimable:0 slab_unreclaimable:0');
  pr_warn(' mapped:0 shmem:0 pagetables:0');
  pr_warn(' sec_pagetables:0 bounce:0');
  pr_warn(' kernel_misc_reclaimable:0');
  pr_warn(` free:${free} free_pcp:0 free_cma:0`);
  pr_warn(
    `Node 0 active_anon:0kB inactive_anon:${kB(used)} active_file:0kB inactive_file:0kB all_unreclaimable? yes`,
  );
  pr_warn('0 total pagecache pages');
  pr_warn('0 pages in swap cache');
  pr_warn('Free swap  = 0kB');
  pr_warn('Total swap = 0kB');
  pr_warn(`${total} pages RAM`);
  pr_warn('0 pages HighMem/MovableOnly');
}
