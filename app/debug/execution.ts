import type { Chooser } from '../sim/chooser.ts';
import { Machine } from '../sim/machine.ts';
import type { Observer } from '../sim/observer.ts';
import { together } from '../sim/observers.ts';
import { Replay, type Schedule } from '../sim/schedule.ts';
import type { Task } from '../sim/task.ts';
import { TimedScheduler } from '../sim/timed.ts';
import { InputError } from '../scenario/issues.ts';
import type { ReplayClock } from '../scenario/replay.ts';
import type { Plan } from '../scenario/resolve.ts';
import { prepare } from '../scenario/run.ts';
import { KernelObjects } from './objects.ts';

/** All that a run follows from, once it has been recorded. */
export interface Recorded {
  readonly plan: Plan;
  readonly seed: number;
  readonly clock: ReplayClock;
  readonly schedule: Schedule;
  /** When the guest began to run (virtual ns). */
  readonly startNs: number;
}

/** A run that is executed again and stands at some step. It goes forward only. */
export class Execution {
  readonly machine = new Machine();
  readonly objects = new KernelObjects();
  /** The task that performed the last step. */
  last: Task | null = null;
  private readonly chooser: Chooser;
  private target: number;

  /** Goes to `step` at once, which may lie in the set-up of a search. */
  constructor(recorded: Recorded, step: number) {
    const { machine, objects } = this;
    this.target = step;
    const scheduler = new TimedScheduler(recorded.plan.cpus, recorded.plan.costs, recorded.seed);
    const timed = recorded.clock === 'timed';
    if (timed) machine.clock = scheduler;
    machine.observer = together([objects, this.watcher()]);
    this.chooser = new Replay(recorded.schedule, timed ? scheduler : null);
    this.prepare(recorded);
    this.goOn();
  }

  get step(): number {
    return this.machine.steps;
  }

  /** True if it stopped in the set-up, which does not go on. */
  private brokenOff = false;

  canReach(step: number): boolean {
    return this.step === step || (this.step < step && !this.brokenOff);
  }

  advanceTo(step: number): void {
    this.target = step;
    this.goOn();
  }

  private goOn(): void {
    const { machine, target } = this;
    if (machine.steps < target && !this.brokenOff) machine.run(this.chooser, target - machine.steps);
    this.objects.settle(machine);
  }

  private prepare({ plan, startNs }: Recorded): void {
    try {
      prepare(plan, this.machine, startNs);
    } catch (error) {
      // Stopped in the middle of the set-up, on purpose: its actors have not come to the gate yet.
      if (!(error instanceof InputError) || this.machine.steps < this.target) throw error;
      this.brokenOff = true;
    }
  }

  private watcher(): Observer {
    return {
      performing: (task) => {
        this.last = task;
        const { machine } = this;
        if (machine.steps >= this.target) machine.stop();
      },
    };
  }
}
