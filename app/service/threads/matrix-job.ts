import { runOnce } from '../../scenario/run.ts';
import { budgetOf, open, settingsOf } from '../../scenario/search.ts';
import { judgeSearch } from '../../scenario/search-verdict.ts';
import type { MatrixState } from '../contract/search.ts';
import { planOfRequest } from '../scenario/plan.ts';
import { covered, explore } from './search-job.ts';
import type { Job, MatrixOptions, MatrixRow, Start, Tell } from './messages.ts';

/** One row that is done: how often each title came up. */
export interface RowNews {
  readonly kind: 'row';
  readonly index: number;
  readonly verdict: MatrixState['rows'][number]['verdict'];
  readonly of: number;
  readonly counts: readonly (readonly [title: string, count: number])[];
  readonly note: string;
}

export type MatrixNews =
  | RowNews
  | { readonly kind: 'done'; readonly cancelled: boolean }
  | { readonly kind: 'failed'; readonly message: string; readonly fix: string | null };

/** Executions of a search that nobody gave a budget. */
const EXECUTIONS = 20_000;

/** Runs or searches one scenario on each kernel in turn. A row that fails does not end the others. */
export function matrixJob({ rows, options }: Start & { kind: 'matrix' }, tell: Tell): Job {
  let cancelled = false;
  const work = (async () => {
    for (const [index, row] of rows.entries()) {
      if (cancelled) break;
      const news = await rowOf(row, options, () => cancelled).catch(
        (error: unknown): Omit<RowNews, 'kind' | 'index'> => ({
          ...{ verdict: 'error', of: 0, counts: [] },
          note: error instanceof Error ? error.message : String(error),
        }),
      );
      if (!cancelled) tell({ kind: 'row', index, ...news } satisfies RowNews);
      await new Promise((next) => setImmediate(next));
    }
    tell({ kind: 'done', cancelled } satisfies MatrixNews);
  })();
  return {
    methods: {
      cancel: async () => {
        cancelled = true;
        await work;
      },
    },
  };
}

type RowResult = Omit<RowNews, 'kind' | 'index'>;

async function rowOf(
  { request }: MatrixRow,
  options: MatrixOptions,
  isCancelled: () => boolean,
): Promise<RowResult> {
  if (!options.explore) return runs({ name: '', request }, options, isCancelled);
  const opened = open({ kind: 'scenario', ...request });
  const budget = budgetOf(opened);
  const { search } = await explore(opened, settingsOf(opened, {}), {
    executions: options.executions ?? budget.executions ?? EXECUTIONS,
    ms: budget.ms ?? Infinity,
    stopAtFirst: false,
    isCancelled,
    onProgress: () => undefined,
  });
  const { outcomes, coverage, statistics } = search;
  const failures = judgeSearch(opened.plan, { outcomes, coverage });
  return {
    verdict: failures.length === 0 ? 'pass' : 'fail',
    of: statistics.executions,
    counts: outcomes.map(({ title, count }) => [title, count]),
    note: failures[0] ?? covered(coverage),
  };
}

async function runs(
  { request }: MatrixRow,
  { iterations }: MatrixOptions,
  isCancelled: () => boolean,
): Promise<RowResult> {
  const plan = planOfRequest(request);
  const counts = new Map<string, number>();
  const failures = new Set<string>();
  let done = 0;
  for (; done < iterations && !isCancelled(); done++) {
    const run = runOnce(plan, { seed: plan.seed + done });
    for (const title of new Set(run.titles)) counts.set(title, (counts.get(title) ?? 0) + 1);
    for (const failure of run.failures) failures.add(failure);
    await new Promise((next) => setImmediate(next));
  }
  const [first = ''] = failures;
  return { verdict: failures.size === 0 ? 'pass' : 'fail', of: done, counts: [...counts], note: first };
}
