import { ns } from '../base/brand.ts';
import { Prng } from '../base/prng.ts';
import { boot } from '../kernel/init/main.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { LogLine } from '../kernel/log.ts';
import { strikes } from '../scenario/strikes.ts';
import type { Chooser } from '../sim/chooser.ts';
import { Delay } from '../sim/delay.ts';
import { Machine } from '../sim/machine.ts';
import type { Observer } from '../sim/observer.ts';
import type { Task } from '../sim/task.ts';
import { TimedScheduler } from '../sim/timed.ts';
import type { KernelPlan } from './kernel-plan.ts';

/** Virtual time at which the kernel hands over to user land. */
const BOOT_NS = 802_600_000;
/** By the seed a little later, so that runs meet the timer tick at different moments. */
const PHASE_NS = 1_000_000;
/** Operations between two looks at the clock on the wall. */
const STEPS_PER_LOOK = 64;

/** Why a slice ended. */
export type Stopped =
  /** Nothing is due until the moment that was given. */
  | 'idle'
  /** The slice has taken long enough. */
  | 'enough'
  /** The model itself has stopped: a panic, power off. Nothing will ever happen again. */
  | 'halted';

/**
 * A booted kernel in virtual time that is run in slices. Where slices end does not change the run: it is a function
 * of the plan and of what is handed in, at which step and virtual time.
 */
export class GuestMachine {
  readonly machine = new Machine();
  readonly kernel: Kernel;
  /** Called for each line of the kernel's log, before the next operation. */
  onLog: ((line: LogLine) => void) | null = null;
  halted = false;

  private readonly scheduler: TimedScheduler;
  private heard = 0;

  constructor(plan: KernelPlan, commandLine: readonly string[], observer: Observer | null = null) {
    const { machine } = this;
    const prng = new Prng(plan.seed);
    const phase = prng.below(PHASE_NS);
    this.scheduler = new TimedScheduler(plan.cpus, plan.costs, plan.seed, (choice, task) =>
      strikes(this.kernel, choice, task, prng),
    );
    machine.clock = this.scheduler;
    machine.observer = observer;
    const { tree, patches, config, cpus, faults, memory: ram } = plan;
    const append = new Map(commandLine.map(nameAndValue));
    this.kernel = boot({ tree, patches, config, cpus, faults, append, ram }, machine);
    this.kernel.attended = true;
    this.bootedAt = BOOT_NS + phase;
  }

  /** When user land starts. */
  readonly bootedAt: number;

  get now(): number {
    return this.machine.now;
  }

  /** Moves the clock forward over a time in which nothing happens. */
  advanceTo(moment: number): void {
    if (moment > this.machine.now) this.machine.now = ns(Math.floor(moment));
  }

  /** Does something from outside, between two operations. */
  inside<Result>(act: () => Result): Result {
    return this.machine.inside(act);
  }

  /**
   * Performs all that is due up to a moment of virtual time, or until `enough`, which is asked now and then. The
   * moment is asked for whenever time would have to pass.
   */
  run(until: () => number, enough: () => boolean): Stopped {
    if (this.halted) return 'halted';
    const chooser = new UpTo(this.scheduler, until, enough, () => this.tellLog());
    this.machine.run(chooser);
    this.tellLog();
    if (chooser.answer !== null) return chooser.answer;
    if (this.machine.enabled.length === 0) return 'idle';
    this.halted = true;
    return 'halted';
  }

  /** When something is due next; null if everybody waits for something that only somebody outside can bring. */
  nextDue(): number | null {
    let due: number | null = null;
    for (const task of this.machine.enabled) {
      const at = task.pending instanceof Delay ? task.pending.due : this.machine.now;
      if (due === null || at < due) due = at;
    }
    return due;
  }

  /** Hands on what the log has got since. */
  tellLog(): void {
    const { lines } = this.kernel.log;
    if (this.heard > lines.length) this.heard = lines.length;
    while (this.heard < lines.length) {
      const line = lines[this.heard++];
      this.onLog?.(line);
    }
  }
}

/** The scheduler's choices, as long as they come before a moment. */
class UpTo implements Chooser {
  answer: 'idle' | 'enough' | null = null;
  private left = STEPS_PER_LOOK;
  /** The last answer of `until`. */
  private latest = -1;

  constructor(
    private readonly inner: TimedScheduler,
    private readonly until: () => number,
    private readonly enough: () => boolean,
    private readonly between: () => void,
  ) {}

  next(enabled: readonly Task[], machine: Machine): Task | null {
    this.between();
    if (--this.left <= 0) {
      this.left = STEPS_PER_LOOK;
      if (this.enough()) return this.stop('enough');
    }
    const task = this.inner.next(enabled, machine);
    if (task === null) return this.stop('idle');
    const starts = task.pending instanceof Delay ? Math.max(task.pending.due, machine.now) : machine.now;
    if (starts > machine.now || starts > this.latest) {
      this.latest = this.until();
      if (starts > this.latest) return this.stop('idle');
    }
    return task;
  }

  alternative: Chooser['alternative'] = (choice, task) => this.inner.alternative(choice, task);

  private stop(answer: 'idle' | 'enough'): null {
    this.answer = answer;
    return null;
  }
}

function nameAndValue(word: string): [string, string] {
  const equals = word.indexOf('=');
  return equals < 0 ? [word, ''] : [word.slice(0, equals), word.slice(equals + 1)];
}
