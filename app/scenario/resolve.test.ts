import { describe, expect, test } from 'vitest';
import type { Patch, Tree } from '../kernel/tree.ts';
import { costModels } from './costs.ts';
import { formatIssue, InputError } from './issues.ts';
import { scenarioJsonSchema } from './json-schema.ts';
import { loadScenario } from './load.ts';
import { resolve, type Catalogue, type Overrides } from './resolve.ts';

const traits = {
  kvmAllocation: 'kvzalloc',
  preemptionModelInDumps: false,
  spteZapTouchesPage: false,
} as Tree['traits'];
const tree = (name: string): Tree => ({
  name,
  description: '',
  release: `${name}.0`,
  replacements: [],
  traits,
});
const patch = (name: string, appliesTo = ['v1', 'v2']): Patch => ({
  name,
  title: `${name}: a patch`,
  description: 'What it does.',
  appliesTo,
  replacements: [],
});
const trees = [tree('v1'), tree('v2')];
const catalogue: Catalogue = {
  trees,
  defaultTree: trees[1],
  patches: [patch('raw-lock'), patch('async-oom'), patch('old-fix', ['v1'])],
  programs: [
    { name: 'simple_kvm', description: 'a VM' },
    { name: 'sleep', description: 'sleeps' },
  ],
  costs: costModels,
  probes: [{ name: 'mn_active_invalidate_count', description: 'starts minus ends' }],
};

const GOOD = 'scythe: 1\ntitle: t\nguest:\n  console: |\n    true\n';

function planOf(text: string, overrides: Overrides = {}) {
  const loaded = loadScenario(text, 'f.yaml');
  if (!loaded.ok) throw new InputError(loaded.issues);
  return resolve(loaded.value, loaded.source, catalogue, overrides);
}

function issuesOf(text: string, overrides: Overrides = {}): string[] {
  try {
    planOf(text, overrides);
    return [];
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return error.issues.map(formatIssue);
  }
}

test('what a scenario leaves out has a default', () => {
  const plan = planOf(GOOD);
  expect(plan.tree.name).toBe('v2');
  expect(plan).toMatchObject({
    patches: [],
    cpus: 2,
    iterations: 1,
    seed: 1,
    limit: 600_000_000_000,
    assertions: {},
  });
  expect(plan.config.PREEMPT_RT).toBe(true);
});

test('a tree has defaults of its own, which give way to what the scenario says', () => {
  const newest: Tree = { ...tree('v3'), traits: { ...traits, provesRawLockNesting: true } };
  const nesting = (name: string, config = ''): boolean => {
    const loaded = loadScenario(`${GOOD}kernel: { tree: ${name}${config} }\n`, 'f.yaml');
    if (!loaded.ok) throw new InputError(loaded.issues);
    const all = { ...catalogue, trees: [...trees, newest] };
    return resolve(loaded.value, loaded.source, all, {}).config.PROVE_RAW_LOCK_NESTING;
  };
  expect(nesting('v2')).toBe(false);
  expect(nesting('v3')).toBe(true);
  expect(nesting('v3', ', config: { PROVE_RAW_LOCK_NESTING: n }')).toBe(false);
  expect(nesting('v3', ', config: { PROVE_LOCKING: n }')).toBe(false);
});

test('overrides take the place of what the scenario says', () => {
  const text = `${GOOD}kernel: { tree: v1, patches: [raw-lock], config: { KASAN: n, HZ: 1000 } }\nseed: 3\n`;
  const overrides: Overrides = {
    tree: 'v2',
    patches: ['async-oom'],
    config: [{ name: 'KASAN', value: 'y' }],
    append: ['kasan_multi_shot panic=-1'],
    seed: 9,
    iterations: 5,
  };
  const plan = planOf(text, overrides);
  expect(plan.tree.name).toBe('v2');
  expect(plan.patches.map(({ name }) => name)).toEqual(['async-oom']);
  expect(plan.config).toMatchObject({ KASAN: true, HZ: 1000 });
  expect([...plan.append]).toEqual([
    ['kasan_multi_shot', ''],
    ['panic', '-1'],
  ]);
  expect(plan).toMatchObject({ seed: 9, iterations: 5 });
});

test('costs start from a named model', () => {
  const plan = planOf(
    `${GOOD}time: { cost: tcg, overrides: { operation: { read: 7ns }, slice: 1ms }, jitter: 50% }\n`,
  );
  const tcg = costModels.find(({ name }) => name === 'tcg')!.costs;
  expect(plan.costs).toEqual({
    ...tcg,
    operation: { ...tcg.operation, read: 7 },
    slice: 1_000_000,
    jitter: 128,
  });
});

