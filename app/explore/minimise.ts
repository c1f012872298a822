import type { Choice } from '../sim/choose.ts';
import type { Chooser } from '../sim/chooser.ts';
import type { Machine } from '../sim/machine.ts';
import { Replay, type Schedule } from '../sim/schedule.ts';
import type { Task } from '../sim/task.ts';
import { BoundedSearch } from './bounded.ts';
import { execute, OPERATIONS_PER_EXECUTION } from './execution.ts';
import type { Program } from './program.ts';
import { SwitchCounter } from './switches.ts';

/** An execution that still has the title. */
export interface Minimal {
  readonly schedule: Schedule;
  readonly switches: number;
  readonly preemptions: number;
  readonly operations: number;
  /** Executions that were tried. */
  readonly tried: number;
}

export interface MinimiseOptions {
  /** Executions to try at most. */
  readonly budget?: number;
  readonly operationsPerExecution?: number;
  /** Has an execution come to the title already, whatever it does from here on? It ends there then. */
  readonly already?: (machine: Machine) => boolean;
}

/**
 * From a schedule that comes to `title` to one with as few context switches, then preemptions, then
 * operations as can be found that still does. Null if the schedule does not come to the title.
 *
 * First stretches of the schedule are moved together or dropped as long as that helps, the largest changes first;
 * then executions with fewer preemptions are searched from the bottom up. What comes after the title is cut off,
 * where that can be told. Tried in a fixed order: the same result each time.
 *
 * Searches go on after a panic, replays end there: a title that only came after it is brought before it.
 */
export function minimise(
  program: Program,
  title: string,
  schedule: Schedule,
  options: MinimiseOptions = {},
): Minimal | null {
  return new Minimiser(program, title, options).run(schedule);
}

/** So many operations of one task in a row. */
interface Stretch {
  readonly task: number;
  readonly length: number;
}

/** What an execution is to follow: stretches, and by task the alternatives that it takes one after the other. */
interface Plan {
  readonly stretches: readonly Stretch[];
  readonly alternatives: readonly (readonly number[])[];
}

interface Attempt {
  readonly schedule: Schedule;
  readonly plan: Plan;
  /** What is to become small, most important first. */
  readonly cost: readonly number[];
}

class Minimiser {
  private tried = 0;
  private readonly budget: number;
  private readonly limit: number;
  private readonly already: ((machine: Machine) => boolean) | null;

  constructor(
    private readonly program: Program,
    private readonly title: string,
    options: MinimiseOptions,
  ) {
    this.already = options.already ?? null;
    this.budget = options.budget ?? 2_000;
    this.limit = options.operationsPerExecution ?? OPERATIONS_PER_EXECUTION;
  }

  run(schedule: Schedule): Minimal | null {
    let best = this.attempt(new Replay(schedule)) ?? this.attempt(new Follower(this.panicLast(schedule)));
    if (best === null) return null;
    best = this.improve(best);
    const fewer = this.withFewerPreemptions(best);
    if (fewer !== null) best = this.improve(fewer);
    const [switches = 0, preemptions = 0, operations = 0] = best.cost;
    return { schedule: best.schedule, switches, preemptions, operations, tried: this.tried };
  }

  /** Takes the first change that helps, again and again. */
  private improve(from: Attempt): Attempt {
    let best = from;
    for (let changed = true; changed && this.tried < this.budget;) {
      changed = false;
      for (const plan of changesOf(best.plan)) {
        if (this.tried >= this.budget) break;
        const attempt = this.attempt(new Follower(plan));
        if (attempt === null || compare(attempt.cost, best.cost) >= 0) continue;
        best = attempt;
        changed = true;
        break;
      }
    }
    return best;
  }

  private withFewerPreemptions(best: Attempt): Attempt | null {
    const preemptions = best.cost[1];
    if (preemptions === 0) return null;
    const options = { most: preemptions - 1, operationsPerExecution: this.limit };
    const search = new BoundedSearch(this.program, 'preemptions', options);
    while (!search.finished && this.tried < this.budget) {
      search.advance(1);
      this.tried++;
      const found = search.outcomes.find(({ title }) => title === this.title);
      if (found === undefined) continue;
      const attempt = this.attempt(new Replay(found.schedule));
      return attempt !== null && compare(attempt.cost, best.cost) < 0 ? attempt : null;
    }
    return null;
  }

  /** The same with the operations that stop the machine behind all others. */
  private panicLast(schedule: Schedule): Plan {
    const planner = new Planner(new Replay(schedule));
    const machine = this.program.create();
    const last: Stretch[] = [];
    const early: Stretch[] = [];
    while (machine.enabled.length > 0 && !planner.ended) {
      machine.run(planner);
      if (machine.enabled.length === 0 || planner.ended) break;
      const stopper = planner.stretches.pop();
      if (stopper === undefined) break;
      early.push(...planner.stretches.splice(0), { ...stopper, length: stopper.length - 1 });
      last.push({ task: stopper.task, length: 1 });
    }
    early.push(...planner.stretches);
    return { stretches: [...early, ...last], alternatives: planner.alternatives };
  }

