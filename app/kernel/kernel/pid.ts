import type { Body } from '../../sim/call.ts';
import { Cell } from '../../sim/cell.ts';
import { Effect, type Operation } from '../../sim/operation.ts';
import { SimObject } from '../../sim/object.ts';
import { kernelGlobal } from '../globals.ts';
import { rcu_dereference } from '../include/rwonce.ts';
import type { TaskStruct } from '../include/sched.ts';
import { Rwlock } from './locking/rwlock.ts';

/** Pids of kernel threads as on the two-CPU machine of the captures. Others get the next free one. */
const BOOT_PIDS: ReadonlyMap<string, number> = new Map([
  ['kthreadd', 2],
  ['kworker/0:0', 9],
  ['kworker/0:1', 10],
  ['kworker/u8:0', 12],
  ['ksoftirqd/0', 16],
  ['rcu_preempt', 17],
  ['rcu_sched', 17],
  ['rcuc/0', 20],
  ['ktimers/0', 21],
  ['rcuc/1', 28],
  ['ksoftirqd/1', 29],
  ['kworker/1:0', 30],
  ['ktimers/1', 31],
  ['khungtaskd', 36],
  ['oom_reaper', 38],
  ['kworker/1:1', 41],
]);

/** The first pid that no kernel thread of the table has. */
const FIRST_FREE_PID = 42;

class PidAllocator extends SimObject {
  next = FIRST_FREE_PID;

  constructor() {
    super(null);
  }

  override get name(): string {
    return 'init_pid_ns';
  }
}

const init_pid_ns = kernelGlobal('init_pid_ns', () => new PidAllocator());

/** The next free pid. Pids are handed out in order, which everybody can see. */
export function alloc_pid(): Operation<number> {
  const allocator = init_pid_ns();
  return new Effect('rmw', allocator, 'write', () => allocator.next++);
}

/** The pid of a kernel thread that is started during boot. */
export function bootPid(name: string): number {
  return BOOT_PIDS.get(name) ?? init_pid_ns().next++;
}

/** During boot: user processes start from here at the earliest. */
export function reservePidsBelow(pid: number): void {
  const allocator = init_pid_ns();
  allocator.next = Math.max(allocator.next, pid);
}

/** Guards the lists of tasks, of threads and of children. Readers that only look may do so under RCU. */
export const tasklist_lock = kernelGlobal('tasklist_lock', () => new Rwlock('tasklist_lock', null));

/** The leaders of all user processes, in order of creation. Leaves out: kernel threads. */
export const init_task_tasks = kernelGlobal(
  'init_task.tasks',
  () => new Cell<readonly TaskStruct[]>([], 'init_task.tasks'),
);

/**
 * find_task_by_vpid() - the process or thread with an id, or null.
 *
 * Context: inside rcu_read_lock() or with tasklist_lock. Leaves out: the tree of ids; kernel threads.
 */
export function* find_task_by_vpid(pid: number): Body<TaskStruct | null> {
  for (const leader of yield* rcu_dereference(init_task_tasks())) {
    if (leader.pid === pid) return leader;
    const thread = leader.signal.threads.find((candidate) => candidate.pid === pid);
    if (thread !== undefined) return thread;
  }
  return null;
}
