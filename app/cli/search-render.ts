import type { Coverage, Statistics } from '../explore/strategy.ts';
import { formatSchedule } from '../sim/schedule.ts';
import type { Find, Opened, Settings } from '../scenario/search.ts';
import { renderHead } from './render.ts';
import type { Palette } from './terminal.ts';

/** A search that has ended, with all that there is to know about it. */
export interface Explored {
  readonly opened: Opened;
  readonly settings: Settings;
  readonly statistics: Statistics;
  readonly coverage: Coverage;
  readonly finds: readonly Find[];
  /** The files of the finds, in their order; empty if none were asked for. */
  readonly replays: readonly string[];
  /** What was expected and does not hold. */
  readonly failures: readonly string[];
  readonly elapsedMs: number;
}

/** The document that `--json` prints, of programs and scenarios alike. All but `elapsedMs` is the same each time. */
export interface SearchDocument {
  readonly target: string;
  readonly tree: string | null;
  readonly patches: readonly string[];
  readonly strategy: string;
  readonly executions: number;
  readonly blocked: number;
  /** States that were seen, by a search for states. */
  readonly states?: number;
  readonly complete: boolean;
  /** What `complete` is limited to, if it is. */
  readonly bound: string | null;
  /** An estimate of the executions that are left; null if none are, or if nobody can tell. */
  readonly remaining: number | null;
  readonly elapsedMs: number;
  readonly operations: number;
  readonly outcomes: readonly {
    readonly title: string;
    readonly count: number;
    readonly first: number;
    readonly switches: number;
    readonly preemptions: number;
    readonly operations: number;
    readonly schedule: string;
    readonly replay: string | null;
  }[];
  readonly failures: readonly string[];
  readonly verdict: 'pass' | 'fail';
}

export function documentOf(explored: Explored): SearchDocument {
  const { opened, settings, statistics, coverage, finds, replays, failures, elapsedMs } = explored;
  return {
    target: opened.target.name,
    tree: opened.plan?.tree.name ?? null,
    patches: opened.plan?.patches.map(({ name }) => name) ?? [],
    strategy: settings.strategy,
    executions: statistics.executions,
    blocked: statistics.blocked,
    ...(statistics.states === undefined ? {} : { states: statistics.states }),
    complete: coverage.kind !== 'unfinished',
    bound: coverage.kind === 'complete within bound' ? coverage.bound : null,
    remaining: coverage.kind === 'unfinished' ? coverage.remaining : null,
    elapsedMs: Math.round(elapsedMs),
    operations: statistics.operations,
    outcomes: finds.map(({ schedule, ...find }, i) => ({
      ...find,
      schedule: formatSchedule(schedule),
      replay: replays[i] ?? null,
    })),
    failures,
    verdict: failures.length === 0 ? 'pass' : 'fail',
  };
}

export function renderSearchHead({ target, plan }: Opened, settings: Settings, palette: Palette): string {
  const head =
    plan === null ? `${palette.paint('bold', target.name)}\n` : renderHead(target.name, plan, palette);
  return `${head.trimEnd()}\nsearch   ${describeStrategy(settings)}\n\n`;
}

function describeStrategy({ strategy, preemptions, depth, seed }: Settings): string {
  switch (strategy) {
    case 'dpor':
      return 'dpor: one execution for each order of dependent operations';
    case 'states':
      return 'states: each state once';
    case 'bounded':
      return `bounded: ${preemptions === null ? 'preemptions from 0 upwards' : `at most ${preemptions} preemptions`}`;
    case 'pct':
      return `pct: depth ${depth}, seed ${seed}`;
    case 'random':
      return `random: seed ${seed}`;
    case 'exhaustive':
      return 'exhaustive: every order of operations';
  }
}

/** What a search has come to, in a few lines. */
export function renderSearch(explored: Explored, palette: Palette): string {
  const { statistics, coverage, finds, replays, failures, elapsedMs } = explored;
  const lines = finds.flatMap((find, i) => renderFind(find, replays[i], palette));
  const seconds = elapsedMs / 1000;
  const rate = Math.round(statistics.executions / Math.max(seconds, 0.001));
  const met = failures.length === 0;
  const verdict = met ? palette.paint('green', 'as expected') : palette.paint('red', 'NOT as expected');
  return [
    ...(finds.length === 0 ? ['nothing was found'] : lines),
    '',
    `searched ${statistics.executions} executions (${statistics.blocked} blocked, ${statistics.cut} cut off), ` +
      (statistics.states === undefined ? '' : `${statistics.states} states, `) +
      `${statistics.operations} operations in ${seconds.toFixed(1)} s, ${rate}/s`,
    `covered  ${describeCoverage(coverage)}`,
    ...failures.map((failure) => `missed   ${palette.paint('red', failure)}`),
    `verdict: ${verdict}`,
  ]
    .map((line) => `${line}\n`)
    .join('');
}

function renderFind(find: Find, replay: string | undefined, palette: Palette): string[] {
  const { title, count, first, switches, preemptions, operations } = find;
  const executions = count === 1 ? '1 execution' : `${count} executions`;
  return [
    `found    ${palette.paint('yellow', title)}`,
    `         in ${executions}, first in number ${first}; shortest: ${switches} context switches, ` +
      `${preemptions} preemptions, ${operations} operations`,
    ...(replay === undefined ? [] : [`         scythe replay ${replay}`]),
  ];
}

export function describeCoverage(coverage: Coverage): string {
  switch (coverage.kind) {
    case 'complete':
      return 'complete: every execution';
    case 'complete within bound':
      return `complete within ${coverage.bound}`;
    case 'unfinished': {
      const left = coverage.remaining === null ? 'nobody can tell how many' : `about ${coverage.remaining}`;
      return `budget spent, not complete: ${left} executions are left`;
    }
  }
}
