import type { Config } from '../kernel/config.ts';
import { differences } from '../kernel/kconfig.ts';
import type { Plan } from '../scenario/resolve.ts';
import type { Run } from '../scenario/run.ts';
import type { Timings } from '../scenario/timings.ts';
import { formatDuration } from '../scenario/units.ts';
import type { Palette } from './terminal.ts';

export type Verdict = 'pass' | 'fail';

/** The document that `--json` prints. */
export interface ResultDocument {
  readonly scenario: string;
  readonly tree: string;
  readonly patches: readonly string[];
  /** The whole configuration. */
  readonly config: Readonly<Record<string, 'y' | 'n' | number>>;
  readonly iterations: readonly {
    readonly seed: number;
    readonly verdict: Verdict;
    readonly titles: readonly string[];
    /** Virtual nanoseconds. */
    readonly timings: Timings;
    readonly eventHash: string;
    readonly steps: number;
  }[];
  readonly verdict: Verdict;
}

export function documentOf(name: string, plan: Plan, runs: readonly Run[]): ResultDocument {
  return {
    scenario: name,
    tree: plan.tree.name,
    patches: plan.patches.map((patch) => patch.name),
    config: Object.fromEntries(
      Object.entries(plan.config).map(([option, value]) => [
        option,
        settingOf(value as Config[keyof Config]),
      ]),
    ),
    iterations: runs.map(({ seed, met, titles, timings, eventHash, steps }) => ({
      seed,
      verdict: met ? 'pass' : 'fail',
      titles,
      timings,
      eventHash,
      steps,
    })),
    verdict: runs.every((run) => run.met) ? 'pass' : 'fail',
  };
}

/** The lines above a run: what is run on what. */
export function renderHead(name: string, plan: Plan, palette: Palette): string {
  const { scenario, tree, patches, config } = plan;
  const changed = Object.entries(differences(config)).map(([option, value]) => `${option}=${value}`);
  const kernel = [
    `${tree.name} (${tree.release})`,
    `${config.PREEMPT_RT ? 'PREEMPT_RT' : 'no PREEMPT_RT'}, HZ=${config.HZ}`,
    ...patches.map((patch) => `+ ${patch.name}`),
  ].join(', ');
  return [
    palette.paint('bold', `${name}: ${scenario.title}`),
    `kernel   ${kernel}`,
    ...(changed.length === 0 ? [] : [`config   ${changed.join(' ')}`]),
    '',
  ]
    .map((line) => `${line}\n`)
    .join('');
}

/** One iteration in a few lines. */
export function renderRun(run: Run, palette: Palette): string {
  const verdict = run.met ? palette.paint('green', 'as expected') : palette.paint('red', 'NOT as expected');
  const lines = [
    `seed ${run.seed}: ${verdict}; ${run.outcome.text}`,
    ...titleLines(run, palette),
    ...run.failures.map((failure) => `  ${palette.paint('red', 'missed')}   ${failure}`),
    `  times    ${renderTimings(run.timings)}`,
    `  events   ${run.events}, hash ${run.eventHash}, ${run.steps} operations`,
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function titleLines(run: Run, palette: Palette): string[] {
  const counts = new Map<string, number>();
  for (const title of run.titles) counts.set(title, (counts.get(title) ?? 0) + 1);
  if (counts.size === 0) return ['  reports  none'];
  return [...counts].map(([title, count]) => {
    const times = count === 1 ? '' : ` (${count} times)`;
    return `  report   ${palette.paint('yellow', title)}${times}`;
  });
}

function renderTimings({ reapNs, callbackNs, runNs }: Timings): string {
  const parts = [
    reapNs.length === 0 ? null : `reap ${durations(reapNs)}`,
    callbackNs.length === 0 ? null : `callback after ${durations(callbackNs)}`,
    `run ${formatDuration(runNs)}`,
  ];
  return `${parts.filter((part) => part !== null).join(', ')} (virtual)`;
}

function durations(values: readonly number[]): string {
  const shown = values.slice(0, 4).map(formatDuration).join(', ');
  return values.length > 4 ? `${shown}, ...` : shown;
}

/** The last line: the verdict over all iterations. */
export function renderVerdict(runs: readonly Run[], palette: Palette): string {
  const met = runs.filter((run) => run.met).length;
  const all = met === runs.length;
  const word = all ? palette.paint('green', 'as expected') : palette.paint('red', 'NOT as expected');
  const count = runs.length === 1 ? '' : ` in ${met} of ${runs.length} iterations`;
  return `verdict: ${word}${count}\n`;
}

function settingOf(value: boolean | number): 'y' | 'n' | number {
  return typeof value === 'number' ? value : value ? 'y' : 'n';
}
