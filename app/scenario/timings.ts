import type { Machine } from '../sim/machine.ts';
import type { Observer } from '../sim/observer.ts';
import type { Frame, Task } from '../sim/task.ts';

/** Virtual durations (ns) of the steps that a scenario may set bounds to. */
export interface Timings {
  /** Each __oom_reap_task_mm(), in order of its end. */
  readonly reapNs: readonly number[];
  /** From each detaching of subscriptions to the callback that call_srcu() was given for it, in that order. */
  readonly callbackNs: readonly number[];
  /** From the end of the boot to the end of the run. */
  readonly runNs: number;
}

/** The functions between which times are taken. */
const REAP = '__oom_reap_task_mm';
const DETACH = 'mmu_notifier_oom_enter';
const CALLBACK = 'mmu_notifier_oom_callback_fn';

/** Takes times of a run by listening to calls and returns. */
export class Stopwatch implements Observer {
  private readonly reaps: number[] = [];
  private readonly callbacks: number[] = [];
  private readonly started = new Map<Frame, number>();
  /** When subscriptions were detached whose callback has not run yet: SRCU calls back in order. */
  private readonly detached: number[] = [];

  constructor(private readonly machine: Machine) {}

  entered(_task: Task, frame: Frame): void {
    const name = frame.symbol?.name;
    if (name === REAP) this.started.set(frame, this.machine.now);
    else if (name === DETACH) this.detached.push(this.machine.now);
    else if (name === CALLBACK) this.calledBack();
  }

  left(_task: Task, frame: Frame): void {
    const start = this.started.get(frame);
    if (start === undefined) return;
    this.started.delete(frame);
    this.reaps.push(this.machine.now - start);
  }

  /** What was measured. `callback` counts only detachments that led to one. */
  timings(): Timings {
    return { reapNs: this.reaps, callbackNs: this.callbacks, runNs: this.machine.now };
  }

  private calledBack(): void {
    const start = this.detached.shift();
    if (start !== undefined) this.callbacks.push(this.machine.now - start);
  }
}
