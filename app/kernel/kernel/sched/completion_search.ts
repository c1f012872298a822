import { Cell } from '../../../sim/cell.ts';
import type { Ns } from '../../../base/brand.ts';
import type { Body } from '../../../sim/call.ts';
import { Delay } from '../../../sim/delay.ts';
import { BlockingEffect, Effect, type Operation } from '../../../sim/operation.ts';
import type { Task } from '../../../sim/task.ts';
import {
  current,
  TASK_INTERRUPTIBLE,
  TASK_WAKEKILL,
  TIF_SIGPENDING,
  type TaskStruct,
} from '../../include/sched.ts';
import { config, kernel } from '../../kernel.ts';
import { SIGKILL_MASK } from '../locking/mutex.ts';
import { tickTime, timed, wheelExpiry, jiffies } from '../time/jiffies.ts';
import { block, MAX_SCHEDULE_TIMEOUT, unblock } from './core.ts';

// Everything about a completion happens under its lock, and a waiter goes on when it is done, whether it came first
// and had to be woken or not. So in a search complete() is one operation, and a wait is one: nothing can be noticed
// between the parts, and nobody has to search the orders of a waiter and of what it waits for. With lockdep, which
// wants to see the lock, it is as in a timed run.

export const UINT_MAX = 0xffffffff;

export const inOneGo = (): boolean =>
  !timed() && !config().PROVE_LOCKING && !kernel().searchDetail.completions;

/** How many may pass. Shows as what the waiter waits for, and for whom, where it told. */
export class Done extends Cell<number> {
  private waiter: TaskStruct | null = null;

  override get name(): string {
    return this.waiter?.waits_for?.name ?? super.name;
  }

  override holders(): readonly Task[] {
    return this.waiter?.waits_for?.holders() ?? super.holders();
  }

  /** So many more may pass. */
  raise(by: number): Operation<void> {
    return new Effect<void>('rmw', this, 'write', () => {
      this.value = this.value === UINT_MAX ? UINT_MAX : Math.min(this.value + by, UINT_MAX);
    });
  }

  /** Waits in `state` for at most `timeout` ticks. True: passed; false: a signal came, or the time ran out. */
  *pass(state: number, timeout: number): Body<boolean> {
    const me = current();
    this.waiter = me;
    block({ state, frames: SLEEPING });
    const passed = yield* timeout === MAX_SCHEDULE_TIMEOUT
      ? this.passing(state, me)
      : new Timeout(this, timeout);
    unblock();
    return passed;
  }

  private passing(state: number, me: TaskStruct): Operation<boolean> {
    const cell =
      (state & TASK_INTERRUPTIBLE) !== 0
        ? me.thread_flags
        : (state & TASK_WAKEKILL) !== 0
          ? me.pending
          : null;
    const bits = cell === me.thread_flags ? 1 << TIF_SIGPENDING : SIGKILL_MASK;
    return new BlockingEffect(
      'wait',
      this,
      'write',
      () => this.value !== 0 || (cell !== null && (cell.value & bits) !== 0),
      () => this.take(),
      cell,
    );
  }

  /** One may pass less, if any may. */
  take(): boolean {
    if (this.value === 0) return false;
    if (this.value !== UINT_MAX) this.value--;
    return true;
  }
}

const SLEEPING = ['__schedule', 'schedule', 'schedule_timeout'];

/** The end of a wait that does not last longer than some ticks; in a search any moment may be that one. */
class Timeout extends Delay<boolean> {
  constructor(
    private readonly done: Done,
    ticks: number,
  ) {
    super(done, momentIn(ticks), 'write');
  }

  override execute(): boolean {
    return this.done.take();
  }
}

const momentIn = (ticks: number): Ns => tickTime(wheelExpiry(jiffies() + ticks, jiffies()));
