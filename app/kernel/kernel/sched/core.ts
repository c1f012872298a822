import type { Ns } from '../../../base/brand.ts';
import type { Body } from '../../../sim/call.ts';
import { Delay } from '../../../sim/delay.ts';
import { machineInForce, runningTask } from '../../../sim/machine-in-force.ts';
import { BlockingEffect, Effect, Operation, type Ordering } from '../../../sim/operation.ts';
import { __might_resched, schedule_debug } from '../../checkers/atomic_sleep.ts';
import {
  current,
  TASK_IDLE,
  TASK_INTERRUPTIBLE,
  TASK_KILLABLE,
  TASK_NORMAL,
  TASK_RUNNING,
  TASK_UNINTERRUPTIBLE,
  TASK_WAKEKILL,
  TIF_SIGPENDING,
  type TaskStruct,
} from '../../include/sched.ts';
import { kernelGlobal } from '../../globals.ts';
import { config, kernel } from '../../kernel.ts';
import { kfunc } from '../../kfunc.ts';
import { callingFunction, thisFunction } from '../../stack.ts';
import { lockdep_hardirqs_on, lockdep_softirqs_on } from '../locking/lockdep.ts';
import { rt_spin_lock, rt_spin_unlock, Spinlock } from '../locking/spinlock.ts';
import { rcu_read_lock, rcu_read_unlock } from '../rcu/tree.ts';
import { jiffies, tickTime, timed, wheelExpiry } from '../time/jiffies.ts';

export { sched_show_task, task_state_to_char } from './show_task.ts';

/** How a task that waits for a lock shows to others. */
export interface BlockedOn {
  /** As if in `__state`. */
  readonly state: number;
  /** The functions between the lock function and the switch to another task, innermost first. */
  readonly frames: readonly string[];
}

// --- context of the running task ----------------------------------------------------------------

const PREEMPT_MASK = 0x000000ff;
const SOFTIRQ_MASK = 0x0000ff00;
const HARDIRQ_MASK = 0x000f0000;
const SOFTIRQ_OFFSET = 0x100;
const SOFTIRQ_DISABLE_OFFSET = 2 * SOFTIRQ_OFFSET;
const HARDIRQ_OFFSET = 0x10000;

export const preempt_count = (): number => current().preempt_count;
export const in_atomic = (): boolean => current().preempt_count !== 0;
export const irqs_disabled = (): boolean => current().irqs_disabled > 0;
export const preemptible = (): boolean => !in_atomic() && !irqs_disabled();
export const in_hardirq = (): boolean => (current().preempt_count & HARDIRQ_MASK) !== 0;
/** Softirqs are being handled, or are switched off. */
export const in_softirq = (): boolean =>
  config().PREEMPT_RT ? current().softirq_disable_cnt > 0 : (current().preempt_count & SOFTIRQ_MASK) !== 0;
export const in_interrupt = (): boolean => in_hardirq() || in_softirq();
/** Neither in an interrupt nor in a softirq. */
export const in_task = (): boolean => !in_hardirq() && current().softirq_context === 0;
export const rcu_preempt_depth = (): number => current().rcu_read_lock_nesting;

/** The CPU that the task is on. Means something only while it cannot move. */
export const smp_processor_id = (): number => runningTask().cpu % kernel().cpus;

/** Tells the machine's scheduler what the task keeps away from its CPU, and where it must stay. */
export function updateStanding(task: TaskStruct): void {
  const { standing, cpu } = task.thread;
  const count = task.preempt_count;
  if (task.irqs_disabled > 0 || (count & HARDIRQ_MASK) !== 0) standing.shield = 2;
  else if ((count & SOFTIRQ_MASK) !== 0) standing.shield = 1;
  else standing.shield = (count & PREEMPT_MASK) !== 0 ? 0 : -1;
  standing.pinnedTo = standing.shield >= 0 || task.migration_disabled > 0 ? cpu : task.bound_cpu;
}

function preempt_count_add(amount: number): void {
  const me = current();
  if (me.preempt_count === 0 && config().DEBUG_PREEMPT) notePreemptDisabled(me);
  me.preempt_count += amount;
  updateStanding(me);
}

function preempt_count_sub(amount: number): void {
  const me = current();
  me.preempt_count -= amount;
  updateStanding(me);
}

