import type { Outcome } from '../../explore/outcomes.ts';
import { PartitionedSearch, type Checkpoint } from '../../explore/partition.ts';
import type { Coverage, Search, Statistics } from '../../explore/strategy.ts';
import { searchOf, type Opened, type Settings } from '../../scenario/search.ts';
import type { Pool } from './pool.ts';
import { mergeOutcomes, sum, type Job } from './protocol.ts';

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
}

/** True if the limits say that a search has to end. */
export function isAtEnd(driver: Driver, { executions, stopAtFirst, isOver }: Limits): boolean {
  if (driver.finished || driver.statistics.executions >= executions) return true;
  return (stopAtFirst && driver.outcomes.length > 0) || isOver();
}

/** One search in this thread, from its start to its end. */
export function inOneGo({ program }: Opened, settings: Settings): Driver {
  return new InOneGo(searchOf(program, settings));
}

/** A moment: between two looks at the clock and at the keyboard. */
const MOMENT_MS = 50;

class InOneGo implements Driver {
  private slice = 1;

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

  async step({ executions }: Limits): Promise<void> {
    const startedMs = performance.now();
    this.search.advance(Math.min(this.slice, executions - this.statistics.executions));
    const tookMs = performance.now() - startedMs;
    if (tookMs < MOMENT_MS / 2) this.slice = Math.min(this.slice * 2, 100_000);
    else if (tookMs > MOMENT_MS * 2) this.slice = Math.max(1, this.slice >> 1);
    await new Promise((next) => setImmediate(next));
  }
}

/** Optimal DPOR in rounds of parts: the same for any number of threads. */
export class InParts implements Driver {
  private readonly search: PartitionedSearch;
  /** What the parts of a round that was broken off have found: told, and not in the checkpoint. */
  private readonly broken = { statistics: NOTHING, outcomes: new Map<string, Outcome>() };

  constructor(
    { program }: Opened,
    { operationsPerExecution }: Settings,
    private readonly pool: Pool,
    from: Checkpoint | null,
  ) {
    const options = { operationsPerExecution, assignments: PARTS_IN_A_ROUND };
    this.search = new PartitionedSearch(program, options, from);
  }

  get statistics(): Statistics {
    return sum([this.search.statistics, this.broken.statistics]);
  }
  get outcomes(): readonly Outcome[] {
    const all = new Map<string, Outcome>();
    mergeOutcomes(all, this.search.outcomes, 0);
    mergeOutcomes(all, [...this.broken.outcomes.values()], 0);
    return [...all.values()];
  }
  get coverage(): Coverage {
    return this.search.coverage;
  }
  get finished(): boolean {
    return this.search.finished;
  }
  checkpoint(): Checkpoint {
    return this.search.checkpoint();
  }

  async step({ executions, stopAtFirst, isOver }: Limits): Promise<void> {
    const assignments = this.search.assignments();
    const left = executions - this.search.statistics.executions;
    const share = Math.max(1, Math.min(EXECUTIONS_IN_A_PART, Math.ceil(left / assignments.length)));
    const jobs = assignments.map((assignment): Job => ({ kind: 'part', assignment, executions: share }));
    const results = await this.pool.run(jobs, isOver);
    const first = stopAtFirst ? results.findIndex(({ outcomes }) => outcomes.length > 0) : -1;
    if (results.length === jobs.length && first < 0) {
      this.search.merge(results);
      return;
    }
    let before = this.search.statistics.executions;
    for (const { statistics, outcomes } of first < 0 ? results : results.slice(0, first + 1)) {
      mergeOutcomes(this.broken.outcomes, outcomes, before);
      this.broken.statistics = sum([this.broken.statistics, statistics]);
      before += statistics.executions;
    }
  }
}

const NOTHING: Statistics = sum([]);
const PARTS_IN_A_ROUND = 32;
const EXECUTIONS_IN_A_PART = 100;

/** Draws in blocks, each with its own seed: the same for any number of threads. */
export class InBlocks implements Driver {
  private counts = NOTHING;
  private readonly found = new Map<string, Outcome>();

  readonly finished = false;
  readonly coverage = { kind: 'unfinished', remaining: null } as const;

  constructor(
    private readonly settings: Settings,
    private readonly pool: Pool,
  ) {}

  get statistics(): Statistics {
    return this.counts;
  }
  get outcomes(): readonly Outcome[] {
    return [...this.found.values()];
  }
  checkpoint(): null {
    return null;
  }

  async step({ executions, stopAtFirst, isOver }: Limits): Promise<void> {
    const jobs: Job[] = [];
    let planned = this.counts.executions;
    for (let i = 0; i < this.pool.size && planned < executions; i++) {
      const size = Math.min(BLOCK, executions - planned);
      jobs.push({ kind: 'draws', seed: this.settings.seed + planned, executions: size });
      planned += size;
    }
    for (const { statistics, outcomes } of await this.pool.run(jobs, isOver)) {
      mergeOutcomes(this.found, outcomes, this.counts.executions);
      this.counts = sum([this.counts, statistics]);
      if (stopAtFirst && this.found.size > 0) return;
    }
  }
}

const BLOCK = 200;
