import type { Chooser } from '../sim/chooser.ts';
import { execute, type Execution, OPERATIONS_PER_EXECUTION } from './execution.ts';
import { Outcomes } from './outcomes.ts';
import type { Program } from './program.ts';
import type { Coverage, Search, Statistics } from './strategy.ts';

export interface SamplingOptions {
  readonly operationsPerExecution?: number;
}

/** A search that draws one execution after the other and never comes to an end. */
export abstract class SamplingSearch implements Search {
  readonly statistics = { executions: 0, blocked: 0, cut: 0, probes: 0, operations: 0 } satisfies Statistics;
  readonly finished = false;
  private readonly found = new Outcomes();
  private readonly limit: number;

  constructor(
    private readonly program: Program,
    options: SamplingOptions,
  ) {
    this.limit = options.operationsPerExecution ?? OPERATIONS_PER_EXECUTION;
  }

  /** The chooser of the next execution. */
  protected abstract chooser(): Chooser;

  /** Called with each execution. */
  protected learn(_execution: Execution): void {}

  get outcomes(): ReturnType<Outcomes['list']> {
    return this.found.list();
  }

  get coverage(): Coverage {
    return { kind: 'unfinished', remaining: null };
  }

  advance(executions: number): void {
    for (let i = 0; i < executions; i++) {
      const execution = execute(this.program, this.chooser(), this.limit);
      const { statistics } = this;
      statistics.executions++;
      statistics.operations += execution.machine.steps;
      if (execution.cut) statistics.cut++;
      this.learn(execution);
      if (this.found.note(execution.titles, statistics.executions, () => execution.schedule)) return;
    }
  }
}