function notePreemptDisabled(me: TaskStruct): void {
  const here = thisFunction(me.thread);
  me.preempt_disable_ip = here.symbol.startsWith('_raw_') ? callingFunction(me.thread) : here;
}

export const preempt_disable = (): void => preempt_count_add(1);
export const preempt_enable = (): void => preempt_count_sub(1);

export function migrate_disable(): void {
  const me = current();
  me.migration_disabled++;
  updateStanding(me);
}

export function migrate_enable(): void {
  const me = current();
  me.migration_disabled--;
  updateStanding(me);
}

export function local_irq_disable(): void {
  const me = current();
  me.irqs_disabled = 1;
  updateStanding(me);
}

export function local_irq_enable(): void {
  const me = current();
  const was = me.irqs_disabled;
  me.irqs_disabled = 0;
  updateStanding(me);
  if (was > 0) lockdep_hardirqs_on();
}

/** The result goes to local_irq_restore(). */
export function local_irq_save(): number {
  const flags = current().irqs_disabled;
  local_irq_disable();
  return flags;
}

export function local_irq_restore(flags: number): void {
  if (flags === 0) local_irq_enable();
}

/** The handling of a hard interrupt begins: the task stands for the interrupt. */
export function irq_enter(): void {
  preempt_count_add(HARDIRQ_OFFSET);
  const me = current();
  me.hardirq_context++;
  local_irq_disable();
}

export function irq_exit(): void {
  const me = current();
  me.hardirq_context--;
  preempt_count_sub(HARDIRQ_OFFSET);
  me.irqs_disabled = 0;
  updateStanding(me);
}

/** The handling of soft interrupts begins. On PREEMPT_RT call local_bh_disable() before. */
export function softirq_handle_begin(): void {
  if (!config().PREEMPT_RT) preempt_count_add(SOFTIRQ_OFFSET);
  current().softirq_context++;
}

export function softirq_handle_end(): void {
  current().softirq_context--;
  if (!config().PREEMPT_RT) preempt_count_sub(SOFTIRQ_OFFSET);
}

// --- bottom halves ------------------------------------------------------------------------------

const softirq_ctrl = kernelGlobal('softirq_ctrl', () =>
  Array.from({ length: kernel().cpus }, () => new Spinlock('(softirq_ctrl.lock)')),
);

/**
 * __local_bh_disable_ip() - keep soft interrupts from this CPU.
 *
 * Context: any task. On PREEMPT_RT takes a lock of the CPU, so it may sleep, and preempt_count stays.
 * Models: kernel/softirq.c.
 */
const __local_bh_disable_ip = kfunc('__local_bh_disable_ip', function* () {
  const me = current();
  if (config().PREEMPT_RT) {
    if (me.softirq_disable_cnt === 0 && preemptible()) {
      migrate_disable();
      yield* rt_spin_lock(softirq_ctrl()[smp_processor_id()]);
      yield* rcu_read_lock();
    }
    me.softirq_disable_cnt++;
  } else {
    preempt_count_add(SOFTIRQ_DISABLE_OFFSET);
  }
});

const __local_bh_enable_ip = kfunc('__local_bh_enable_ip', function* () {
  const me = current();
  if (config().PREEMPT_RT) {
    me.softirq_disable_cnt--;
    if (me.softirq_disable_cnt > 0) return;
    lockdep_softirqs_on();
    if (!preemptible()) return;
    yield* rcu_read_unlock();
    yield* rt_spin_unlock(softirq_ctrl()[smp_processor_id()]);
    migrate_enable();
  } else {
    preempt_count_sub(SOFTIRQ_DISABLE_OFFSET);
    if ((me.preempt_count & SOFTIRQ_MASK) === 0) lockdep_softirqs_on();
  }
});

export const local_bh_disable = __local_bh_disable_ip;
export const local_bh_enable = __local_bh_enable_ip;

// --- may this sleep? ----------------------------------------------------------------------------

/** might_sleep() - complains where the caller must not sleep. `file:line` is its place in the C. */
export function might_sleep(file: string, line: number): void {
  if (config().DEBUG_ATOMIC_SLEEP) __might_resched(file, line, 0);
}

export function might_sleep_if(condition: boolean, file: string, line: number): void {
  if (condition) might_sleep(file, line);
}