test('faults become rules of the kernel', () => {
  const text = `${GOOD}faults:
  - { site: failslab, function: f, task: sh, times: 1 }
  - { site: failslab, chance: 1/4 }
  - { site: fail_page_alloc, chance: search }
`;
  expect(planOf(text).faults).toEqual([
    { site: 'failslab', function: 'f', task: 'sh', times: 1, always: true },
    { site: 'failslab', probability: 25 },
    { site: 'fail_page_alloc' },
  ]);
});

test('the first case that fits the kernel decides what is expected', () => {
  const text = `${GOOD}expect:
  titles: { must: [base] }
  cases:
    - { when: { config: { PREEMPT_RT: n } }, clean: true }
    - { when: { tree: v1, patches: [raw-lock] }, titles: { must: [raw] } }
`;
  expect(planOf(text).assertions).toEqual({ titles: { must: ['base'] } });
  expect(planOf(text, { config: [{ name: 'PREEMPT_RT', value: 'n' }] }).assertions).toEqual({ clean: true });
  expect(planOf(text, { tree: 'v1', patches: ['raw-lock'] }).assertions).toEqual({
    titles: { must: ['raw'] },
  });
  expect(planOf(text, { tree: 'v1', patches: ['raw-lock', 'async-oom'] }).assertions).toEqual({
    titles: { must: ['base'] },
  });
});

describe('what does not exist or does not fit together is refused', () => {
  test.each<[string, string, string, Overrides?]>([
    [
      'an unknown tree',
      `${GOOD}kernel: { tree: v3 }\n`,
      'f.yaml:6:17: unknown tree "v3"; did you mean "v1"? (known: v1, v2)',
    ],
    ['an unknown tree in an option', GOOD, '--tree: unknown tree "nope" (known: v1, v2)', { tree: 'nope' }],
    [
      'an unknown patch',
      `${GOOD}kernel:\n  patches: [raw-lock, asinc-oom]\n`,
      'f.yaml:7:23: unknown patch "asinc-oom"; did you mean "async-oom"? (known: raw-lock, async-oom, old-fix)',
    ],
    [
      'a patch given twice',
      `${GOOD}kernel: { patches: [raw-lock, raw-lock] }\n`,
      'f.yaml:6:31: the patch "raw-lock" is given twice (remove one)',
    ],
    [
      'a patch of another tree',
      `${GOOD}kernel: { patches: [old-fix] }\n`,
      'f.yaml:6:21: the patch "old-fix" does not apply to v2 (it fits: v1)',
    ],
    [
      'an unknown option',
      `${GOOD}kernel:\n  config:\n    PREMPT_RT: y\n`,
      'f.yaml:8:5: unknown option "PREMPT_RT"; did you mean "PREEMPT_RT"? (`scythe list config` shows the options that the model knows)',
    ],
    [
      'options that contradict each other',
      `${GOOD}kernel:\n  config: { KASAN: n, KASAN_VMALLOC: y }\n`,
      'f.yaml:7:23: KASAN_VMALLOC=y needs KASAN=y (set KASAN=y as well)',
    ],
    [
      'an option of the command line that cannot be',
      GOOD,
      '--config: KCSAN=y needs KASAN=n (set KASAN=n as well)',
      { config: [{ name: 'KCSAN', value: 'y' }] },
    ],
    [
      'many CPUs without SMP',
      `${GOOD}kernel: { config: { SMP: n } }\n`,
      'f.yaml:6:9: 2 CPUs need SMP=y (set cpus: 1, or SMP: y)',
    ],
    [
      'a script that is no shell',
      'scythe: 1\ntitle: t\nguest:\n  console: |\n    echo a\n    if true; then\n      echo b\n',
      'f.yaml:8:1: the script: syntax error: unexpected end of file',
    ],
    [
      'a construct that the shell does not know',
      'scythe: 1\ntitle: t\nguest:\n  console: |\n    echo a\n    select a in b; do :; done\n',
      'f.yaml:6:5: the script: select: not supported by this shell',
    ],
    [
      'an unknown program',
      'scythe: 1\ntitle: t\nguest:\n  tasks:\n    - { name: a, program: simple-kvn }\n',
      'f.yaml:5:27: unknown program "simple-kvn"; did you mean "simple_kvm"? (known: simple_kvm, sleep)',
    ],
    [
      'two tasks of one name',
      'scythe: 1\ntitle: t\nguest:\n  tasks:\n    - { name: a, program: sleep }\n    - { name: a, program: sleep }\n',
      'f.yaml:6:15: a second task named "a" (give each its own name)',
    ],
    [
      'an argument that refers to nobody',
      'scythe: 1\ntitle: t\nguest:\n  tasks:\n    - { name: victim, program: sleep, args: [$victm] }\n',
      'f.yaml:5:46: no task is named "victm"; did you mean "victim"? (tasks: victim)',
    ],
    [
      'faults without FAILSLAB',
      `${GOOD}kernel: { config: { FAILSLAB: n } }\nfaults: [{ site: failslab }]\n`,
      'f.yaml:7:9: faults need FAILSLAB=y (set FAILSLAB: y, or remove the faults)',
    ],
    [
      'a chance above 1',
      `${GOOD}faults: [{ site: failslab, chance: 3/2 }]\n`,
      'f.yaml:6:36: no chance: 3/2 (a ratio lies between 0 and 1)',
    ],
    [
      'an unknown cost model',
      `${GOOD}time: { cost: fast }\n`,
      'f.yaml:6:15: unknown cost model "fast" (known: default, tcg)',
    ],
    [
      'an unknown field',
      `${GOOD}expect:\n  final: ['mn_active_count == 0']\n`,
      'f.yaml:7:11: unknown field "mn_active_count" (known: mn_active_invalidate_count)',
    ],
    [
      'a case for an unknown option',
      `${GOOD}expect:\n  cases:\n    - { when: { config: { KASSAN: n } }, clean: true }\n`,
      'f.yaml:8:27: unknown option "KASSAN"; did you mean "KASAN"? (`scythe list config` shows the options)',
    ],
    [
      'a depth for a strategy without one',
      `${GOOD}search: { strategy: dpor, depth: 3 }\n`,
      'f.yaml:6:27: the strategy "dpor" has no depth (use strategy: pct, or remove depth)',
    ],
    [
      'an unknown field that a search is to look at',
      `${GOOD}search:\n  expect: { cases: [{ when: {}, final: ['mn_active_count == 0'] }] }\n`,
      'f.yaml:7:41: unknown field "mn_active_count" (known: mn_active_invalidate_count)',
    ],
    [
      'a time that a search is to take',
      `${GOOD}search:\n  expect: { within: { reap: { max: 1ms } } }\n`,
      'f.yaml:7:13: a search knows no virtual time (put it under `expect`, or remove it)',
    ],
  ])('%s', (_name, text, message, overrides) => {
    expect(issuesOf(text, overrides)).toEqual([message]);
  });
});

