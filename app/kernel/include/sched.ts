import { TASK_RUNNING } from './task_state.ts';
import type { Call } from '../../sim/call.ts';
import { Cell } from '../../sim/cell.ts';
import { runningTask, runningTaskOrNull } from '../../sim/machine-in-force.ts';
import type { SimObject } from '../../sim/object.ts';
import type { Task } from '../../sim/task.ts';
import { Struct } from '../struct.ts';
import type { KernelMemory } from '../tracking.ts';
import { RcuHead } from '../kernel/rcu/rcu_head.ts';
import { Spinlock } from '../kernel/locking/spinlock.ts';
import { WaitQueueHead } from '../kernel/sched/wait.ts';
import type { Timer } from '../kernel/time/timer.ts';
import type { MemCgroup } from '../mm/memcontrol.ts';
import type { HeldLock } from '../kernel/locking/lockdep.ts';
import type { BlockedOn } from '../kernel/sched/core.ts';
import type { StackEntry } from '../stack.ts';
import { Atomic } from './atomic.ts';
import { Refcount } from './refcount.ts';
import type { CallbackHead } from '../kernel/task_work.ts';
import type { FilesStruct } from './fdtable.ts';
import type { MmStruct } from './mm_types.ts';

export {
  TASK_RUNNING,
  TASK_INTERRUPTIBLE,
  TASK_UNINTERRUPTIBLE,
  TASK_WAKEKILL,
  TASK_NOLOAD,
  TASK_RTLOCK_WAIT,
  TASK_KILLABLE,
  TASK_IDLE,
  TASK_NORMAL,
  TASK_STOPPED,
  __TASK_STOPPED,
  EXIT_DEAD,
  EXIT_ZOMBIE,
} from './task_state.ts';

/** Bits of `task->flags`. Written by the task itself only. */
export const PF_EXITING = 0x00000004;
export const PF_SIGNALED = 0x00000400;
export const PF_MEMALLOC = 0x00000800;
export const PF_KTHREAD = 0x00200000;

/** Bits of `signal->flags`. */
export const SIGNAL_STOP_STOPPED = 0x00000001;
export const SIGNAL_STOP_CONTINUED = 0x00000002;
export const SIGNAL_GROUP_EXIT = 0x00000004;
export const SIGNAL_CLD_STOPPED = 0x00000010;
export const SIGNAL_CLD_CONTINUED = 0x00000020;

/** Bits of `task->jobctl`; the signal that stops the task is in the lowest 16. */
export const JOBCTL_STOP_SIGMASK = 0xffff;
export const JOBCTL_STOP_DEQUEUED = 1 << 16;
export const JOBCTL_STOP_PENDING = 1 << 17;
export const JOBCTL_STOP_CONSUME = 1 << 18;

/** Bits of `thread_info.flags`. */
export const TIF_NOTIFY_RESUME = 1;
export const TIF_SIGPENDING = 2;
export const TIF_NEED_RESCHED = 3;
export const TIF_MEMDIE = 18;

/** struct signal_struct - what the threads of a process share. */
export class SignalStruct extends Struct {
  /** The mm that the OOM killer marked, pinned by mm_count. Set once, by cmpxchg. */
  readonly oom_mm = this.field<MmStruct | null>('oom_mm', null);
  /** SIGNAL_GROUP_EXIT and friends. */
  readonly flags = this.field('flags', 0);
  readonly group_exit_code = this.field('group_exit_code', 0);
  readonly oom_score_adj = this.field('oom_score_adj', 0);
  /** Threads that are not dead yet. */
  readonly live = new Atomic('live', 1, this.memory);
  /** sighand->siglock: guards pending signals and the flags here. */
  readonly siglock = new Spinlock('&sighand->siglock', this.memory);
  /** Signals for the process as a whole, one bit each (bit n-1 for signal n). Under siglock. */
  readonly shared_pending = this.field('shared_pending', 0);
  /** Where wait4() waits for children. */
  readonly wait_chldexit = new WaitQueueHead('&sig->wait_chldexit', this.memory);
  /** Signals with a handler in user space, or ignored. What is in neither has its default action. */
  readonly handled = new Set<number>();
  readonly ignored = new Set<number>();
  /** All threads of the group, leader first. Changes under tasklist_lock and siglock; read under RCU. */
  readonly thread_head = this.field<readonly TaskStruct[]>('thread_head', []);
  /** References: one per thread that is not released. */
  readonly sigcnt = new Refcount('sigcnt', 1, this.memory);
  /** pids[PIDTYPE_PGID] and pids[PIDTYPE_SID], as numbers; 0 outside of sessions. Under tasklist_lock. */
  readonly pgrp = this.field('pids[PIDTYPE_PGID]', 0);
  readonly session = this.field('pids[PIDTYPE_SID]', 0);
  /** Threads that have still to stop before the group has. Under siglock. */
  readonly group_stop_count = this.field('group_stop_count', 0);

