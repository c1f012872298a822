import type { Ns } from '../../../base/brand.ts';
import { READ_ONCE } from '../../include/rwonce.ts';
import type { Body, Call } from '../../../sim/call.ts';
import { Cell } from '../../../sim/cell.ts';
import { Delay } from '../../../sim/delay.ts';
import { machineInForce, runningTask } from '../../../sim/machine-in-force.ts';
import type { Memory } from '../../../sim/memory.ts';
import { BlockingEffect, Effect, type Operation } from '../../../sim/operation.ts';
import { spawn } from '../../../sim/spawn.ts';
import { kernel } from '../../kernel.ts';
import { kfunc } from '../../kfunc.ts';
import { Struct } from '../../struct.ts';
import { trace_event } from '../../trace-events.ts';
import { raise_timer_softirq } from '../softirq.ts';
import { jiffies, tickTime, timed, wheelExpiry } from './jiffies.ts';

export * from './jiffies.ts';

export type TimerFunction = (timer: Timer) => Call<void>;

/** What a timer's base knows of it; replaced as a whole. */
interface TimerState {
  /** When it fires; null while it is not pending. */
  readonly due: Ns | null;
  /** As the caller asked for, before the wheel rounded it. */
  readonly expires: number;
  /** The CPU that it was armed on. */
  readonly cpu: number;
  /** Counts armings. */
  readonly arming: number;
}

/** The variable that a timer's state stands in. */
export class TimerCell extends Cell<TimerState> {
  constructor(
    field: string,
    memory: Memory,
    /** Whose state it is, for those who watch. */
    readonly timer: Timer,
  ) {
    super({ due: null, expires: 0, cpu: 0, arming: 0 }, field, memory);
  }

  override snapshot(): TimerState {
    return this.value;
  }
}

/**
 * struct timer_list - calls a function once, as a soft interrupt, some ticks from now.
 *
 * Each timer has a carrier, a task that stands for the tick interrupt as far as this timer is concerned: it
 * waits until the timer is armed, then for its tick, then raises the soft interrupt of the timer's CPU. There is
 * no periodic tick, so a search sees nothing but the timers that are armed, each of which may fire at any time.
 */
export class Timer extends Struct {
  /** Changed under the lock of the timer's base in the C, hence in one go here. */
  readonly state = new TimerCell(`${this.path}entry`, this.memory, this);
  /** Its function is running, or about to: known to the base, so that the function may free the timer. */
  readonly running = new Cell(false, 'timer_base->running_timer');
  func: TimerFunction | null = null;
  /** It has a carrier: it was armed before. Known to who armed it first, which the C initialises it for. */
  carried = false;

  constructor(
    memory: Memory,
    path = '',
    /** The struct that the timer is a part of. */
    readonly container: unknown = null,
  ) {
    super(memory, path);
  }
}

/** Initialises a timer. */
export function timer_setup(timer: Timer, func: TimerFunction): void {
  timer.func = func;
}

/** Is the timer armed? A look without the base's lock. */
export function* timer_pending(timer: Timer): Generator<Operation<unknown>, boolean, unknown> {
  const state = yield* READ_ONCE(timer.state);
  return state.due !== null;
}

/** Arms or re-arms in one go if `wanted` says so. The result: was it pending? */
function arm(timer: Timer, expires: number, wanted: (state: TimerState) => boolean): Operation<boolean> {
  const cpu = runningTask().cpu % kernel().cpus;
  const change = () => {
    const before = timer.state.value;
    if (wanted(before)) {
      const due = tickTime(wheelExpiry(expires, jiffies()));
      // A timer whose function runs stays on its base: it must not run twice at once.
      const on = timer.running.value ? before.cpu : cpu;
      timer.state.value = { due, expires, cpu: on, arming: before.arming + 1 };
    }
    return before.due !== null;
  };
  return new Effect('rmw', timer.state, 'write', change, timer.running);
}

const __mod_timer = kfunc(
  '__mod_timer',
  function* (timer: Timer, expires: number, wanted: (state: TimerState) => boolean) {
    if (!timer.carried) {
      timer.carried = true;
      yield* spawnCarrier(timer);
    }
    return yield* arm(timer, expires, wanted);
  },
  { inlined: true },
);

/**
 * mod_timer() - arm a timer, or move one that is pending.
 *
 * Context: any.
 * Return: whether it was pending.
 * Models: kernel/time/timer.c. Leaves out: the bases' locks (every change of a timer is one operation), the
 * hand-over of timers from idle CPUs to others.
 */