  /** Runs under a chooser and then, if anybody can still run, to the end. Null without the title. */
  private attempt(chooser: Chooser): Attempt | null {
    this.tried++;
    const until = new Until(new ThenOn(chooser), this.already);
    const counter = new SwitchCounter(until);
    const planner = new Planner(counter);
    const { machine, schedule, titles } = execute(this.program, planner, this.limit, true);
    if (!until.isThere(machine) && (machine.steps >= this.limit || !titles.includes(this.title))) return null;
    const decisions = planner.alternatives.flat();
    const cost = [counter.switches, counter.preemptions, counter.operations, sum(decisions), ...schedule];
    return { schedule, plan: planner, cost };
  }
}

/** Plans that differ from a plan in one thing, the largest differences first. */
function* changesOf(plan: Plan): Generator<Plan, void> {
  const { stretches, alternatives } = plan;
  for (const task of new Set(stretches.map((stretch) => stretch.task))) {
    yield { alternatives, stretches: stretches.filter((stretch) => stretch.task !== task) };
  }
  for (let i = 0; i < stretches.length; i++) {
    const { task, length } = stretches[i];
    const next = stretches.findIndex((stretch, at) => at > i && stretch.task === task);
    const without = stretches.toSpliced(i, 1);
    // The task goes on as long as it can.
    yield { alternatives, stretches: stretches.with(i, { task, length: Number.MAX_SAFE_INTEGER }) };
    if (next > 0) {
      const joined = { task, length: length + stretches[next].length };
      yield { alternatives, stretches: stretches.toSpliced(next, 1).with(i, joined) };
      yield { alternatives, stretches: without.with(next - 1, joined) };
    }
    yield { alternatives, stretches: without };
    if (length > 3) yield { alternatives, stretches: stretches.with(i, { task, length: length >> 1 }) };
    if (length > 1) yield { alternatives, stretches: stretches.with(i, { task, length: length - 1 }) };
  }
  for (const [task, taken] of alternatives.entries()) {
    for (const [i, alternative] of taken.entries()) {
      if (alternative > 0) yield { stretches, alternatives: alternatives.with(task, taken.with(i, 0)) };
    }
  }
}

/** Notes the plan of what another chooser decides. */
class Planner implements Chooser, Plan {
  readonly stretches: { task: number; length: number }[] = [];
  readonly alternatives: number[][] = [];
  /** The other chooser has decided no more. */
  ended = false;

  constructor(private readonly inner: Chooser) {}

  next(enabled: readonly Task[], machine: Machine): Task | null {
    const task = this.inner.next(enabled, machine);
    if (task === null) {
      this.ended = true;
      return null;
    }
    const last = this.stretches.at(-1);
    if (last?.task === task.index) last.length++;
    else this.stretches.push({ task: task.index, length: 1 });
    while (this.alternatives.length <= task.index) this.alternatives.push([]);
    return task;
  }

  alternative(choice: Choice, task: Task, machine: Machine): number {
    const taken = this.inner.alternative(choice, task, machine);
    this.alternatives[task.index].push(taken);
    return taken;
  }
}

/** Follows a plan as far as it can be followed. */
class Follower implements Chooser {
  private stretch = 0;
  private done = 0;
  private readonly decided: number[] = [];

  constructor(private readonly plan: Plan) {}

  next(_enabled: readonly Task[], machine: Machine): Task | null {
    for (; this.stretch < this.plan.stretches.length; this.stretch++, this.done = 0) {
      const { task: index, length } = this.plan.stretches[this.stretch];
      const task = machine.tasks.at(index);
      if (task?.enabled !== true || this.done >= length) continue;
      this.done++;
      return task;
    }
    return null;
  }

  alternative(choice: Choice, task: Task): number {
    const at = this.decided[task.index] ?? 0;
    this.decided[task.index] = at + 1;
    const taken = this.plan.alternatives.at(task.index)?.at(at) ?? 0;
    return taken < choice.alternatives ? taken : 0;
  }
}

/** Ends an execution once it has come to where it should. */
class Until implements Chooser {
  constructor(
    private readonly inner: Chooser,
    private readonly already: ((machine: Machine) => boolean) | null,
  ) {}

  isThere(machine: Machine): boolean {
    return this.already?.(machine) === true;
  }

  next(enabled: readonly Task[], machine: Machine): Task | null {
    return this.isThere(machine) ? null : this.inner.next(enabled, machine);
  }

  alternative(choice: Choice, task: Task, machine: Machine): number {
    return this.inner.alternative(choice, task, machine);
  }
}

/** Where the inner chooser has no answer any more, whoever ran last goes on, else the lowest task. */
export class ThenOn implements Chooser {
  private last: Task | null = null;
  private ended = false;

  constructor(private readonly inner: Chooser) {}

  next(enabled: readonly Task[], machine: Machine): Task | null {
    const task = this.ended ? null : this.inner.next(enabled, machine);
    if (task === null) this.ended = true;
    else this.last = task;
    if (task !== null) return task;
    if (this.last?.enabled !== true) this.last = enabled[0];
    return this.last;
  }

  alternative(choice: Choice, task: Task, machine: Machine): number {
    return this.ended ? 0 : this.inner.alternative(choice, task, machine);
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** Below 0 if `a` comes first: number by number, the shorter one first if it is the beginning of the other. */
export function compare(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < a.length && i < b.length; i++) if (a[i] !== b[i]) return a[i] - b[i];
  return a.length - b.length;
}
