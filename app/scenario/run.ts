import { Prng } from '../base/prng.ts';
import { ns } from '../base/brand.ts';
import { boot } from '../kernel/init/main.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { lockStatistics, type LockClassStats } from '../kernel/kernel/locking/lock_stat.ts';
import { lock_stat_text } from '../kernel/kernel/locking/lockdep_proc.ts';
import { formatLine, type LogLine } from '../kernel/log.ts';
import { titlesOf } from '../kernel/report/titles.ts';
import type { TraceEvent } from '../kernel/trace-events.ts';
import type { Choice } from '../sim/choose.ts';
import type { Chooser } from '../sim/chooser.ts';
import { EventHash } from '../sim/event-hash.ts';
import { Machine } from '../sim/machine.ts';
import type { Observer } from '../sim/observer.ts';
import { together } from '../sim/observers.ts';
import { Recorder, Replay, type Schedule } from '../sim/schedule.ts';
import { StepClock } from '../sim/step-clock.ts';
import type { Task } from '../sim/task.ts';
import { TimedScheduler } from '../sim/timed.ts';
import { judge, type Happening } from './expectations.ts';
import { startGuest, type Guest } from './guest.ts';
import { outcomeOf, PowerOff, type Outcome } from './outcome.ts';
import { readProbe } from './probes.ts';
import type { ReplayClock } from './replay.ts';
import type { Plan } from './resolve.ts';
import { runSetUp } from './set-up.ts';
import { strikes } from './strikes.ts';
import { Stopwatch, type Timings } from './timings.ts';

/** One iteration: everything that there is to know about it. */
export interface Run {
  readonly seed: number;
  /** Were the expectations met? */
  readonly met: boolean;
  /** What was expected and did not hold. */
  readonly failures: readonly string[];
  /** Titles of all reports, in order, and of the ending if that is a failure of its own. */
  readonly titles: readonly string[];
  readonly outcome: Outcome;
  readonly timings: Timings;
  readonly eventHash: string;
  readonly events: number;
  readonly steps: number;
  readonly schedule: Schedule;
  readonly log: readonly LogLine[];
  readonly trace: readonly TraceEvent[];
  /** What the guest's console showed. */
  readonly console: string;
  /** With LOCK_STAT: what /proc/lock_stat shows at the end, and the books behind it. */
  readonly lockStat: { readonly text: string; readonly classes: readonly LockClassStats[] } | null;
}

export interface RunOptions {
  readonly seed: number;
  /** A schedule to follow in place of the timed scheduler's own choices. */
  readonly schedule?: Schedule;
  /** How time passes: as the cost model says (the default), or a nanosecond per operation, as in a search. */
  readonly clock?: ReplayClock;
  /** Listeners besides the runner's own. */
  readonly observers?: readonly Observer[];
  /** Called now and then with the operations performed and the virtual time (ns) so far. */
  readonly onProgress?: (steps: number, now: number) => void;
}

/** A booted kernel whose guest has been started, in a search up to the start gate. */
export interface Prepared {
  readonly kernel: Kernel;
  readonly guest: Guest;
}

/** Boots a plan's kernel on a machine and starts its guest. The machine has its clock and its observer already. */
export function prepare(plan: Plan, machine: Machine, startNs = BOOT_NS): Prepared {
  const kernel = boot(plan, machine);
  kernel.tracing.enable('*:*');
  machine.now = ns(startNs);
  const guest = startGuest(kernel, plan);
  if (machine.clock instanceof StepClock) runSetUp(kernel, plan);
  return { kernel, guest };
}

/** Runs one iteration of a plan and judges what happened. Same inputs, same run. */
export function runOnce(plan: Plan, options: RunOptions): Run {
  const machine = new Machine();
  const prng = new Prng(options.seed);
  const startNs = BOOT_NS + prng.below(PHASE_NS);
  const decide = (choice: Choice, task: Task) => strikes(machine.world as Kernel, choice, task, prng);
  const scheduler = new TimedScheduler(plan.cpus, plan.costs, options.seed, decide);
  const timed = options.clock !== 'steps';
  if (timed) machine.clock = scheduler;

  const hash = new EventHash(machine);
  const stopwatch = new Stopwatch(machine);
  machine.observer = together([hash, stopwatch, ...(options.observers ?? [])]);

  const { kernel, guest } = prepare(plan, machine, timed ? startNs : BOOT_NS);
  const powerOff = new PowerOff(kernel, guest.foreground, ns(plan.limit));
  const inner =
    options.schedule === undefined
      ? powerOff.before(scheduler)
      : new Replay(options.schedule, timed ? scheduler : null);
  const recorder = new Recorder(new Watched(inner, options.onProgress));
  machine.run(recorder, MOST_STEPS);
  machine.inside(() => kernel.hooks.emit('endOfRun'));
  return evaluate({ plan, options, kernel, guest, hash, stopwatch, schedule: recorder.schedule });
}