export const mod_timer = kfunc('mod_timer', function* (timer: Timer, expires: number) {
  return yield* __mod_timer(timer, expires, () => true);
});

/** timer_reduce() - as mod_timer(), if that makes the timer fire earlier. In a search a timer may fire any time. */
export const timer_reduce = kfunc('timer_reduce', function* (timer: Timer, expires: number) {
  const earlier = ({ due, expires: before }: TimerState): boolean =>
    due === null || (timed() && expires < before);
  return yield* __mod_timer(timer, expires, earlier);
});

/** add_timer() - arm a timer that is not pending. */
export const add_timer = kfunc('add_timer', function* (timer: Timer, expires: number) {
  yield* __mod_timer(timer, expires, ({ due }) => due === null);
});

const detach = (timer: Timer): boolean => {
  const { due } = timer.state.value;
  timer.state.value = { ...timer.state.value, due: null };
  return due !== null;
};

/**
 * timer_delete() - disarm a timer; its function may still be running.
 *
 * Context: any.
 * Return: whether it was pending.
 */
export const timer_delete = kfunc('timer_delete', function* (timer: Timer) {
  return yield* new Effect('rmw', timer.state, 'write', () => detach(timer));
});

/**
 * timer_delete_sync() - disarm a timer and wait until its function is not running.
 *
 * Context: not from the timer's own function, not under a lock that it takes.
 * Return: whether it was pending.
 */
export const timer_delete_sync = kfunc('timer_delete_sync', function* (timer: Timer) {
  return yield* new BlockingEffect(
    'wait',
    timer.state,
    'write',
    () => !timer.running.value,
    () => detach(timer),
    timer.running,
  );
});

/** The names that v6.12 code still uses. */
export const del_timer = timer_delete;
export const del_timer_sync = timer_delete_sync;

function spawnCarrier(timer: Timer): Operation<unknown> {
  const cpu = runningTask().cpu % kernel().cpus;
  return spawn({
    label: `timer ${timer.path === '' ? timer.memory.label : timer.path.slice(0, -1)}`,
    daemon: true,
    body: () => carry(timer),
    prepare: (task) => {
      Object.assign(task.standing, { level: 2, pinnedTo: cpu });
    },
  });
}

/** Waits for the tick at which the timer is due, whenever that is by the latest arming that was not seen yet. */
class Tick extends Delay<Pick<TimerState, 'cpu' | 'arming'>> {
  constructor(
    private readonly timer: Timer,
    private readonly seen: number,
  ) {
    super(timer.state, 0 as Ns);
  }

  override get due(): Ns {
    // A look from outside of the machine.
    return this.timer.state.value.due ?? (0 as Ns);
  }

  override enabled(): boolean {
    const { due, arming } = this.timer.state.value;
    return due !== null && arming !== this.seen;
  }

  override execute(): Pick<TimerState, 'cpu' | 'arming'> {
    const { cpu, arming } = this.timer.state.value;
    return { cpu, arming };
  }
}

/** The tick interrupt, for one timer. */
function* carry(timer: Timer): Body<never> {
  let seen = 0;
  for (;;) {
    const { cpu, arming } = yield* new Tick(timer, seen);
    seen = arming;
    yield* raise_timer_softirq(cpu, () => run_timer_softirq(timer));
  }
}

const run_timer_softirq = kfunc('run_timer_softirq', function* (timer: Timer) {
  yield* __run_timers(timer);
});

/**
 * __run_timers() - fire a timer that is due.
 *
 * Context: soft interrupt.
 * Models: kernel/time/timer.c. Leaves out: that all timers of a slot are fired in one go, each is raised alone.
 */
const __run_timers = kfunc('__run_timers', function* (timer: Timer) {
  yield* timer.running.store(true, 'full');
  const fires = yield* new Effect('rmw', timer.state, 'write', () => {
    const state = timer.state.value;
    // Deleted meanwhile, or moved to later.
    if (state.due === null || (timed() && state.due > machineInForce().now)) return false;
    return detach(timer);
  });
  if (fires) yield* call_timer_fn(timer);
  yield* timer.running.store(false, 'full');
});

const call_timer_fn = kfunc('call_timer_fn', function* (timer: Timer) {
  const { func } = timer;
  if (func === null) return;
  trace_event('timer', 'timer_expire_entry', () => `timer=${timer.path} now=${jiffies()}`);
  yield* func(timer);
});
