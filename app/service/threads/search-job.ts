import type { Coverage, Statistics } from '../../explore/strategy.ts';
import { findOf, open, replayOf, searchOf, type Opened, type Settings } from '../../scenario/search.ts';
import { judgeSearch } from '../../scenario/search-verdict.ts';
import type { Find, SearchState } from '../contract/search.ts';
import type { Job, Start, Tell } from './messages.ts';

export type SearchNews =
  | { readonly kind: 'state'; readonly state: SearchProgress }
  | { readonly kind: 'failed'; readonly message: string; readonly fix: string | null };

export type SearchProgress = Omit<SearchState, 'id' | 'title' | 'strategy' | 'error'>;

const NEWS_EVERY_MS = 250;
/** Between two looks at the clock and at messages (ms). */
const MOMENT_MS = 40;

/** Searches in slices; what it has found is told as it comes. `cancel` ends it and keeps the finds. */
export function searchJob(start: Start & { kind: 'search' }, tell: Tell): Job {
  const { settings, executions, ms, stopAtFirst } = start;
  const opened = open(start.target);
  let cancelled = false;
  const finds = new Finds(opened, settings);
  const work = explore(opened, settings, {
    executions: executions ?? Number.MAX_SAFE_INTEGER,
    ms: ms ?? Infinity,
    stopAtFirst,
    isCancelled: () => cancelled,
    onProgress: (search, elapsedMs) => {
      tell(newsOf('running', search, elapsedMs, finds.list(search.outcomes), null));
    },
  });
  work.then(
    ({ search, elapsedMs }) => {
      const found = finds.list(search.outcomes);
      const failures = judgeSearch(opened.plan, { outcomes: found, coverage: search.coverage });
      tell(newsOf(cancelled ? 'cancelled' : 'done', search, elapsedMs, found, failures));
    },
    (error: unknown) => {
      tell({ kind: 'failed', message: error instanceof Error ? error.message : String(error), fix: null });
    },
  );
  return {
    methods: {
      cancel: async () => {
        cancelled = true;
        await work.catch(() => undefined);
      },
    },
  };
}

interface Limits {
  readonly executions: number;
  readonly ms: number;
  readonly stopAtFirst: boolean;
  readonly isCancelled: () => boolean;
  readonly onProgress: (search: Searched, elapsedMs: number) => void;
}

interface Searched {
  readonly statistics: Statistics;
  readonly coverage: Coverage;
  readonly outcomes: ReturnType<typeof searchOf>['outcomes'];
}

/** Advances a search until a limit is reached. Gives way now and then, so that messages come through. */
export async function explore(
  opened: Opened,
  settings: Settings,
  limits: Limits,
): Promise<{ search: Searched; elapsedMs: number }> {
  const search = searchOf(opened.program, settings);
  const startedMs = performance.now();
  let toldMs = -Infinity;
  let slice = 1;
  const isOver = () =>
    search.finished ||
    search.statistics.executions >= limits.executions ||
    performance.now() - startedMs >= limits.ms ||
    (limits.stopAtFirst && search.outcomes.length > 0) ||
    limits.isCancelled();
  while (!isOver()) {
    const beganMs = performance.now();
    search.advance(Math.min(slice, limits.executions - search.statistics.executions));
    const nowMs = performance.now();
    if (nowMs - beganMs < MOMENT_MS / 2) slice = Math.min(slice * 2, 100_000);
    else if (nowMs - beganMs > MOMENT_MS * 2) slice = Math.max(1, slice >> 1);
    if (nowMs - toldMs >= NEWS_EVERY_MS) {
      toldMs = nowMs;
      limits.onProgress(search, nowMs - startedMs);
    }
    await new Promise((next) => setImmediate(next));
  }
  return { search, elapsedMs: performance.now() - startedMs };
}

/** Finds as they are shown: the shortest schedule that was found, as a replay file. Each is worked out once. */
class Finds {
  private readonly known = new Map<string, Find>();

  constructor(
    private readonly opened: Opened,
    private readonly settings: Settings,
  ) {}

  list(outcomes: Searched['outcomes']): Find[] {
    return outcomes.map((outcome) => {
      const { title, count, first } = outcome;
      let find = this.known.get(title);
      if (find === undefined) {
        const found = findOf(this.opened, this.settings, outcome);
        const { switches, preemptions, operations } = found;
        find = {
          title,
          count,
          first,
          switches,
          preemptions,
          operations,
          replay: replayOf(this.opened, found),
        };
        this.known.set(title, find);
      }
      return { ...find, count, first };
    });
  }
}

function newsOf(
  state: SearchState['state'],
  { statistics, coverage }: Searched,
  elapsedMs: number,
  finds: Find[],
  failures: readonly string[] | null,
): SearchNews {
  const { executions, blocked, operations } = statistics;
  return {
    kind: 'state',
    state: {
      ...{ state, executions, blocked, operations, elapsedMs: Math.round(elapsedMs) },
      remaining: coverage.kind === 'unfinished' ? coverage.remaining : null,
      complete: coverage.kind === 'complete',
      covered: covered(coverage),
      met: failures === null ? null : failures.length === 0,
      failures: [...(failures ?? [])],
      finds,
    },
  };
}

/** What was covered, claiming no more than was searched. */
export function covered(coverage: Coverage): string {
  switch (coverage.kind) {
    case 'complete':
      return 'every execution';
    case 'complete within bound':
      return `every execution within ${coverage.bound}`;
    case 'unfinished':
      return coverage.remaining === null
        ? 'not complete: nobody can tell how many executions are left'
        : `not complete: about ${coverage.remaining} executions are left`;
  }
}
