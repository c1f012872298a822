import type { Choice } from '../sim/choose.ts';
import type { Chooser } from '../sim/chooser.ts';
import { Recorder, type Schedule } from '../sim/schedule.ts';
import type { Task } from '../sim/task.ts';
import { type BacktrackingOptions, BacktrackingSearch } from './backtracking.ts';
import type { Program } from './program.ts';
import { left } from './strategy.ts';

/**
 * Every order of operations and every alternative, without any reduction: the oracle for the other
 * strategies, and for nothing that is not tiny.
 */
export class ExhaustiveSearch extends BacktrackingSearch implements Chooser {
  /** What was taken at each decision of the present execution, and out of how many. */
  private readonly taken: number[] = [];
  private readonly choices: number[] = [];
  private decision = 0;
  private recorder = new Recorder(this);

  constructor(program: Program, options: BacktrackingOptions = {}) {
    super(program, { operationsPerExecution: DEFAULT_LIMIT, ...options });
  }

  /** The choices of the present execution. */
  schedule(): Schedule {
    return this.recorder.schedule;
  }

  next(enabled: readonly Task[]): Task {
    return enabled[this.decide(enabled.length)];
  }

  alternative(choice: Choice): number {
    return this.decide(choice.alternatives);
  }

  protected override execute(): boolean {
    const { statistics } = this;
    const machine = this.program.create();
    this.decision = 0;
    const recorder = new Recorder(this);
    this.recorder = recorder;
    while (machine.enabled.length > 0 && machine.steps < this.limit)
      machine.run(recorder, this.limit - machine.steps);
    if (machine.enabled.length > 0) statistics.cut++;
    statistics.operations += machine.steps;
    statistics.executions++;
    return this.found.note(this.program.judge(machine), statistics.executions, () => this.schedule());
  }

  protected override remaining(): number | null {
    let share = 1;
    let done = 0;
    this.taken.forEach((taken, at) => {
      share /= this.choices[at];
      done += taken * share;
    });
    return left(this.statistics.executions, done);
  }

  /** Moves on to the next combination of decisions, the last one first. */
  protected override backtrack(): void {
    let at = this.taken.length - 1;
    while (at >= 0 && this.taken[at] + 1 === this.choices[at]) at--;
    this.taken.length = at + 1;
    this.choices.length = at + 1;
    if (at < 0) this.finished = true;
    else this.taken[at]++;
  }

  private decide(ways: number): number {
    const at = this.decision++;
    if (at === this.taken.length) {
      this.taken.push(0);
      this.choices.push(ways);
    }
    return this.taken[at];
  }
}

const DEFAULT_LIMIT = 10_000;
