import type { Ns } from '../../base/brand.ts';
import { Delay } from '../../sim/delay.ts';
import { runningTask } from '../../sim/machine-in-force.ts';
import { BlockingEffect } from '../../sim/operation.ts';
import {
  TaskStruct,
  TASK_INTERRUPTIBLE,
  TASK_NOLOAD,
  TASK_UNINTERRUPTIBLE,
  TASK_WAKEKILL,
} from '../include/sched.ts';
import { config, kernel } from '../kernel.ts';
import { kernelGlobal } from '../globals.ts';
import { kfunc } from '../kfunc.ts';
import { show_stack, VERSION_WORD } from '../lib/dump_stack.ts';
import { pr_err, pr_info } from '../printk.ts';
import { printsNew } from '../report/wording.ts';
import { trace_event } from '../trace-events.ts';
import { kthread_at_boot } from './kthread.ts';
import { debug_show_all_locks } from './locking/lockdep.ts';
import { Mutex } from './locking/mutex.ts';
import { RwSemaphore } from './locking/rwsem.ts';
import { panic, print_tainted, test_taint } from './panic.ts';
import { panic_sysctl } from './panic_sysctl.ts';
import { blocked_frames, task_state } from './sched/core.ts';
import { set_sysctl, sysctl, sysctl_table } from './sysctl.ts';
import { jiffies, jiffiesAt, tickTime, wheelExpiry } from './time/jiffies.ts';
import { print_worker_info } from './workqueue.ts';

const TIMEOUT = 'kernel.hung_task_timeout_secs';
const DEFAULT_TIMEOUT_SECS = 120;
const DEFAULT_WARNINGS = 10;

/** How many reports are left. */
const sysctl_hung_task_warnings = kernelGlobal('sysctl_hung_task_warnings', () => ({
  left: null as number | null,
}));

const timeoutSecs = (): number => sysctl(TIMEOUT, DEFAULT_TIMEOUT_SECS);

function warningsLeft(): number {
  return sysctl_hung_task_warnings().left ?? sysctl('kernel.hung_task_warnings', DEFAULT_WARNINGS);
}

/** Sleeps until the next check; a change of the timeout moves it. For ever while the timeout is 0. */
class UntilNextCheck extends Delay {
  // Schedulers ask when it is due from outside of the machine.
  private readonly settings = kernel().sysctl;
  private readonly hz = config().HZ;

  constructor(private readonly lastChecked: number) {
    super(sysctl_table(), 0 as Ns);
  }

  private get timeout(): number {
    return this.settings.get(TIMEOUT) ?? DEFAULT_TIMEOUT_SECS;
  }

  override enabled(): boolean {
    return this.timeout > 0;
  }

  override get due(): Ns {
    const { lastChecked, hz } = this;
    return tickTime(wheelExpiry(lastChecked + this.timeout * hz, lastChecked), hz);
  }
}

/**
 * watchdog() - khungtaskd: looks for tasks in state D that have not run since the last look.
 *
 * Context: its own thread, in timed runs only: a search has no time that could be too long, it ends in a deadlock.
 * Models: kernel/hung_task.c. Once nobody else can run any more and there is nothing left to report, it waits for
 * ever instead of looking again, so that the run can come to its end.
 */
const watchdog = kfunc('watchdog', function* () {
  for (;;) {
    yield* new UntilNextCheck(jiffies());
    const hung = check_hung_uninterruptible_tasks(timeoutSecs());
    const { machine, attended } = kernel();
    const alone = !attended && machine.enabled.every((task) => task === runningTask());
    if (alone && (!hung || warningsLeft() === 0)) yield* forever();
  }
});

function forever(): BlockingEffect<void> {
  return new BlockingEffect<void>(
    'wait',
    sysctl_table(),
    'read',
    () => false,
    () => {},
  );
}

/** Looks at all tasks; true if there is one that may have to be reported, now or at the next look. */
function check_hung_uninterruptible_tasks(timeout: number): boolean {
  if (test_taint('D')) return false;
  let candidates = false;
  let reported = false;
  for (const task of allTasks()) {
    const state = task_state(task);
    if ((state & TASK_UNINTERRUPTIBLE) === 0 || (state & (TASK_WAKEKILL | TASK_NOLOAD)) !== 0) continue;
    candidates = true;
    if (check_hung_task(task, timeout)) reported = true;
  }
  if (reported) debug_show_all_locks();
  if (reported && panicWanted()) panic('hung_task: blocked tasks');
  return candidates;
}

/** Those that are there, processes before their threads and each before its children, as it was forked. */
function* allTasks(): Generator<TaskStruct, void> {
  for (const { context, state } of kernel().machine.tasks) {
    if (context instanceof TaskStruct && state !== 'ended') yield context;
  }
}