  /** (plain) */
  get threads(): readonly TaskStruct[] {
    return this.thread_head.value;
  }
}

/** The run state of a task. To others, a sleep shows as what it waits for, and for whom, where the task told. */
class RunState extends Cell<number> {
  constructor(private readonly task: TaskStruct) {
    super(TASK_RUNNING, '__state', task.memory);
  }

  override get name(): string {
    return this.task.waits_for?.name ?? super.name;
  }

  override holders(): readonly Task[] {
    return this.task.waits_for?.holders() ?? super.holders();
  }
}

/**
 * struct task_struct - a thread. Fields that only the thread itself touches are plain; what others can see
 * is a field of the machine.
 */
export class TaskStruct extends Struct {
  /** The machine's side of the task. Set when the task is started. */
  thread!: Task;

  pid = 0;
  tgid = 0;
  ppid = 0;
  comm = '';
  signal!: SignalStruct;

  /** Run state; written by the task before it sleeps and by whoever wakes it. */
  readonly __state: Cell<number> = new RunState(this);
  /** Protected by task_lock() against change by exit_mm() and exec. */
  readonly mm = this.field<MmStruct | null>('mm', null);
  /** What its signals hang on; null once the task is released. Under siglock, read under RCU. */
  readonly sighand = this.field<SignalStruct | null>('sighand', null);
  /** PF_EXITING, as others see it. */
  readonly exiting = this.field('flags.PF_EXITING', false);
  /** TIF_* bits, set by anybody with atomic bit operations. */
  readonly thread_flags = this.field('thread_info.flags', 0);
  /** Pending signals, one bit each (bit n-1 for signal n). Protected by sighand->siglock. */
  readonly pending = this.field('pending', 0);
  readonly exit_state = this.field('exit_state', 0);
  /** References to the struct: all of rcu_users together hold one, others come by get_task_struct(). */
  readonly usage = new Refcount('usage', 1, this.memory);
  /** One for the scheduler until the last switch, one for user space until the parent took note. */
  readonly rcu_users = new Refcount('rcu_users', 2, this.memory);
  readonly rcu = new RcuHead(this.memory, 'rcu.', this);
  /** task_lock(): guards mm against exit_mm(). */
  readonly alloc_lock = new Spinlock('&p->alloc_lock', this.memory);
  /** Next on oom_reaper_list; under oom_reaper_lock. */
  readonly oom_reaper_list = this.field<TaskStruct | null>('oom_reaper_list', null);
  oom_reaper_timer: Timer | null = null;
  /** Work for the way back to user space, last added first; null once the task takes no more. */
  readonly task_works = this.field<readonly CallbackHead[] | null>('task_works', []);
  /** The parent, which is told of the end. Under tasklist_lock. */
  readonly real_parent = this.field<TaskStruct | null>('real_parent', null);
  /** Under tasklist_lock. */
  readonly children = this.field<readonly TaskStruct[]>('children', []);
  /** The mm whose page tables are in use: that of the task, or one borrowed by a kernel thread. */
  active_mm: MmStruct | null = null;
  /** The memory cgroup; changes when the task is moved. */
  readonly memcg = this.field<MemCgroup | null>('memcg', null);

