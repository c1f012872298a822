import type { Machine } from '../sim/machine.ts';
import type { Observer } from '../sim/observer.ts';
import type { Frame, Task } from '../sim/task.ts';

/** Virtual durations (ns) of the steps that a scenario may set bounds to. */
export interface Timings {
  /** Each __oom_reap_task_mm(), in order of its end. */
  readonly reapNs: readonly number[];
  /** Each exit_mmap(), in order of its end. */
  readonly exitNs: readonly number[];
  /** From each detaching of subscriptions to the callback that call_srcu() was given for it, in that order. */
  readonly callbackNs: readonly number[];
  /** From the boot to the end of the run. */
  readonly runNs: number;
}

/** The functions and the trace points between which times are taken. */
const REAP = '__oom_reap_task_mm';
const EXIT = 'exit_mmap';
const CALLBACK = 'mmu_notifier_oom_callback_fn';
const OOM_ENTER = 'mmu_notifier:mmu_notifier_oom_enter';

/** Takes times of a run by listening to calls, returns and trace events. */
export class Stopwatch implements Observer {
  private readonly reaps: number[] = [];
  private readonly exits: number[] = [];
  private readonly callbacks: number[] = [];
  private readonly started = new Map<Frame, number>();
  /** When a task has last detached subscriptions. */
  private readonly detached = new Map<Task, number>();
  /** The detachments whose callbacks are queued: SRCU calls back in order. */
  private readonly queued: number[] = [];

  constructor(private readonly machine: Machine) {}

  entered(_task: Task, frame: Frame): void {
    const name = frame.symbol?.name;
    if (name === REAP || name === EXIT) this.started.set(frame, this.machine.now);
    else if (name === CALLBACK) this.calledBack();
  }

  left(_task: Task, frame: Frame): void {
    const name = frame.symbol?.name;
    if (name !== REAP && name !== EXIT) return;
    const start = this.started.get(frame);
    if (start === undefined) return;
    this.started.delete(frame);
    (name === REAP ? this.reaps : this.exits).push(this.machine.now - start);
  }

  said(task: Task | null, kind: string, text: string): void {
    if (kind !== OOM_ENTER || task === null) return;
    if (text.endsWith('detached')) this.detached.set(task, this.machine.now);
    else if (text.endsWith('queued')) this.queued.push(this.detached.get(task) ?? this.machine.now);
  }

  timings(): Timings {
    return { reapNs: this.reaps, exitNs: this.exits, callbackNs: this.callbacks, runNs: this.machine.now };
  }

  private calledBack(): void {
    const start = this.queued.shift();
    if (start !== undefined) this.callbacks.push(this.machine.now - start);
  }
}