/**
 * When the guest starts to run its script, in virtual time: a while after power on, and by the seed a little later,
 * so that iterations meet the timer tick at different moments.
 */
export const BOOT_NS = 802_600_000;
const PHASE_NS = 1_000_000;

/** Beyond it a schedule would not fit a replay file; no scenario that ends gets there. */
const MOST_STEPS = 40_000_000;

interface Finished {
  readonly plan: Plan;
  readonly options: RunOptions;
  readonly kernel: Kernel;
  readonly guest: Guest;
  readonly hash: EventHash;
  readonly stopwatch: Stopwatch;
  readonly schedule: Schedule;
}

function evaluate({ plan, options, kernel, guest, hash, stopwatch, schedule }: Finished): Run {
  const { machine, log, tracing } = kernel;
  const outcome = machine.steps >= MOST_STEPS ? tooLong() : outcomeOf(kernel, guest.foreground, plan.limit);
  const reports = titlesOf(log.lines.map((line) => line.text));
  const titles = outcome.title === null || reports.some(tellsOfHang) ? reports : [...reports, outcome.title];
  const timings = stopwatch.timings();
  const failures = judge(plan.assertions, {
    titles,
    settled: outcome.settled,
    ending: outcome.text,
    happenings: happeningsOf(kernel),
    timings,
    valuesOf: (field) => machine.inside(() => readProbe(kernel, field)),
  });
  return {
    seed: options.seed,
    met: failures.length === 0,
    failures,
    titles,
    outcome,
    timings,
    eventHash: hash.digest(),
    events: hash.events,
    steps: machine.steps,
    schedule,
    log: log.lines,
    trace: tracing.events,
    console: guest.transcript(),
    lockStat: plan.config.LOCK_STAT
      ? { text: lock_stat_text(kernel), classes: machine.inside(() => lockStatistics().classes) }
      : null,
  };
}

/** The text of `dmesg`. */
export function dmesgOf(run: Run): string {
  return run.log.map((line) => `${formatLine(line)}\n`).join('');
}

function tooLong(): Outcome {
  return { kind: 'limit', settled: false, title: null, text: `stopped after ${MOST_STEPS} operations` };
}

function tellsOfHang(title: string): boolean {
  return title.startsWith('INFO: task hung');
}

export function happeningsOf({ log, tracing, machine }: Kernel): Happening[] {
  const nameOf = (task: number) => machine.tasks[task]?.label ?? '';
  const events = tracing.events.map((event) => ({
    step: event.step,
    happening: {
      kind: 'event',
      name: `${event.system}:${event.name}`,
      task: event.comm,
      text: event.text,
    } as const,
  }));
  const lines = log.lines.map((line) => ({
    step: line.step,
    happening: { kind: 'log', name: '', task: nameOf(line.task), text: line.text } as const,
  }));
  return [...events, ...lines].sort((a, b) => a.step - b.step).map(({ happening }) => happening);
}

/** Hands on to a chooser and tells of progress now and then. */
class Watched implements Chooser {
  private readonly tell: ((steps: number, now: number) => void) | null;

  constructor(
    private readonly inner: Chooser,
    onProgress: ((steps: number, now: number) => void) | undefined,
  ) {
    this.tell = onProgress ?? null;
  }

  next(enabled: readonly Task[], machine: Machine): Task | null {
    if (this.tell !== null && machine.steps % 16_384 === 0) this.tell(machine.steps, machine.now);
    return this.inner.next(enabled, machine);
  }

  alternative(choice: Choice, task: Task, machine: Machine): number {
    return this.inner.alternative(choice, task, machine);
  }
}
