import { budgetOf, open, settingsOf, type Opened, type Settings } from '../../scenario/search.ts';
import type { Area } from '../area.ts';
import type { MatrixState, SearchState } from '../contract/search.ts';
import { ServiceError } from '../contract/wire.ts';
import { requestOf } from '../scenario/plan.ts';
import type { MatrixNews } from '../threads/matrix-job.ts';
import type { SearchNews } from '../threads/search-job.ts';
import type { StartThread, Thread } from '../threads/thread.ts';
import { rowsOf, withRow } from './matrix.ts';

/** Searches that have ended are kept, up to so many, for what they have found. */
const MOST_KEPT = 50;

interface Entry<State> {
  state: State;
  thread: Thread | null;
  readonly listeners: Set<(state: State) => void>;
}

/** Searches and matrices, each in a thread of its own. */
export function searchesArea(startThread: StartThread): Area {
  const searches = new Map<string, Entry<SearchState>>();
  const matrices = new Map<string, Entry<MatrixState>>();
  let ids = 0;

  return {
    methods: {
      'search/start': (params) => {
        const { text, path, overrides, strategy, preemptions, executions, seconds, stopAtFirst } = params;
        const target = { kind: 'scenario', ...requestOf(text, path, overrides) } as const;
        const opened = open(target);
        const settings = settingsOf(opened, { strategy, ...(preemptions === null ? {} : { preemptions }) });
        const id = `search-${++ids}`;
        const entry = entryOf(begun(id, opened, settings, strategy));
        searches.set(id, entry);
        forget(searches, ({ state }) => state);
        const budget = budgetOf(opened);
        entry.thread = startThread(
          {
            ...{ kind: 'search', target, settings: { ...settings, strategy }, stopAtFirst },
            executions: executions ?? budget.executions,
            ms: seconds === null ? budget.ms : seconds * 1000,
          },
          (news) => {
            takeSearch(entry, news as SearchNews);
          },
        );
        return { id };
      },
      'search/cancel': async ({ id }) => {
        const entry = searches.get(id) ?? matrices.get(id);
        if (entry === undefined) throw missing(id);
        // The thread ends by itself once it has told what it found.
        if (entry.state.state === 'running') await entry.thread?.ask('cancel').catch(() => undefined);
        return {};
      },
      'search/list': () => ({ searches: [...searches.values()].map(({ state }) => state) }),
      'matrix/start': (params) => {
        const rows = rowsOf(params);
        const id = `matrix-${++ids}`;
        const entry = entryOf<MatrixState>({
          ...{
            id,
            title: params.path,
            state: 'running',
            done: 0,
            total: rows.length,
            columns: [],
            error: null,
          },
          rows: rows.map(({ name }) => ({ name, verdict: 'pending', of: 0, counts: [], note: '' })),
        });
        matrices.set(id, entry);
        forget(matrices, ({ state }) => state);
        const { explore, iterations, executions } = params;
        const ready = rows.flatMap(({ name, request }) => (request === null ? [] : [{ name, request }]));
        // Rows that cannot be are told at once.
        const places = rows.flatMap(({ request }, i) => (request === null ? [] : [i]));
        rows.forEach(({ refused }, index) => {
          if (refused === null) return;
          const row = { kind: 'row', index, verdict: 'error', of: 0, counts: [], note: refused } as const;
          change(entry, withRow(entry.state, row));
        });
        entry.thread = startThread(
          { kind: 'matrix', rows: ready, options: { explore, iterations, executions } },
          (news) => {
            takeMatrix(entry, news as MatrixNews, places);
          },
        );
        return { id };
      },
    },
    topics: {
      'search/state': ({ id }, emit) => listen(searches.get(id), id, emit),
      'matrix/state': ({ id }, emit) => listen(matrices.get(id), id, emit),
    },
    dispose: async () => {
      const all = [...searches.values(), ...matrices.values()];
      await Promise.all(all.map(async ({ thread }) => await thread?.end()));
    },
  };
}

function entryOf<State>(state: State): Entry<State> {
  return { state, thread: null, listeners: new Set() };
}

function begun(id: string, { plan }: Opened, { preemptions }: Settings, strategy: string): SearchState {
  const bound = strategy === 'bounded' && preemptions !== null ? `, at most ${preemptions} preemptions` : '';
  return {
    ...{ id, title: plan?.scenario.title ?? '', state: 'running', strategy: `${strategy}${bound}` },
    ...{ executions: 0, blocked: 0, operations: 0, elapsedMs: 0, remaining: null, complete: false },
    ...{ covered: 'nothing yet', met: null, failures: [], finds: [], error: null },
  };
}

function takeSearch(entry: Entry<SearchState>, news: SearchNews): void {
  if (entry.state.state !== 'running') return;
  if (news.kind === 'failed') change(entry, { ...entry.state, state: 'failed', error: news.message });
  else change(entry, { ...entry.state, ...news.state });
  endIfDone(entry);
}

function takeMatrix(entry: Entry<MatrixState>, news: MatrixNews, places: readonly number[]): void {
  if (entry.state.state !== 'running') return;
  if (news.kind === 'row') change(entry, withRow(entry.state, { ...news, index: places[news.index] }));
  else if (news.kind === 'done')
    change<MatrixState>(entry, { ...entry.state, state: news.cancelled ? 'cancelled' : 'done' });
  else change(entry, { ...entry.state, state: 'failed', error: news.message });
  endIfDone(entry);
}

/** What was found is here; the thread with all its memory need not stay. */
function endIfDone(entry: Entry<SearchState> | Entry<MatrixState>): void {
  if (entry.state.state === 'running') return;
  const { thread } = entry;
  entry.thread = null;
  // An answer to a cancellation may be on its way.
  setImmediate(() => void thread?.end());
}

function change<State>(entry: Entry<State>, state: State): void {
  entry.state = state;
  for (const listener of [...entry.listeners]) listener(state);
}

function listen<State>(
  entry: Entry<State> | undefined,
  id: string,
  emit: (state: State) => void,
): () => void {
  if (entry === undefined) throw missing(id);
  entry.listeners.add(emit);
  emit(entry.state);
  return () => entry.listeners.delete(emit);
}

function forget<State>(entries: Map<string, Entry<State>>, stateOf: (state: State) => string): void {
  for (const [id, { state }] of entries) {
    if (entries.size <= MOST_KEPT) return;
    if (stateOf(state) !== 'running') entries.delete(id);
  }
}

function missing(id: string): ServiceError {
  return new ServiceError('not-found', `there is no search ${id}`);
}
