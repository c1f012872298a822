import { Outcomes, type Outcome } from '../../explore/outcomes.ts';
import { addTo, type Statistics } from '../../explore/strategy.ts';
import type { Opened, Settings } from '../../scenario/search.ts';
import { breathe, type Driver, type Limits } from './driver.ts';
import { Helper } from './helper.ts';
import type { Drawn, Job } from './protocol.ts';
import { draw } from './worker.ts';

/** Draws in blocks, each with its own seed: the same for any number of threads. */
export class InBlocks implements Driver {
  private readonly counts = { executions: 0, blocked: 0, cut: 0, probes: 0, operations: 0 };
  private readonly found = new Outcomes();
  private readonly helpers: readonly Helper[];

  readonly finished = false;
  readonly coverage = { kind: 'unfinished', remaining: null } as const;

  constructor(
    private readonly opened: Opened,
    private readonly settings: Settings,
    threads: number,
  ) {
    this.helpers = Array.from({ length: threads > 1 ? threads : 0 }, () => new Helper(opened, settings));
  }

  get statistics(): Statistics {
    return this.counts;
  }
  get outcomes(): readonly Outcome[] {
    return this.found.list();
  }
  checkpoint(): null {
    return null;
  }
  async close(): Promise<void> {
    await Promise.all(this.helpers.map((helper) => helper.close()));
  }

  async step({ executions, stopAtFirst }: Limits): Promise<void> {
    const results: Promise<Drawn>[] = [];
    let planned = this.counts.executions;
    for (let i = 0; i < Math.max(1, this.helpers.length) && planned < executions; i++) {
      const size = Math.min(BLOCK, executions - planned);
      const job = { kind: 'draws', seed: this.settings.seed + planned, executions: size } as const;
      results.push(this.draw(this.helpers.at(i), job));
      planned += size;
    }
    for (const { statistics, outcomes } of await Promise.all(results)) {
      this.found.merge(outcomes, this.counts.executions);
      addTo(this.counts, statistics);
      if (stopAtFirst && this.outcomes.length > 0) return;
    }
  }

  private async draw(helper: Helper | undefined, job: Extract<Job, { kind: 'draws' }>): Promise<Drawn> {
    if (helper !== undefined) return helper.ask(job);
    await breathe();
    return draw(this.opened.program, this.settings, job);
  }
}

const BLOCK = 200;