const panicWanted = (): boolean => panic_sysctl('kernel.hung_task_panic') > 0;

/** Return: whether it was reported. */
function check_hung_task(task: TaskStruct, timeout: number): boolean {
  const now = jiffies();
  if (task.switch_count === 0) return false;
  if (task.switch_count !== task.last_switch_count) {
    task.last_switch_count = task.switch_count;
    task.last_switch_time = kernel().machine.now;
    return false;
  }
  const since = jiffiesAt(task.last_switch_time as Ns);
  const { HZ } = config();
  if (since + timeout * HZ > now) return false;
  trace_event('sched', 'sched_process_hang', () => `comm=${task.comm} pid=${task.pid}`);
  const left = warningsLeft();
  if (left === 0 && !panicWanted()) return false;
  if (left > 0) sysctl_hung_task_warnings().left = left - 1;
  pr_err(
    `INFO: task ${task.comm}:${task.pid} blocked for more than ${Math.floor((now - since) / HZ)} seconds.`,
  );
  pr_err(`      ${print_tainted()} ${kernel().tree.release} ${VERSION_WORD}`);
  pr_err('"echo 0 > /proc/sys/kernel/hung_task_timeout_secs" disables this message.');
  sched_show_task(task);
  if (printsNew('hungTaskOwner')) debug_show_blocker(task);
  if (left === 1) {
    pr_info('Future hung task reports are suppressed, see sysctl kernel.hung_task_warnings');
  }
  return true;
}

/** debug_show_blocker() - who has the mutex or rw_semaphore that a hung task waits for (DETECT_HUNG_TASK_BLOCKER). */
function debug_show_blocker(task: TaskStruct): void {
  const lock = task.thread.pending?.object;
  if (!(lock instanceof Mutex) && !(lock instanceof RwSemaphore)) return;
  const kind = lock instanceof Mutex ? 'a mutex' : 'an rw-semaphore';
  const holder = lock.holders().at(0)?.context ?? null;
  const who = `${task.comm}:${task.pid}`;
  if (!(holder instanceof TaskStruct)) {
    pr_err(`INFO: task ${who} is blocked on ${kind}, but the owner is not found.`);
  } else if (lock instanceof Mutex) {
    pr_err(`INFO: task ${who} is blocked on a mutex likely owned by task ${holder.comm}:${holder.pid}.`);
  } else {
    const reads = blocked_frames(task).some((name) => /_read_(?:slowpath|lock)/.test(name));
    const as = reads ? 'reader' : 'writer';
    const by = lock.writer === null ? 'reader' : 'writer';
    const owner = `${holder.comm}:${holder.pid} <${by}>`;
    pr_err(`INFO: task ${who} <${as}> blocked on an rw-semaphore likely owned by task ${owner}`);
  }
}

/** TIF_NOTIFY_RESUME and TIF_NEED_FPU_LOAD: set in every user task that was switched away from. */
const USER_TASK_FLAGS = 0x4002;

/** sched_show_task() - what a task is and where it stands. */
export function sched_show_task(task: TaskStruct): void {
  const flags = task.thread_flags.value | (task.user ? USER_TASK_FLAGS : TIF_NEED_FPU_LOAD);
  const ppid = task.real_parent.value?.pid ?? task.ppid;
  pr_info(
    `task:${task.comm.slice(0, 15).padEnd(15)} state:${stateChar(task_state(task))} stack:0     ` +
      `pid:${column(task.pid, 5)} tgid:${column(task.tgid, 5)} ppid:${column(ppid, 6)} ` +
      `flags:0x${flags.toString(16).padStart(8, '0')}`,
  );
  print_worker_info(task);
  show_stack(task, blocked_frames(task));
}

const TIF_NEED_FPU_LOAD = 0x4000;

const column = (value: number, width: number): string => String(value).padEnd(width);

/** As in `ps`: R running, S interruptible, D uninterruptible, I idle. */
function stateChar(state: number): string {
  if ((state & TASK_UNINTERRUPTIBLE) !== 0) return (state & TASK_NOLOAD) !== 0 ? 'I' : 'D';
  return (state & TASK_INTERRUPTIBLE) !== 0 ? 'S' : 'R';
}

/** Starts khungtaskd. */
export function hung_task_init(): void {
  kthread_at_boot(() => watchdog(), 'khungtaskd');
}

/** Writing to /proc/sys/kernel/hung_task_timeout_secs. */
export const set_hung_task_timeout_secs = (seconds: number): ReturnType<typeof set_sysctl> =>
  set_sysctl(TIMEOUT, seconds);
