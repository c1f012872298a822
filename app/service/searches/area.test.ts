import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { Connection } from '../dispatch.ts';
import { matrixState, searchState, type MatrixState, type SearchState } from '../contract/search.ts';
import { startBench } from '../testing/service.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const read = (name: string) => readFileSync(join(root, 'scenarios', name), 'utf8');

function ended(owner: Connection, id: string): Promise<SearchState> {
  return new Promise((resolve) => {
    owner.subscribe('search/state', { id }, (state) => {
      if (state.state !== 'running') resolve(state);
    });
  });
}

const wishes = {
  overrides: {},
  strategy: 'dpor',
  preemptions: null,
  executions: null,
  seconds: null,
  stopAtFirst: false,
} as const;

test('a search tells what it has found, each find as a replay', async () => {
  const { owner } = startBench();
  const text = read('kvm-oom/search-run.yaml');
  const { id } = await owner.call('search/start', {
    ...{ ...wishes, text, path: 'bundled/kvm-oom/search-run.yaml' },
    overrides: { patches: ['mmu-notifier-async-oom-v2'] },
    executions: 200,
    stopAtFirst: true,
  });
  const state = await ended(owner, id);
  expect(searchState.safeParse(state).error).toBeUndefined();
  expect(state.state).toBe('done');
  expect(state.finds.length).toBeGreaterThan(0);
  const replay = state.finds[0].replay ?? '';
  const run = await owner.call('run/replay', { text: replay, path: 'user/find.replay' });
  const titles = await new Promise<string[]>((resolve, reject) => {
    owner.subscribe('run/state', { id: run.id }, (event) => {
      if (event.state === 'done') resolve(event.summary.titles);
      if (event.state === 'failed') reject(new Error(event.message));
    });
  });
  expect(titles).toContain(state.finds[0].title);
});

test('a search that is cancelled keeps what it has', async () => {
  const { owner } = startBench();
  const { id } = await owner.call('search/start', {
    ...{ ...wishes, text: read('kvm-oom/search-run.yaml'), path: 'x' },
    strategy: 'random',
  });
  let seen = 0;
  await new Promise<void>((resolve) => {
    owner.subscribe('search/state', { id }, ({ executions }) => {
      seen = Math.max(seen, executions);
      if (executions > 0) resolve();
    });
  });
  await owner.call('search/cancel', { id });
  const state = await ended(owner, id);
  expect(state.state).toBe('cancelled');
  expect(state.executions).toBeGreaterThanOrEqual(seen);
  expect(state.complete).toBe(false);
  expect((await owner.call('search/list', {})).searches).toEqual([state]);
});

test('a matrix fills row by row, and says which kernels cannot be', async () => {
  const { owner } = startBench();
  const { id } = await owner.call('matrix/start', {
    ...{ text: read('kvm-oom/reap.yaml'), path: 'bundled/kvm-oom/reap.yaml' },
    trees: ['v6.12', 'v4.13'],
    patches: [[], ['mmu-notifier-async-oom-v2']],
    configs: [{ PREEMPT_RT: true }],
    ...{ explore: false, iterations: 1, executions: null },
  });
  const state = await new Promise<MatrixState>((resolve) => {
    owner.subscribe('matrix/state', { id }, (each) => {
      if (each.state !== 'running') resolve(each);
    });
  });
  expect(matrixState.safeParse(state).error).toBeUndefined();
  expect(state).toMatchObject({ state: 'done', total: 4, done: 4 });
  const [plain, , , misfit] = state.rows;
  expect(plain).toMatchObject({ name: 'v6.12 no patch PREEMPT_RT=y', of: 1 });
  expect(plain.counts.length).toBe(state.columns.length);
  expect(misfit.verdict).toBe('error');
  expect(misfit.note).toContain('does not apply to v4.13');
});
