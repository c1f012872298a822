import type { Outcome } from '../../explore/outcomes.ts';
import type { Checkpoint } from '../../explore/shared.ts';
import type { Coverage, Search, Statistics } from '../../explore/strategy.ts';

/** When to stop. */
export interface Limits {
  readonly executions: number;
  readonly stopAtFirst: boolean;
  /** The time is over, or somebody pressed Ctrl-C. */
  readonly isOver: () => boolean;
}

/** A search that is under way, however it is spread over threads. */
export interface Driver {
  readonly statistics: Statistics;
  readonly outcomes: readonly Outcome[];
  readonly coverage: Coverage;
  readonly finished: boolean;
  /** Goes on for a moment. */
  step(limits: Limits): Promise<void>;
  /** What is needed to go on later, if it can be done later. */
  checkpoint(): Checkpoint | null;
  /** Ends what other threads do. */
  close(): Promise<void>;
}

/** True if the limits say that a search has to end. */
export function isAtEnd(driver: Driver, { executions, stopAtFirst, isOver }: Limits): boolean {
  if (driver.finished || driver.statistics.executions >= executions) return true;
  return (stopAtFirst && driver.outcomes.length > 0) || isOver();
}

/** Advances a search for about a moment at a time. */
export class Slices {
  private size = 1;

  constructor(private readonly momentMs: number) {}

  advance(search: Search, most: number): void {
    const startedMs = performance.now();
    search.advance(Math.min(this.size, most));
    const tookMs = performance.now() - startedMs;
    if (tookMs < this.momentMs / 2) this.size = Math.min(this.size * 2, 100_000);
    else if (tookMs > this.momentMs * 2) this.size = Math.max(1, this.size >> 1);
  }
}

/** Lets Ctrl-C and other threads come through. */
export function breathe(): Promise<void> {
  return new Promise((next) => {
    setImmediate(next);
  });
}

/** A search in this thread, from its start to its end. */
export class InOneGo implements Driver {
  private readonly slices = new Slices(MOMENT_MS);

  constructor(private readonly search: Search) {}

  get statistics(): Statistics {
    return this.search.statistics;
  }
  get outcomes(): readonly Outcome[] {
    return this.search.outcomes;
  }
  get coverage(): Coverage {
    return this.search.coverage;
  }
  get finished(): boolean {
    return this.search.finished;
  }
  checkpoint(): null {
    return null;
  }
  close(): Promise<void> {
    return Promise.resolve();
  }

  async step({ executions }: Limits): Promise<void> {
    this.slices.advance(this.search, executions - this.statistics.executions);
    await breathe();
  }
}

/** A moment: between two looks at the clock and at the keyboard. */
const MOMENT_MS = 50;
