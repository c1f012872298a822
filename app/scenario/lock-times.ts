import type { LockClassStats } from '../kernel/kernel/locking/lock_stat.ts';
import type { LockTime } from '../kernel/kernel/locking/lock_time.ts';
import type { Run } from './run.ts';

/** How durations are spread, in virtual nanoseconds. */
export interface Spread {
  readonly count: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
  readonly total: number;
}

/** One class of locks over all iterations. Reading and writing are told apart, as in /proc/lock_stat. */
export interface LockTimes {
  /** With `/subclass` where that is not 0. */
  readonly name: string;
  readonly mode: 'read' | 'write';
  readonly contentions: number;
  readonly acquisitions: number;
  readonly wait: Spread;
  readonly hold: Spread;
}

/** Durations of all iterations together; each counts for as many as it was kept for. */
class Pool {
  private readonly weighted: { readonly ns: number; readonly weight: number }[] = [];
  private count = 0;
  private max = 0;
  private total = 0;

  take(time: LockTime): void {
    for (const ns of time.samples) this.weighted.push({ ns, weight: time.stride });
    this.count += time.count;
    this.total += time.total;
    if (time.max > this.max) this.max = time.max;
  }

  spread(): Spread {
    const { count, max, total } = this;
    return { count, ...percentilesOf(this.weighted), max, total };
  }
}

/** The locks of all runs, those with most contentions first, then by time held. */
export function lockTimesOf(runs: readonly Run[]): LockTimes[] {
  const pools = new Map<string, { name: string; mode: 'read' | 'write'; wait: Pool; hold: Pool }>();
  for (const stats of runs.flatMap((run) => run.lockStat?.classes ?? [])) {
    for (const mode of ['write', 'read'] as const) {
      if (stats.hold[mode].count + stats.wait[mode].count === 0) continue;
      const name = nameOf(stats);
      const key = `${mode} ${name}`;
      let pool = pools.get(key);
      if (pool === undefined) pools.set(key, (pool = { name, mode, wait: new Pool(), hold: new Pool() }));
      pool.wait.take(stats.wait[mode]);
      pool.hold.take(stats.hold[mode]);
    }
  }
  return [...pools.values()]
    .map(({ name, mode, wait, hold }, index) => ({
      index,
      name,
      mode,
      wait: wait.spread(),
      hold: hold.spread(),
    }))
    .sort((a, b) => b.wait.count - a.wait.count || b.hold.total - a.hold.total || a.index - b.index)
    .map(({ name, mode, wait, hold }) => {
      return { name, mode, contentions: wait.count, acquisitions: hold.count, wait, hold };
    });
}

/** The same of plain lists of durations, as a stopwatch gives them. */
export function spreadOf(durations: readonly number[]): Spread {
  const total = durations.reduce((sum, ns) => sum + ns, 0);
  const max = durations.reduce((most, ns) => Math.max(most, ns), 0);
  const weighted = durations.map((ns) => ({ ns, weight: 1 }));
  return { count: durations.length, ...percentilesOf(weighted), max, total };
}

const nameOf = ({ name, subclass }: LockClassStats): string =>
  subclass === 0 ? name : `${name}/${subclass}`;

/** By nearest rank: the least duration that so many percent do not exceed. */
function percentilesOf(
  weighted: readonly { readonly ns: number; readonly weight: number }[],
): Pick<Spread, 'p50' | 'p90' | 'p99'> {
  const sorted = weighted.toSorted((a, b) => a.ns - b.ns);
  const all = sorted.reduce((sum, { weight }) => sum + weight, 0);
  const at = (percent: number): number => {
    let seen = 0;
    for (const { ns, weight } of sorted) {
      seen += weight;
      if (seen * 100 >= all * percent) return ns;
    }
    return 0;
  };
  return { p50: at(50), p90: at(90), p99: at(99) };
}
