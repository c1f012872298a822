import { readFileSync, readdirSync } from 'node:fs';
import { join, resolve as resolvePath } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ConfigChange } from '../kernel/kconfig.ts';
import { catalogue } from './catalogue.ts';
import { InputError } from './issues.ts';
import { loadScenario } from './load.ts';
import { formatReplay, parseReplay, planOf } from './replay.ts';
import { resolve, type Overrides, type Plan } from './resolve.ts';
import { dmesgOf, runOnce, type Run } from './run.ts';

const folder = resolvePath(import.meta.dirname, '../../scenarios');
const bundled = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.yaml') && !path.endsWith('matrix.yaml'))
  .map((path) => path.replace(/\.yaml$/, ''))
  .sort();

const textOf = (name: string): string => readFileSync(join(folder, `${name}.yaml`), 'utf8');

function planFor(name: string, overrides: Overrides = {}): Plan {
  const loaded = loadScenario(textOf(name), `${name}.yaml`);
  if (!loaded.ok) throw new InputError(loaded.issues);
  return resolve(loaded.value, loaded.source, catalogue, overrides);
}

/** The first iteration of a bundled scenario on some kernel. */
function runOf(name: string, overrides: Overrides = {}): Run {
  const plan = planFor(name, overrides);
  return runOnce(plan, { seed: plan.seed });
}

const options = (...texts: string[]): ConfigChange[] =>
  texts.map((text) => {
    const [name, value] = text.split('=');
    return { name, value: value === 'y' || value === 'n' ? value : Number(value) };
  });

const V2 = 'mmu-notifier-async-oom-v2';
const SPLAT = 'BUG: sleeping function called from invalid context in kvm_mmu_notifier_invalidate_range_start';
const NEXT_LOCK = 'BUG: sleeping function called from invalid context in gfn_to_pfn_cache_invalidate_start';
const RECURSION = 'possible deadlock in __synchronize_srcu';
const HUNG = 'INFO: task hung in mmu_notifier_unregister';
const DEAD_FRAME = 'SCYTHE: use of a dead stack frame in mmu_notifier_unregister';

// What must be seen, on both trees.
describe.each(['v6.12', 'v6.18'])('on %s', (tree) => {
  test.each<[string, Overrides, string[]]>([
    ['with PREEMPT_RT runs into a sleeping lock', {}, [SPLAT]],
    ['without PREEMPT_RT is clean', { config: options('PREEMPT_RT=n') }, []],
    ['without DEBUG_ATOMIC_SLEEP is clean', { config: options('DEBUG_ATOMIC_SLEEP=n') }, []],
    ['with a raw lock runs into the next one', { patches: ['mn-invalidate-raw-lock'] }, [NEXT_LOCK]],
    ['with v2 is clean', { patches: [V2] }, []],
  ])('the reap %s', (_name, overrides, titles) => {
    const run = runOf('kvm-oom/reap', { tree, ...overrides });
    expect(run.titles).toEqual(titles);
    expect(run.failures).toEqual([]);
  });

  test('an unregistration inside the SRCU walk hangs: lockdep tells, then the hung-task detector', () => {
    const patches = ['oom-enter-sync-unregister'];
    const told = runOf('kvm-oom/reap', { tree, patches });
    expect(told.titles.slice(0, 2)).toEqual([RECURSION, HUNG]);
    expect(told.outcome).toMatchObject({ kind: 'deadlock', settled: false });
    expect(told.outcome.text).toContain('waits for a grace period of srcu, held by itself');

    const untold = runOf('kvm-oom/reap', { tree, patches, config: options('PROVE_LOCKING=n') });
    expect(untold.titles).not.toContain(RECURSION);
    expect(untold.titles[0]).toBe(HUNG);
  });

  test('v2 is clean in twenty of twenty iterations, each of which is another', () => {
    const plan = planFor('kvm-oom/stress', { tree });
    const runs = Array.from({ length: plan.iterations }, (_, i) => runOnce(plan, { seed: plan.seed + i }));
    expect(runs.flatMap(({ titles, failures }) => [...titles, ...failures])).toEqual([]);
    expect(new Set(runs.map(({ eventHash }) => eventHash)).size).toBe(20);
    for (const { timings } of runs) {
      // About 3 ms, and a few jiffies of 4 ms.
      expect(timings.reapNs[0]).toBeGreaterThan(2e6);
      expect(timings.reapNs[0]).toBeLessThan(4.5e6);
      expect(timings.callbackNs[0]).toBeGreaterThan(8e6);
      expect(timings.callbackNs[0]).toBeLessThan(31e6);
    }
  });

  test('without memory for its callback v2 goes without it', () => {
    const run = runOf('kvm-oom/failslab', { tree });
    expect(run).toMatchObject({ titles: [], failures: [], timings: { callbackNs: [] } });
  });

  test('without hlist_del_init() the end of the VM writes into a dead stack frame, and KASAN says nothing', () => {
    const run = runOf('kvm-oom/destroy', { tree, patches: [`${V2}-no-del-init`] });
    expect(run.titles).toEqual([DEAD_FRAME]);
    expect(dmesgOf(run)).toMatch(/Put on the stack by task sh\/63:[^]*Left by task sh\/63:/);
  });

  test.each<[string, string, string[]]>([
    ['splat', 'none', [SPLAT]],
    ['splat at the next lock', 'mn-invalidate-raw-lock', [NEXT_LOCK]],
    ['hang of the killer', 'oom-enter-sync-unregister', [RECURSION, HUNG]],
    ['clean end', 'oom-enter-deferred-unregister', []],
    ['clean end', V2, []],
    ['clean end', `${V2}-kill-site`, []],
    ['store into a dead stack frame', `${V2}-no-del-init`, [DEAD_FRAME]],
  ])('a cgroup that runs out of memory leads to a %s with the patch %s', (_what, patch, titles) => {
    const run = runOf('kvm-oom/memcg-oom', { tree, patches: patch === 'none' ? [] : [patch] });
    expect(run.titles.slice(0, titles.length)).toEqual(titles);
    expect(run.failures).toEqual([]);
  });
});