describe('what a search is held to', () => {
  const own = `${GOOD}expect: { clean: true }\n`;
  const other = `${own}search:\n  expect: { titles: { must: ['KASAN: *'] } }\n`;

  test('is what runs are held to, unless the scenario says otherwise', () => {
    expect(planOf(own).searchAssertions).toEqual({ clean: true });
    expect(planOf(other).assertions).toEqual({ clean: true });
    expect(planOf(other).searchAssertions).toEqual({ titles: { must: ['KASAN: *'] } });
  });

  test('has its own cases', () => {
    const text = `${other}    cases: [{ when: { config: { PREEMPT_RT: n } }, clean: true }]\n`.replace(
      "expect: { titles: { must: ['KASAN: *'] } }",
      "expect:\n    titles: { must: ['KASAN: *'] }",
    );
    expect(planOf(text).searchAssertions).toEqual({ titles: { must: ['KASAN: *'] } });
    const config = [{ name: 'PREEMPT_RT', value: 'n' as const }];
    expect(planOf(text, { config }).searchAssertions).toEqual({ clean: true });
  });
});

test('all issues come at once', () => {
  const text = `${GOOD}kernel: { tree: v9, patches: [nope], config: { X: y } }\n`;
  expect(issuesOf(text)).toHaveLength(3);
});

test('the JSON Schema offers the names of the catalogue with their descriptions', () => {
  const schema = JSON.stringify(scenarioJsonSchema(catalogue));
  expect(schema).toContain('"const":"raw-lock"');
  expect(schema).toContain('raw-lock: a patch');
  expect(schema).toContain('"const":"PREEMPT_RT"');
  expect(schema).toContain('"const":"simple_kvm"');
  expect(schema).not.toContain('registry');
});
