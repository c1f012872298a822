import type { Ns } from '../base/brand.ts';
import {
  TASK_NOLOAD,
  TASK_RTLOCK_WAIT,
  TASK_RUNNING,
  TASK_UNINTERRUPTIBLE,
  TASK_WAKEKILL,
  TaskStruct,
} from '../kernel/include/sched.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { firstTellingOfWait } from '../kernel/report/frames.ts';
import { task_state } from '../kernel/kernel/sched/core.ts';
import { stackOf } from '../kernel/stack.ts';
import type { Choice } from '../sim/choose.ts';
import type { Chooser } from '../sim/chooser.ts';
import { Delay } from '../sim/delay.ts';
import { describeWait, endingOf, waitOf, type Wait } from '../sim/ending.ts';
import type { Machine } from '../sim/machine.ts';
import type { Task } from '../sim/task.ts';
import { formatDuration } from './units.ts';

/** How a run ended. */
export interface Outcome {
  readonly kind: 'complete' | 'asleep' | 'deadlock' | 'lost wake-up' | 'limit';
  /** True if nothing is wrong with that. */
  readonly settled: boolean;
  /** A title as of a report, where the ending is a failure of its own. */
  readonly title: string | null;
  /** In words; for a deadlock, who waits for whom. */
  readonly text: string;
}

/** Virtual time that a guest goes on after its script has ended, until the power is off. */
const AFTERMATH_NS = 300_000_000;

/** Threads that only look at the clock: while nobody else can run, nothing will change. */
const WATCHDOGS: ReadonlySet<string> = new Set(['khungtaskd']);

/**
 * Decides when a run in virtual time is over:
 *
 * 1. The foreground (the console script, or the tasks that are not in the background) has ended, and nothing
 *    is due within `AFTERMATH_NS`, or that much time has passed since.
 * 2. Nobody but watchdogs can run: all sleep. If a task is stuck, the hung-task detector is waited for.
 * 3. The time limit has come.
 */
export class PowerOff {
  private endedAt = -1;

  constructor(
    private readonly kernel: Kernel,
    private readonly foreground: readonly Task[],
    private readonly limit: Ns,
  ) {}

  /** The chooser, until the power is off. */
  before(inner: Chooser): Chooser {
    return {
      next: (enabled, machine) => (this.isDue(enabled, machine) ? null : inner.next(enabled, machine)),
      alternative: (choice: Choice, task: Task, machine: Machine) => inner.alternative(choice, task, machine),
    };
  }

  private isDue(enabled: readonly Task[], machine: Machine): boolean {
    if (machine.now >= this.limit) return true;
    const quiet = enabled.every(isWatchdog);
    if (this.foregroundEnded()) {
      if (this.endedAt < 0) this.endedAt = machine.now;
      const last = this.endedAt + AFTERMATH_NS;
      if (quiet || machine.now >= last || enabled.every((task) => dueAfter(task, last))) {
        return !this.hangIsUntold(enabled);
      }
      return false;
    }
    return quiet && !this.hangIsUntold(enabled);
  }

  private foregroundEnded(): boolean {
    if (this.endedAt >= 0) return true;
    for (const task of this.foreground) if (task.state === 'ready') return false;
    return true;
  }

  /** Is a task stuck of which the hung-task detector will tell? */
  private hangIsUntold(enabled: readonly Task[]): boolean {
    return enabled.some(isWatchdog) && stuckTasks(this.kernel).some(isWatched) && !toldOfHang(this.kernel);
  }
}

/** Says how a run ended. */
export function outcomeOf(kernel: Kernel, foreground: readonly Task[], limit: number): Outcome {
  const { machine } = kernel;
  const stuck = stuckTasks(kernel);
  if (machine.now >= limit) {
    return {
      kind: 'limit',
      settled: false,
      title: null,
      text: `stopped at the time limit of ${formatDuration(limit)}`,
    };
  }
  if (stuck.length > 0) {
    const ending = endingOf(machine, { goesOn: false, matters: (task) => stuck.includes(task) });
    if (ending.kind === 'deadlock' || ending.kind === 'lost wake-up') {
      const waits = ending.kind === 'deadlock' ? ending.cycle : ending.waits;
      return hang(ending.kind, waits);
    }
  }
  const asleep = foreground.filter((task) => task.state === 'ready');
  if (asleep.length === 0)
    return { kind: 'complete', settled: true, title: null, text: 'the guest has come to its end' };
  const names = asleep.map((task) => task.name).join(', ');
  return { kind: 'asleep', settled: true, title: null, text: `nothing is left to do; asleep: ${names}` };
}

function hang(kind: 'deadlock' | 'lost wake-up', waits: readonly Wait[]): Outcome {
  const place = placeOf(waits[0].task);
  return {
    kind,
    settled: false,
    title: `SCYTHE: ${kind}${place === null ? '' : ` in ${place}`}`,
    text: `${kind}: ${waits.map(describeWait).join('; ')}`,
  };
}

/** Tasks that wait, out of reach of signals, for something that nobody left will bring about. */
function stuckTasks({ machine }: Kernel): Task[] {
  return machine.tasks.filter((task) => {
    if (task.state !== 'ready' || task.enabled) return false;
    const state = stateOf(task);
    if (state === TASK_RUNNING) return waitOf(task).holders.length > 0;
    return (state & OUT_OF_REACH) !== 0 && (state & TASK_NOLOAD) === 0;
  });
}

/** The states that khungtaskd looks for: of who waits for a lock, that of the wait. */
function isWatched({ context }: Task): boolean {
  const state = context instanceof TaskStruct ? task_state(context) : TASK_RUNNING;
  return (state & TASK_UNINTERRUPTIBLE) !== 0 && (state & (TASK_WAKEKILL | TASK_NOLOAD)) === 0;
}

function stateOf(task: Task): number {
  return (task.context as TaskStruct | null)?.__state.value ?? TASK_RUNNING;
}

const OUT_OF_REACH = TASK_UNINTERRUPTIBLE | TASK_RTLOCK_WAIT;

function toldOfHang({ log }: Kernel): boolean {
  return log.lines.some((line) => /^INFO: task \S+ blocked for more than /.test(line.text));
}

function placeOf(task: Task): string | null {
  return firstTellingOfWait(stackOf(task).map((entry) => entry.symbol));
}

function isWatchdog(task: Task): boolean {
  return WATCHDOGS.has(task.label);
}

function dueAfter(task: Task, moment: number): boolean {
  return task.pending instanceof Delay && task.pending.due > moment;
}
