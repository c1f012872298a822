import type { Ns } from '../base/brand.ts';
import { Prng } from '../base/prng.ts';
import type { Choice } from './choose.ts';
import type { Chooser, Clock } from './chooser.ts';
import { Delay } from './delay.ts';
import type { Machine } from './machine.ts';
import type { OperationKind } from './operation.ts';
import type { Task } from './task.ts';

/** What computing costs, in virtual nanoseconds. */
export interface CostModel {
  /** One operation of a kind. */
  readonly operation: Readonly<Record<OperationKind, number>>;
  /** What computing that the model charges for (see `charge()`) is multiplied by; 1 unless said otherwise. */
  readonly computing?: number;
  /** From one task to another on one CPU. */
  readonly contextSwitch: number;
  /** From the moment a task may run again until it is considered by its CPU. */
  readonly wakeUp: number;
  /** How long a task keeps its CPU from others of its priority. */
  readonly slice: number;
  /** Seeded noise on every operation with its computing, and on every wake-up: up to this many 256ths of its cost are added. */
  readonly jitter: number;
}

interface Cpu {
  readonly index: number;
  /** The end of the last operation performed here. */
  clock: number;
  current: Task | null;
  sliceEnd: number;
}

/**
 * Runs tasks in virtual time on a number of CPUs, as a fixed-priority scheduler with round robin would.
 *
 * Invariants:
 * 1. Of all CPUs, the one whose next operation would end first performs it; ties go to the lower CPU.
 * 2. A running task keeps its CPU until it waits, its slice ends, or a task outranks it; nothing outranks it
 *    within its shield (see `Standing`), and a shielded task that waits for a lock spins.
 * 3. Among waiting tasks of one CPU: level, then priority, then who waits longest, then index.
 * 4. A task without a pinned CPU goes to an idle one when it becomes ready; an idle CPU pulls a waiting task.
 */
export class TimedScheduler implements Chooser, Clock {
  private readonly cpus: Cpu[];
  private readonly prng: Prng;
  /** By task index: the `readySince` for which the task was placed on a CPU. */
  private readonly placedFor: number[] = [];
  /** By task index: the `readySince` for which the wake-up was charged. */
  private readonly chargedFor: number[] = [];

  constructor(
    cpus: number,
    private readonly costs: CostModel,
    seed: number,
    /** Decides `choose` operations: by default alternative 0, what happens if nothing special does. */
    private readonly decide: (choice: Choice, task: Task) => number = () => 0,
  ) {
    this.cpus = Array.from({ length: cpus }, (_, index) => ({ index, clock: 0, current: null, sliceEnd: 0 }));
    this.prng = new Prng(seed);
  }

  next(enabled: readonly Task[], machine: Machine): Task | null {
    this.place(enabled);
    let best: Task | null = null;
    let bestEnd = Infinity;
    for (const cpu of this.cpus) {
      const task = this.candidate(cpu, enabled, machine);
      if (task === null) continue;
      const end = startOn(cpu, task) + this.cost(task);
      if (end < bestEnd) {
        best = task;
        bestEnd = end;
      }
    }
    return best;
  }

  alternative(choice: Choice, task: Task): number {
    return this.decide(choice, task);
  }

  account(task: Task, machine: Machine): void {
    const cpu = this.cpuOf(task);
    let start = startOn(cpu, task);
    if (this.chargedFor[task.index] !== task.readySince) {
      this.chargedFor[task.index] = task.readySince;
      start += this.noisy(this.costs.wakeUp);
    }
    if (cpu.current !== task) {
      cpu.current = task;
      start += this.costs.contextSwitch;
      cpu.sliceEnd = start + this.costs.slice;
    }
    const end = start + this.noisy(this.cost(task));
    task.charged = 0;
    cpu.clock = Math.max(end, machine.now);
    machine.now = cpu.clock as Ns;
  }

  /** Invariant 4: gives every task that has become ready since the last look a CPU. */
  private place(enabled: readonly Task[]): void {
    for (const task of enabled) {
      if (this.placedFor[task.index] === task.readySince) continue;
      this.placedFor[task.index] = task.readySince;
      if (task.standing.pinnedTo !== null) task.cpu = task.standing.pinnedTo;
      else if (task.standing.shield < 0) task.cpu = this.leastLoaded(task, enabled);
    }
  }

