import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { catalogueSchema } from '../contract/scenario.ts';
import { startBench } from '../testing/service.ts';
import { bootArguments } from './boot-arguments.ts';
import { Sources } from './sources.ts';
import { kallsyms } from '../../kernel/kfunc.ts';
import { trees } from '../../kernel/trees/index.ts';
import { patches } from '../../kernel/patches/index.ts';
import { replacementsOf } from '../../kernel/tree.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const sources = new Sources(root);

const scenario = `# Why this is here.
scythe: 1
title: A race   # and its title
kernel:
  # The era of the report.
  tree: v6.12
  config: { KASAN: y }

guest:
  console: |
    ./simple_kvm &
    sleep 1
`;

test('the catalogue names everything, with the place of its source', async () => {
  const { owner } = startBench();
  const data = await owner.call('scenario/catalogue', {});
  expect(catalogueSchema.safeParse(data).error).toBeUndefined();
  const patch = data.patches.find(({ name }) => name === 'mmu-notifier-async-oom-v2');
  expect(patch?.source).toBe('app/kernel/patches/mmu-notifier-async-oom-v2.ts');
  expect(patch?.symbols).toContain('__oom_reap_task_mm');
  expect(data.programs.find(({ name }) => name === 'simple_kvm')?.source).toBe(
    'app/console/programs/simple-kvm.ts',
  );
  expect(data.traceEvents.map(({ name }) => name)).toContain('oom:mark_victim');
  for (const { name, source } of data.programs) expect(source, name).not.toBeNull();
  for (const { name, source } of data.patches) expect(source, name).not.toBeNull();
});

test('every boot argument of the list is read by the model', () => {
  const text = sources
    .files()
    .map((file) => sources.read(file))
    .join('\n');
  for (const { name } of bootArguments) {
    const plain = name.replace(/^sysctl\./, '');
    expect(text.includes(`'${plain}'`), name).toBe(true);
  }
});

test('issues of a text have a place, a cause and a fix', async () => {
  const { owner } = startBench();
  const text = scenario.replace('v6.12', 'v6.13');
  const checked = await owner.call('scenario/check', { text, path: 'user/my.yaml' });
  expect(checked.issues).toMatchObject([
    {
      line: 6,
      column: 9,
      endLine: 6,
      endColumn: 14,
    },
  ]);
  expect(checked.issues[0].message).toContain('unknown tree "v6.13"');
  expect(checked.kernel).toBeNull();
  const fine = await owner.call('scenario/check', { text: scenario, path: 'user/my.yaml' });
  expect(fine).toMatchObject({
    issues: [],
    name: 'A race',
    kernel: { tree: 'v6.12', cpus: 2, memory: '2G' },
  });
  expect(fine.outline).toContainEqual({ name: 'tree', detail: 'v6.12', line: 6, depth: 1 });
});

test('texts that are no scenarios are answered, never thrown', async () => {
  const { owner } = startBench();
  for (const text of ['', '}{', 'a: [', '\t- x', '['.repeat(5000), 'scythe: 1', '- 1\n- 2', 'x: *y']) {
    const checked = await owner.call('scenario/check', { text, path: 'x' });
    expect(checked.issues.length, text.slice(0, 20)).toBeGreaterThan(0);
  }
});

test('an option takes along what depends on it, and says so', async () => {
  const { owner } = startBench();
  const { kernel, notes, issues } = await owner.call('kernel/resolve', {
    text: scenario.replace('KASAN: y', 'DEBUG_VM: y'),
    overrides: { config: { KASAN: false } },
  });
  expect(issues).toEqual([]);
  expect(kernel.config).toMatchObject({ KASAN: false, KASAN_VMALLOC: false, KASAN_STACK: false });
  expect(notes).toContain('KASAN_VMALLOC=n: it depends on KASAN');
});

test('what cannot be is told, and the kernel stays as the scenario has it', async () => {
  const { owner } = startBench();
  const { kernel, issues } = await owner.call('kernel/resolve', {
    text: scenario,
    overrides: { patches: ['no-such-patch'], cpus: 4 },
  });
  expect(kernel).toMatchObject({ tree: 'v6.12', cpus: 2, patches: [] });
  expect(issues.join()).toContain('unknown patch "no-such-patch"');
});

test('settings are written into the text, and its comments stay', async () => {
  const { owner } = startBench();
  const { text } = await owner.call('kernel/write-back', {
    text: scenario,
    overrides: {
      tree: 'v6.18',
      config: { KASAN: false, HZ: 1000 },
      cpus: 4,
      patches: ['oom-enter-sync-unregister'],
    },
  });
  expect(text).toBe(`# Why this is here.
scythe: 1
title: A race # and its title
kernel:
  # The era of the report.
  tree: v6.18
  config: { KASAN: n, HZ: 1000 }
  patches:
    - oom-enter-sync-unregister
  cpus: 4

guest:
  console: |
    ./simple_kvm &
    sleep 1
`);
  const without = await owner.call('kernel/write-back', { text, overrides: { patches: [] } });
  expect(without.text).not.toContain('patches');
});

test('formatting leaves the bundled scenarios as they are, comments included', async () => {
  const { owner } = startBench();
  for (const name of ['kvm-oom/reap.yaml', 'skeleton.yaml', 'kvm-oom/search-run.yaml']) {
    const text = readFileSync(join(root, 'scenarios', name), 'utf8');
    const once = (await owner.call('scenario/format', { text })).text;
    expect((await owner.call('scenario/format', { text: once })).text).toBe(once);
    const comments = (all: string) => all.match(/#.*$/gm);
    expect(comments(once)).toEqual(comments(text));
  }
  await expect(owner.call('scenario/format', { text: 'a: [' })).rejects.toMatchObject({ code: 'invalid' });
});

test('every kernel function is found where it is registered', () => {
  const lost = kallsyms().filter(({ name }) => {
    const place = sources.find(name);
    return place === null || !sources.read(place.file).split('\n')[place.line - 1].includes('kfunc(');
  });
  // What shows a file of procfs is registered in a loop, under the name of the file's function.
  expect(lost.map(({ name }) => name).filter((name) => sources.find(name) === null)).toEqual([]);
});

test('a function is shown as the tree and the patches have it', () => {
  expect(sources.find('exit_mmap')?.file).toBe('app/kernel/mm/mmap.ts');
  expect(sources.find('exit_mmap', 'v6.1')?.file).toBe('app/kernel/mm/mmap.v6.1.ts');
  expect(sources.find('remove_vma', 'v6.12')?.file).toBe('app/kernel/mm/vma.v6.12.ts');
  expect(sources.find('__oom_reap_task_mm', 'v6.12', ['mmu-notifier-async-oom-v2'])?.file).toBe(
    'app/kernel/patches/mmu-notifier-async-oom-v2.ts',
  );
  // Only what is replaced in a loop over a table has no place of its own.
  const lost = trees.flatMap((tree) =>
    replacementsOf(tree)
      .filter(({ symbol }) => !/\.v\d[\w.-]+\.ts$/.test(sources.find(symbol.name, tree.name)?.file ?? ''))
      .map(({ symbol }) => symbol.name),
  );
  expect([...new Set(lost)].filter((name) => !/^(?:mas_|mt_|__mt_|vma_)/.test(name))).toEqual([]);
  for (const patch of patches) {
    for (const { symbol } of patch.replacements) {
      expect(sources.find(symbol.name, undefined, [patch.name]), symbol.name).not.toBeNull();
    }
  }
});
