import { OPERATIONS_PER_EXECUTION } from './execution.ts';
import { Outcomes } from './outcomes.ts';
import type { Program } from './program.ts';
import type { Coverage, Search, Statistics } from './strategy.ts';

export interface BacktrackingOptions {
  /** Executions are cut off after so many operations. */
  readonly operationsPerExecution?: number;
}

/** What searches have in common that perform an execution, then go back to where something is left to do. */
export abstract class BacktrackingSearch implements Search {
  readonly statistics: { -readonly [Key in keyof Statistics]: Statistics[Key] } = {
    ...{ executions: 0, blocked: 0, cut: 0, probes: 0, operations: 0 },
  };
  finished = false;
  protected readonly found = new Outcomes();
  protected readonly limit: number;

  constructor(
    protected readonly program: Program,
    { operationsPerExecution = OPERATIONS_PER_EXECUTION }: BacktrackingOptions,
  ) {
    this.limit = operationsPerExecution;
  }

  /** Runs an execution to its end. True if it came to a title that is new. */
  protected abstract execute(): boolean;
  /** Goes back to where something is left to do, or is `finished`. */
  protected abstract backtrack(): void;
  /** An estimate of the executions that are left; null if nobody can tell. */
  protected abstract remaining(): number | null;

  get outcomes(): ReturnType<Outcomes['list']> {
    return this.found.list();
  }

  get coverage(): Coverage {
    if (!this.finished) return { kind: 'unfinished', remaining: this.remaining() };
    return this.statistics.cut === 0
      ? { kind: 'complete' }
      : { kind: 'complete within bound', bound: this.cutOff };
  }

  /** How a search is bounded that has cut executions off. */
  protected get cutOff(): string {
    return `${this.limit} operations per execution`;
  }

  advance(executions: number): void {
    for (let i = 0; i < executions && !this.finished; i++) {
      const news = this.execute();
      this.backtrack();
      if (news) return;
    }
  }
}