  private leastLoaded(task: Task, enabled: readonly Task[]): number {
    const home = task.cpu % this.cpus.length;
    let best = home;
    let bestLoad = this.load(home, task, enabled);
    for (const cpu of this.cpus) {
      const load = this.load(cpu.index, task, enabled);
      if (load < bestLoad) {
        best = cpu.index;
        bestLoad = load;
      }
    }
    return best;
  }

  private load(cpu: number, besides: Task, enabled: readonly Task[]): number {
    let load = 0;
    for (const task of enabled) {
      if (task !== besides && task.cpu === cpu && !(task.pending instanceof Delay)) load++;
    }
    const current = this.cpus[cpu]?.current;
    if (current !== null && current !== undefined && current !== besides && spins(current)) load++;
    return load;
  }

  private candidate(cpu: Cpu, enabled: readonly Task[], machine: Machine): Task | null {
    const current = cpu.current;
    const holds = current !== null && current.cpu === cpu.index && occupies(current);
    let best: Task | null = holds && current.enabled ? current : null;
    let waiting = 0;
    for (const task of enabled) {
      if (task === current && holds) continue;
      if (task.cpu !== cpu.index) {
        if (this.cpus[task.cpu] === undefined) task.cpu %= this.cpus.length;
        if (task.cpu !== cpu.index) continue;
      }
      waiting++;
      if (holds && !this.takesOver(task, current, cpu)) continue;
      if (best === null || (holds && best === current) || before(task, best, cpu)) best = task;
    }
    if (best === null && waiting === 0 && !holds) best = this.pull(cpu, enabled, machine);
    return best;
  }

  /** Invariant 4, second half: an idle CPU takes a thread that waits for another, busy one. */
  private pull(cpu: Cpu, enabled: readonly Task[], _machine: Machine): Task | null {
    for (const task of enabled) {
      if (task.standing.pinnedTo !== null || task.standing.shield >= 0 || task.pending instanceof Delay)
        continue;
      const home = this.cpuOf(task);
      if (home === cpu || home.current === task || home.current === null || !occupies(home.current)) continue;
      task.cpu = cpu.index;
      return task;
    }
    return null;
  }

  /** Invariant 2: may `task` have the CPU now, although `current` wants to go on? */
  private takesOver(task: Task, current: Task, cpu: Cpu): boolean {
    if (runnableAt(task) > cpu.clock) return false;
    const { level, priority } = task.standing;
    if (level !== current.standing.level) {
      return level > current.standing.level && level > current.standing.shield;
    }
    if (current.standing.shield >= 0) return false;
    if (priority !== current.standing.priority) return priority > current.standing.priority;
    return cpu.clock >= cpu.sliceEnd;
  }

  private cost(task: Task): number {
    return task.charged * (this.costs.computing ?? 1) + this.costs.operation[kindOf(task)];
  }

  private noisy(cost: number): number {
    if (this.costs.jitter === 0 || cost === 0) return cost;
    return cost + Math.floor((cost * this.prng.below(this.costs.jitter + 1)) / 256);
  }

  private cpuOf(task: Task): Cpu {
    return this.cpus[task.cpu % this.cpus.length];
  }
}

function kindOf(task: Task): OperationKind {
  return task.pending?.kind ?? 'exit';
}

/** When the task may perform its operation, CPUs aside. */
function runnableAt(task: Task): number {
  return task.pending instanceof Delay ? Math.max(task.pending.due, task.readySince) : task.readySince;
}

function startOn(cpu: Cpu, task: Task): number {
  return Math.max(cpu.clock, runnableAt(task));
}

/** Does the task keep its CPU busy: with its next operation, or spinning on a lock with its shield up? */
function occupies(task: Task): boolean {
  if (task.state !== 'ready' || task.pending instanceof Delay) return false;
  return task.enabled || spins(task);
}

function spins(task: Task): boolean {
  return task.state === 'ready' && !task.enabled && task.standing.shield >= 0;
}

/** Invariant 3, for two tasks neither of which runs. */
function before(a: Task, b: Task, cpu: Cpu): boolean {
  const startA = startOn(cpu, a);
  const startB = startOn(cpu, b);
  if (startA !== startB) return startA < startB;
  if (a.standing.level !== b.standing.level) return a.standing.level > b.standing.level;
  if (a.standing.priority !== b.standing.priority) return a.standing.priority > b.standing.priority;
  const waitA = runnableAt(a);
  const waitB = runnableAt(b);
  if (waitA !== waitB) return waitA < waitB;
  return a.index < b.index;
}
