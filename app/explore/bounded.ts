import { ScytheBug } from '../base/assert.ts';
import type { Choice } from '../sim/choose.ts';
import type { Chooser } from '../sim/chooser.ts';
import type { Machine } from '../sim/machine.ts';
import { Recorder, type Schedule } from '../sim/schedule.ts';
import type { Task } from '../sim/task.ts';
import { type BacktrackingOptions, BacktrackingSearch } from './backtracking.ts';
import { Prefix } from './prefix.ts';
import type { Program } from './program.ts';
import type { Coverage } from './strategy.ts';

/**
 * What a bound counts:
 * - `preemptions`: changes from a task that could have gone on.
 * - `delays`: steps away from what a plain scheduler would do: go on with the task, else with the next one.
 */
export type BoundKind = 'preemptions' | 'delays';

export interface BoundedOptions extends BacktrackingOptions {
  /** The last bound to search; without it the search ends when a bound left nothing out. */
  readonly most?: number;
}

/**
 * All executions with at most 0, then 1, then 2 … preemptions or delays: most bugs need few.
 *
 * Within a bound, two beginnings that differ only in the order of independent operations, end in the same
 * task and have as much of the bound left can come to the same; the second is given up. For that the search
 * remembers a 64-bit hash for each beginning of the present bound.
 *
 * There are no sleep sets here, as those are not sound with a bound: a step may sleep because another order of the
 * same steps was explored, and that order may need one preemption more and have been left out for it (Coons,
 * Musuvathi, McKinley: OOPSLA 2013). Beginnings that are given up are therefore many, ten for each execution of a
 * kernel: half of them only after the task that took over has run on for long, so that none could tell earlier.
 */
export class BoundedSearch extends BacktrackingSearch implements Chooser {
  /** The bound that is being searched. */
  bound = 0;

  /** At each decision of the present execution: what was taken, out of how many. */
  private readonly taken: number[] = [];
  private readonly ways: number[] = [];
  private decision = 0;
  private spent = 0;
  /** True if the present bound kept anything from being searched. */
  private leftOut = false;
  private abandoned = false;
  /** For each beginning, the most that was left of the bound when it was come to. */
  private readonly seen = new Map<string, number>();
  private readonly prefix = new Prefix();
  private recorder = new Recorder(this);

  constructor(
    program: Program,
    readonly kind: BoundKind,
    private readonly options: BoundedOptions = {},
  ) {
    super(program, options);
  }

  override get coverage(): Coverage {
    const cut = this.statistics.cut > 0 ? `, ${this.cutOff}` : '';
    if (this.finished && !this.leftOut) {
      return cut === '' ? { kind: 'complete' } : { kind: 'complete within bound', bound: cut.slice(2) };
    }
    const bound = this.finished ? this.bound : this.bound - 1;
    if (bound < 0) return { kind: 'unfinished', remaining: null };
    return { kind: 'complete within bound', bound: `${bound} ${this.kind}${cut}` };
  }

  /** The choices of the present execution. */
  schedule(): Schedule {
    return this.recorder.schedule;
  }

  next(enabled: readonly Task[], machine: Machine): Task | null {
    const last = this.prefix.close(machine);
    if (machine.steps >= this.limit) {
      this.abandoned = true;
      this.statistics.cut++;
      return null;
    }
    if (this.decision >= this.taken.length && this.wasSeen(last)) {
      this.abandoned = true;
      this.statistics.blocked++;
      return null;
    }
    const task = this.pick(enabled, last);
    this.prefix.open(task, machine);
    return task;
  }

  alternative(choice: Choice): number {
    const taken = this.decide(choice.alternatives);
    this.prefix.decided(taken);
    return taken;
  }

  protected override execute(): boolean {
    const { statistics } = this;
    const machine = this.program.create();
    const { blocked } = statistics;
    this.decision = 0;
    this.spent = 0;
    this.abandoned = false;
    this.prefix.clear();
    this.recorder = new Recorder(this);
    while (machine.enabled.length > 0 && !this.abandoned) machine.run(this.recorder);
    statistics.operations += machine.steps;
    if (statistics.blocked > blocked) return false;
    // Executions that need less than the bound were counted with a smaller one.
    if (this.spent < this.bound) return false;
    statistics.executions++;
    return this.found.note(this.program.judge(machine), statistics.executions, () => this.schedule());
  }

  /** Has everything that can follow been searched, with as much of the bound left? */
  private wasSeen(last: Task | null): boolean {
    const key = `${this.prefix.key()} ${last === null ? '' : last.index}`;
    const left = this.bound - this.spent;
    const before = this.seen.get(key);
    if (before !== undefined && before >= left) return true;
    this.seen.set(key, left);
    return false;
  }

  /** The cheapest task first: the one that runs; where it cannot go on, all are free or counted from the next. */
  private pick(enabled: readonly Task[], last: Task | null): Task {
    const order = inOrderAfter(enabled, last);
    const affordable = order.filter((_, place) => this.spent + this.cost(place, last) <= this.bound).length;
    if (affordable < order.length) this.leftOut = true;
    const place = this.decide(affordable);
    this.spent += this.cost(place, last);
    return order[place];
  }

  private cost(place: number, last: Task | null): number {
    if (this.kind === 'delays') return place;
    return place > 0 && last?.enabled === true ? 1 : 0;
  }

  private decide(ways: number): number {
    const at = this.decision++;
    if (at === this.taken.length) {
      this.taken.push(0);
      this.ways.push(ways);
    } else if (this.ways[at] !== ways) throw new ScytheBug('the model does not repeat itself');
    return this.taken[at];
  }

  /** Which share of a bound is searched says nothing about the bounds after it. */
  protected override remaining(): null {
    return null;
  }

  protected override backtrack(): void {
    let at = this.taken.length - 1;
    while (at >= 0 && this.taken[at] + 1 === this.ways[at]) at--;
    this.taken.length = at + 1;
    this.ways.length = at + 1;
    if (at >= 0) this.taken[at]++;
    else if (!this.leftOut || this.bound === this.options.most) this.finished = true;
    else this.raise();
  }

  private raise(): void {
    this.bound++;
    this.leftOut = false;
    this.seen.clear();
  }
}

/** The enabled tasks, `last` first if it is one of them, then by index from the one after it, round. */
function inOrderAfter(enabled: readonly Task[], last: Task | null): readonly Task[] {
  if (last === null) return enabled;
  const from = enabled.findIndex((task) => task.index >= last.index);
  return from < 0 ? enabled : [...enabled.slice(from), ...enabled.slice(0, from)];
}