test('at HZ=300 with a reader at work the callback comes after 57 ms', () => {
  const plan = planFor('kvm-oom/callback-57ms');
  for (const seed of [1, 2, 3]) {
    const [callback] = runOnce(plan, { seed }).timings.callbackNs;
    expect(callback).toBeGreaterThan(57e6 * 0.8);
    expect(callback).toBeLessThan(57e6 * 1.2);
  }
});

test('the cost model of software emulation gives the times of the captures', () => {
  const text = textOf('kvm-oom/stress').replace('iterations: 20', 'iterations: 20\ntime: { cost: tcg }');
  const loaded = loadScenario(text, 'tcg.yaml');
  if (!loaded.ok) throw new InputError(loaded.issues);
  const plan = resolve(loaded.value, loaded.source, catalogue);
  for (const seed of [1, 2, 3]) {
    const { reapNs, callbackNs } = runOnce(plan, { seed }).timings;
    expect(reapNs[0]).toBeGreaterThan(19.5e6);
    expect(reapNs[0]).toBeLessThan(45.2e6);
    expect(callbackNs[0]).toBeGreaterThan(14.7e6);
    expect(callbackNs[0]).toBeLessThan(31.4e6);
  }
});

describe('every bundled scenario', () => {
  test.each(bundled)('%s is as expected, twice and replayed with one event hash and one log', (name) => {
    const plan = planFor(name);
    const first = runOnce(plan, { seed: plan.seed });
    expect(first.failures).toEqual([]);

    const second = runOnce(plan, { seed: plan.seed });
    expect(second.eventHash).toBe(first.eventHash);
    expect(dmesgOf(second)).toBe(dmesgOf(first));

    const file = formatReplay({
      title: first.titles[0] ?? first.outcome.text,
      scenario: { name, text: textOf(name) },
      overrides: {},
      seed: first.seed,
      clock: 'timed',
      schedule: first.schedule,
      steps: first.steps,
      eventHash: first.eventHash,
    });
    const { seed, schedule, ...read } = parseReplay(file, 'x.replay');
    const replayed = runOnce(planOf({ seed, schedule, ...read }, catalogue), { seed, schedule });
    expect(replayed.eventHash).toBe(first.eventHash);
    expect(dmesgOf(replayed)).toBe(dmesgOf(first));
    expect(replayed.console).toBe(first.console);
  });
});