/** What rt_spin_lock() and friends check: they may be taken inside of RCU readers. */
export function rtlock_might_resched(file: string, line: number): void {
  if (config().DEBUG_ATOMIC_SLEEP) __might_resched(file, line, rcu_preempt_depth() << 8);
}

/** non_block_start() - from here the task should not wait for anything unbounded. Forbids nothing by itself. */
export function non_block_start(): void {
  if (config().DEBUG_ATOMIC_SLEEP) current().non_block_count++;
}

export function non_block_end(): void {
  if (config().DEBUG_ATOMIC_SLEEP) current().non_block_count--;
}

/** cond_resched() - let others run. All that is visible of it is the check: tasks are preempted anywhere. */
export function* cond_resched(file = 'include/linux/sched.h', line = 2085): Body<void> {
  if (config().DEBUG_ATOMIC_SLEEP) __might_resched(file, line, 0);
}

// --- sleeping and waking ------------------------------------------------------------------------

/** set_current_state() - a barrier comes with it: what is read after it was not written before. */
export function* set_current_state(state: number): Body<void> {
  const me = current();
  me.sleep_state = state;
  yield* state === TASK_RUNNING ? new MakeRunnable('write', me, ~0) : me.__state.store(state, 'full');
}
/**
 * The task goes on: it says so itself, or somebody wakes it from one of the states of `from` without asking whether it
 * slept. Whoever is first, the task is runnable afterwards, so these commute.
 */
class MakeRunnable extends Operation<void> {
  constructor(
    kind: 'write' | 'rmw',
    private readonly task: TaskStruct,
    private readonly from: number,
  ) {
    super(kind, task.__state, 'share');
  }

  override get ordering(): Ordering {
    return 'full';
  }

  override execute(): void {
    const { __state } = this.task;
    if ((__state.value & this.from) === 0) return;
    __state.value = TASK_RUNNING;
    if (this.from !== ~0) this.task.woken_at = machineInForce().now;
  }
}

/** Without the barrier. The model has no weaker order than that of operations. */
export const __set_current_state = set_current_state;

const SIGKILL_BIT = 1 << 8;

/** May a signal end a sleep in `state`? Looks at the flags that senders set before they wake. */
function signal_pending_state(state: number, me: TaskStruct): boolean {
  if ((state & TASK_INTERRUPTIBLE) !== 0) return (me.thread_flags.value & (1 << TIF_SIGPENDING)) !== 0;
  if ((state & TASK_WAKEKILL) !== 0) return (me.pending.value & SIGKILL_BIT) !== 0;
  return false;
}

/** The cell that signal_pending_state() looks at. */
const signalCell = (state: number, me: TaskStruct) =>
  (state & TASK_INTERRUPTIBLE) !== 0 ? me.thread_flags : me.pending;

/** Sleeps until woken, or until a moment of time, whichever is first. */
class SleepUntil extends Delay<boolean> {
  constructor(
    private readonly me: TaskStruct,
    deadline: Ns,
  ) {
    super(me.__state, deadline, 'write');
  }

  override get due(): Ns {
    return this.me.__state.value === TASK_RUNNING ? (this.me.woken_at as Ns) : super.due;
  }

  /** The timer's part, where nobody was faster: process_timeout() wakes the task. The result: was anybody faster? */
  override execute(): boolean {
    const woken = this.me.__state.value === TASK_RUNNING;
    this.me.__state.value = TASK_RUNNING;
    return woken;
  }
}

/**
 * __schedule() - let others run until somebody makes the task runnable again.
 *
 * Context: the task has said in `__state` what it waits as; TASK_RUNNING comes back at once.
 * Return: true if somebody woke the task, false if the deadline did.
 * Models: kernel/sched/core.c; a signal that is there already keeps an interruptible task awake.
 */
const __schedule = kfunc('__schedule', function* (deadline: Ns | null) {
  const me = current();
  schedule_debug();
  const state = me.sleep_state;
  if ((state & (TASK_INTERRUPTIBLE | TASK_WAKEKILL)) !== 0) {
    yield* new Effect(
      'rmw',
      me.__state,
      'write',
      () => {
        if (signal_pending_state(me.__state.value, me)) {
          me.__state.value = TASK_RUNNING;
          me.woken_at = machineInForce().now;
        }
      },
      signalCell(state, me),
    );
  }
  me.switch_count++;
  let woken = true;
  if (deadline !== null) {
    woken = yield* new SleepUntil(me, deadline);
  } else {
    yield* new BlockingEffect<void>(
      'wait',
      me.__state,
      'read',
      () => me.__state.value === TASK_RUNNING,
      () => {},
    );
  }
  me.sleep_state = TASK_RUNNING;
  return woken;
});

