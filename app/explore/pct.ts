import { Prng } from '../base/prng.ts';
import type { Choice } from '../sim/choose.ts';
import type { Chooser } from '../sim/chooser.ts';
import type { Machine } from '../sim/machine.ts';
import type { Task } from '../sim/task.ts';
import type { Execution } from './execution.ts';
import type { Program } from './program.ts';
import { type SamplingOptions, SamplingSearch } from './sampling.ts';

/**
 * Probabilistic concurrency testing (Burckhardt, Kothari, Musuvathi, Nagarakatte: ASPLOS 2010). Tasks get
 * random priorities and the highest one runs; at `depth - 1` random moments the running task drops below all
 * others. A bug that needs `depth` ordering constraints shows in one execution with at least the probability
 * that `guarantee` gives.
 */
export class PctSearch extends SamplingSearch {
  private readonly prng: Prng;
  private tasks = 1;
  private operations = 1;

  constructor(
    program: Program,
    readonly depth: number,
    seed: number,
    options: SamplingOptions = {},
  ) {
    super(program, options);
    this.prng = new Prng(seed);
  }

  /** 1/(n*k^(d-1)), for the most tasks and operations that any execution had so far. */
  get guarantee(): string {
    return `1/(${this.tasks}*${this.operations}^${this.depth - 1})`;
  }

  protected override chooser(): Chooser {
    return new PriorityChooser(this.prng, this.depth, this.operations);
  }

  protected override learn({ machine }: Execution): void {
    this.tasks = Math.max(this.tasks, machine.tasks.length);
    this.operations = Math.max(this.operations, machine.steps);
  }
}

class PriorityChooser implements Chooser {
  /** By task; higher runs first. Those drawn at the start are at least `depth`. */
  private readonly priorities: number[] = [];
  /** Operations before which the running task drops, with the priority that it drops to. */
  private readonly drops = new Map<number, number>();

  constructor(
    private readonly prng: Prng,
    private readonly depth: number,
    operations: number,
  ) {
    for (let drop = depth - 1; drop >= 1; drop--) {
      this.drops.set(prng.below(Math.min(operations, MOST_DRAWN)), drop);
    }
  }

  next(enabled: readonly Task[], machine: Machine): Task {
    const drop = this.drops.get(machine.steps);
    if (drop !== undefined) {
      this.drops.delete(machine.steps);
      this.priorities[this.highest(enabled).index] = drop - this.depth;
    }
    return this.highest(enabled);
  }

  alternative(choice: Choice): number {
    return this.prng.below(choice.alternatives);
  }

  private highest(enabled: readonly Task[]): Task {
    return enabled.reduce((best, task) => (this.priorityOf(task) > this.priorityOf(best) ? task : best));
  }

  private priorityOf(task: Task): number {
    while (this.priorities.length <= task.index) this.priorities.push(this.prng.below(MOST_DRAWN));
    return this.priorities[task.index];
  }
}

/** The generator draws below this. Two tasks rarely draw the same priority; the lower task goes first then. */
const MOST_DRAWN = 0x100000;
