import type { Part } from '../../explore/branches.ts';
import { Outcomes, type Outcome } from '../../explore/outcomes.ts';
import { SharedSearch, type Checkpoint, type PartResult } from '../../explore/shared.ts';
import { addTo, type Coverage, type Statistics } from '../../explore/strategy.ts';
import type { Opened, Settings } from '../../scenario/search.ts';
import { breathe, Slices, type Driver, type Limits } from './driver.ts';
import { Helper } from './helper.ts';

/**
 * Optimal DPOR in this thread, with the help of others: the very same search for any number of them. They are given
 * parts that come soon; what this thread comes to before a helper is done with it, it takes back and goes on with.
 */
export class Sharing implements Driver {
  private readonly search: SharedSearch;
  private readonly idle: Helper[];
  private readonly helpers: readonly Helper[];
  /** Who works at what. */
  private readonly busy = new Map<number, { helper: Helper; done: Promise<void> }>();
  private readonly slices: Slices;
  /** What a part takes a helper, as a moving average. */
  private partMs = WORTH_MS;
  private steps = 0;
  /** What helpers found for a search that was broken off: told, and not in the checkpoint. */
  private readonly broken = { executions: 0, blocked: 0, cut: 0, probes: 0, operations: 0 };
  private readonly brokenOutcomes = new Outcomes();

  constructor(
    opened: Opened,
    settings: Settings,
    threads: number,
    stopAtFirst: boolean,
    from: Checkpoint | null,
  ) {
    const { operationsPerExecution } = settings;
    this.search = new SharedSearch(opened.program, { operationsPerExecution, stopAtFirst, from });
    this.helpers = Array.from({ length: threads - 1 }, () => new Helper(opened, settings));
    this.idle = [...this.helpers];
    this.slices = new Slices(threads > 1 ? MOMENT_WITH_HELPERS_MS : MOMENT_MS);
  }

  get statistics(): Statistics {
    if (this.broken.executions === 0) return this.search.statistics;
    const all = { ...this.search.statistics };
    addTo(all, this.broken);
    return all;
  }
  get outcomes(): readonly Outcome[] {
    const more = this.brokenOutcomes.list();
    if (more.length === 0) return this.search.outcomes;
    const all = new Outcomes();
    all.merge(this.search.outcomes, 0);
    all.merge(more, this.search.statistics.executions);
    return all.list();
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

  async step({ executions, isOver }: Limits): Promise<void> {
    const { search } = this;
    search.most = executions;
    this.feed();
    this.slices.advance(search, executions - search.statistics.executions);
    const { waitsFor } = search;
    const awaited = waitsFor === null ? undefined : this.busy.get(waitsFor);
    if (waitsFor !== null && awaited !== undefined) {
      awaited.helper.want(waitsFor);
      await awaited.done;
    }
    await breathe();
    if (isOver()) await this.breakOff();
  }

  async close(): Promise<void> {
    await Promise.all(this.helpers.map((helper) => helper.close()));
  }

  /** Gives idle helpers something to do, unless parts are so small that it takes longer than to explore them. */
  private feed(): void {
    if (this.partMs < WORTH_MS && this.steps++ % LOOKS_AGAIN !== 0) return;
    for (let helper = this.idle.pop(); helper !== undefined; helper = this.idle.pop()) {
      const parcel = this.search.giveAway();
      if (parcel === null) {
        this.idle.push(helper);
        return;
      }
      this.busy.set(parcel.number, { helper, done: this.help(helper, parcel) });
    }
  }

  private async help(helper: Helper, { number, part }: { number: number; part: Part }): Promise<void> {
    const startedMs = performance.now();
    const result = (await helper.ask({ kind: 'part', number, part })) as PartResult;
    // The first one includes the start of the thread.
    if (number > FIRST) this.partMs += (performance.now() - startedMs - this.partMs) / 8;
    this.search.takeBack(number, result);
    this.busy.delete(number);
    this.idle.push(helper);
  }

  /** Takes in what helpers have found so far, in no particular order: nothing follows. */
  private async breakOff(): Promise<void> {
    for (const [number, { helper }] of this.busy) helper.want(number);
    await Promise.all([...this.busy.values()].map(({ done }) => done));
    for (const { statistics, outcomes } of this.search.leftOver) {
      this.brokenOutcomes.merge(outcomes, this.broken.executions);
      addTo(this.broken, statistics);
    }
  }
}

/** A moment: between two looks at the clock and at the keyboard. With helpers, between two looks who is done. */
const MOMENT_MS = 50;
const MOMENT_WITH_HELPERS_MS = 5;

/** A part that takes less than this is not worth being sent away, but now and then it is tried again. */
const WORTH_MS = 2;
const LOOKS_AGAIN = 64;

/** Numbers of parts that say nothing about how long others take. */
const FIRST = 8;