/** schedule() - sleep in the state that was set before. Return: false if the deadline ended the sleep. */
export const schedule = kfunc('schedule', function* (deadline: Ns | null = null) {
  return yield* __schedule(deadline);
});

export const MAX_SCHEDULE_TIMEOUT = Infinity;

/**
 * schedule_timeout() - sleep in the state that was set before, for so many ticks at most.
 *
 * Return: the ticks that were left, 0 if the time ran out. A search takes it that no time passes while others act.
 * Models: kernel/time/timer.c: a timer never fires early, so at least a part of a tick is added.
 */
export const schedule_timeout = kfunc('schedule_timeout', function* (timeout: number) {
  if (timeout === MAX_SCHEDULE_TIMEOUT) {
    yield* schedule();
    return timeout;
  }
  const now = jiffies();
  const expire = now + timeout;
  const woken = yield* schedule(tickTime(wheelExpiry(expire, now)));
  if (!timed()) return woken ? timeout : 0;
  return Math.max(0, expire - jiffies());
});

export const schedule_timeout_interruptible = kfunc(
  'schedule_timeout_interruptible',
  function* (timeout: number) {
    yield* __set_current_state(TASK_INTERRUPTIBLE);
    return yield* schedule_timeout(timeout);
  },
);

export const schedule_timeout_killable = kfunc('schedule_timeout_killable', function* (timeout: number) {
  yield* __set_current_state(TASK_KILLABLE);
  return yield* schedule_timeout(timeout);
});

export const schedule_timeout_uninterruptible = kfunc(
  'schedule_timeout_uninterruptible',
  function* (timeout: number) {
    yield* __set_current_state(TASK_UNINTERRUPTIBLE);
    return yield* schedule_timeout(timeout);
  },
);

export const schedule_timeout_idle = kfunc('schedule_timeout_idle', function* (timeout: number) {
  yield* __set_current_state(TASK_IDLE);
  return yield* schedule_timeout(timeout);
});

/**
 * try_to_wake_up() - make a task runnable if it sleeps in one of the states of `state`.
 *
 * Context: any. Return: true if it slept.
 */
export const try_to_wake_up = kfunc('try_to_wake_up', function* (p: TaskStruct, state: number) {
  return yield* new Effect('rmw', p.__state, 'write', () => {
    if ((p.__state.value & state) === 0) return false;
    p.__state.value = TASK_RUNNING;
    p.woken_at = machineInForce().now;
    return true;
  });
});

/** wake_up_process() for who does not ask whether the task slept. In a search such wake-ups commute. */
export function* wake_up_blindly(p: TaskStruct): Body<void> {
  if (timed()) yield* wake_up_process(p);
  else yield* new MakeRunnable('rmw', p, TASK_NORMAL);
}

export const wake_up_state = (p: TaskStruct, state: number): ReturnType<typeof try_to_wake_up> =>
  try_to_wake_up(p, state);
export const wake_up_process = (p: TaskStruct): ReturnType<typeof try_to_wake_up> =>
  try_to_wake_up(p, TASK_NORMAL);

// --- how a task shows to others -----------------------------------------------------------------

/** Marks that the next operation of the task may wait for a lock, in this way. Ended by `unblock()`. */
export function block(on: BlockedOn): void {
  const me = current();
  me.blocked = on;
  me.switch_count++;
}

export function unblock(): void {
  current().blocked = null;
}

/** The state of a task as `ps` and the hung-task detector see it. */
export function task_state(task: TaskStruct): number {
  return waitsForLock(task) ? (task.blocked?.state ?? TASK_RUNNING) : task.__state.value;
}

/** The functions in which a task waits for a lock, innermost first, which the model has no frames for. */
export function blocked_frames(task: TaskStruct): readonly string[] {
  return waitsForLock(task) ? (task.blocked?.frames ?? []) : [];
}

function waitsForLock(task: TaskStruct): boolean {
  return task.blocked !== null && task.thread.state === 'ready' && !task.thread.enabled;
}