  /** PF_* bits. */
  flags = 0;
  /** As `preempt_count()`: preempt_disable() depth in bits 0-7, softirq in 8-15, hardirq in 16-19. */
  preempt_count = 0;
  /** Depth of local_irq_disable() nesting as far as it really disables (never by spin_lock_irq on RT). */
  irqs_disabled = 0;
  /** migrate_disable() depth. */
  migration_disabled = 0;
  /** rcu_read_lock() depth (PREEMPT_RCU). */
  rcu_read_lock_nesting = 0;
  /** The same whatever is configured. */
  rcu_sections = 0;
  /** non_block_start() depth; exists with DEBUG_ATOMIC_SLEEP only. */
  non_block_count = 0;
  /** While the task sleeps for something that certain others bring about: what that is, for reports. */
  waits_for: SimObject | null = null;
  /** What set_current_state() wrote last: how a sleep of the task may be ended. */
  sleep_state = TASK_RUNNING;
  /** While the task waits for a lock: how it shows to others (sched/core.ts). */
  blocked: BlockedOn | null = null;
  /** When __state was last set to TASK_RUNNING by a waker. Goes with `__state`. */
  woken_at = 0;
  /** The CPU that the task is bound to, or null. */
  bound_cpu: number | null = null;
  /** local_bh_disable() depth with PREEMPT_RT, where preempt_count does not count it. */
  softirq_disable_cnt = 0;
  /** Handling of soft and hard interrupts under way, as lockdep counts it. */
  softirq_context = 0;
  hardirq_context = 0;
  /** Where preemption was disabled last, for DEBUG_PREEMPT. */
  preempt_disable_ip: StackEntry | null = null;
  /** The locks held, as lockdep sees it, outermost first. */
  readonly held_locks: HeldLock[] = [];
  /** User-space registers exist: dumps of this task end with them. Kernel threads have none. */
  user = false;
  /** The stack; null until something looks at it or kernel/thread_stack.ts allocates it. */
  stack: KernelMemory | null = null;
  /** Switches, for the hung-task detector: nvcsw + nivcsw. */
  switch_count = 0;
  last_switch_count = 0;
  /** Virtual time of the last switch (ns), for the hung-task report's seconds. */
  last_switch_time = 0;
  exit_code = 0;
  /** Open files. Set at fork; taken away by exit_files(). */
  files: FilesStruct | null = null;
  /** When it was made (ns since boot). */
  start_time = 0;
  /** /proc/<pid>/make-it-fail: fault injection with a task filter strikes here. */
  make_it_fail = false;
  /** The words that it was called with, which lie on its stack: /proc/<pid>/cmdline. */
  arg_words: readonly string[] = [];
  /** The working directory (fs_struct, which no two processes share here). */
  pwd = '/';
  /** Signals whose handlers the program is to run next, oldest first. */
  readonly delivered: number[] = [];
  /** JOBCTL_* bits: how far the task is with stopping. Under siglock. */
  readonly jobctl = this.field('jobctl', 0);
  /** The user that the task acts for: 0 is root. Inherited; changed by the task itself only. */
  uid = 0;
  /** How a system call that a signal cut short goes on, where calling it again would be wrong. */
  restart_block: (() => Call<unknown>) | null = null;
  /** Number of the system call that the task is in (ORIG_RAX of dumps), -1 in a fault or in user code. */
  orig_ax = -1;

  /** All plain fields that can make a difference to what the task does: no times, no statistics, no names. */
  get plainFields(): readonly unknown[] {
    const { flags, preempt_count, irqs_disabled, migration_disabled, softirq_disable_cnt } = this;
    const { rcu_read_lock_nesting, rcu_sections, non_block_count, softirq_context, hardirq_context } = this;
    const { sleep_state, exit_code, user, uid, make_it_fail, orig_ax } = this;
    const { active_mm, files, stack, restart_block, delivered, bound_cpu } = this;
    return [
      ...[flags, preempt_count, irqs_disabled, migration_disabled, softirq_disable_cnt],
      ...[rcu_read_lock_nesting, rcu_sections, non_block_count, softirq_context, hardirq_context],
      ...[sleep_state, exit_code, user, uid, make_it_fail, orig_ax],
      ...[active_mm, files, stack, restart_block, delivered, bound_cpu],
    ];
  }
}

/** The thread that runs. Throws during boot, where the C would see init_task. */
export function current(): TaskStruct {
  return runningTask().context as TaskStruct;
}

/** The thread that runs, or null where none does. */
export function currentOrNull(): TaskStruct | null {
  return (runningTaskOrNull()?.context ?? null) as TaskStruct | null;
}
