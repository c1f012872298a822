import { readFileSync } from 'node:fs';
import { resolve as resolvePath } from 'node:path';
import { expect, test } from 'vitest';
import { catalogue } from './catalogue.ts';
import { InputError } from './issues.ts';
import { loadScenario } from './load.ts';
import { lockTimesOf, spreadOf } from './lock-times.ts';
import { resolve, type Overrides } from './resolve.ts';
import { runOnce, type Run } from './run.ts';

const file = resolvePath(import.meta.dirname, '../../scenarios/exit-mmap-mmap-lock/cost.yaml');

/** Runs of the scenario that costs are compared with. */
function runsOf(seeds: readonly number[], overrides: Overrides = {}, lockStat: 'y' | 'n' = 'y'): Run[] {
  const loaded = loadScenario(readFileSync(file, 'utf8'), 'cost.yaml');
  if (!loaded.ok) throw new InputError(loaded.issues);
  const config = [{ name: 'LOCK_STAT', value: lockStat }, ...(overrides.config ?? [])];
  const plan = resolve(loaded.value, loaded.source, catalogue, { ...overrides, config });
  return seeds.map((seed) => runOnce(plan, { seed }));
}

const mmapLock = (runs: readonly Run[]) => {
  const times = lockTimesOf(runs).filter(({ name }) => name === '&mm->mmap_lock');
  return {
    write: times.find(({ mode }) => mode === 'write'),
    read: times.find(({ mode }) => mode === 'read'),
  };
};

test('percentiles are by nearest rank', () => {
  expect(spreadOf([5, 1, 4, 2, 3])).toEqual({ count: 5, p50: 3, p90: 5, p99: 5, max: 5, total: 15 });
  const hundred = Array.from({ length: 100 }, (_, i) => i + 1);
  expect(spreadOf(hundred)).toMatchObject({ p50: 50, p90: 90, p99: 99, max: 100 });
  expect(spreadOf([])).toEqual({ count: 0, p50: 0, p90: 0, p99: 0, max: 0, total: 0 });
});

test('counting changes nothing in a run', () => {
  const config = (['PROVE_LOCKING', 'PROVE_RCU'] as const).map((name) => ({ name, value: 'y' }) as const);
  const [counted] = runsOf([1], { config });
  const [plain] = runsOf([1], { config }, 'n');
  expect(counted.eventHash).toBe(plain.eventHash);
  expect(plain.lockStat).toBeNull();
  expect(counted.lockStat?.text).toContain('&mm->mmap_lock-R:');
});

test('the write lock in exit_mmap() shows in the lock times and in those of exit_mmap()', () => {
  const seeds = [1, 2];
  const before = runsOf(seeds, { tree: 'v5.16' });
  const after = runsOf(seeds, { tree: 'v5.16', patches: ['exit-mmap-write-lock'] });
  const exitOf = (runs: readonly Run[]) => spreadOf(runs.flatMap(({ timings }) => timings.exitNs));

  // Twelve address spaces end in each run.
  expect((mmapLock(after).write?.acquisitions ?? 0) - (mmapLock(before).write?.acquisitions ?? 0)).toBe(24);
  expect(exitOf(after).count).toBe(24);
  const cost = exitOf(after).p50 / exitOf(before).p50 - 1;
  expect(cost).toBeGreaterThan(0.002);
  expect(cost).toBeLessThan(0.04);
  expect(before.concat(after).flatMap(({ failures }) => failures)).toEqual([]);

  // On v5.17 process_mrelease() is no user of the address space any more: the exit waits for it.
  const waits = mmapLock(runsOf(seeds, { tree: 'v5.17' })).write;
  expect(waits?.contentions).toBe(seeds.length);
  expect(waits?.wait.p50).toBeGreaterThan(1e6);
});
