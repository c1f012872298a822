import { readFileSync } from 'node:fs';
import { resolve as resolvePath } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runToEnd } from '../explore/strategy.ts';
import type { Overrides } from './resolve.ts';
import { runOnce } from './run.ts';
import { open, searchOf, settingsOf, type Wishes } from './search.ts';

const textOf = (name: string): string =>
  readFileSync(resolvePath(import.meta.dirname, `../../scenarios/${name}.yaml`), 'utf8');

/** One run in time: its titles, and whether anything was reaped. */
function ran(name: string, tree: string): { met: boolean; titles: readonly string[]; reaped: boolean } {
  const { plan } = open({ kind: 'scenario', name, text: textOf(name), overrides: { tree } });
  if (plan === null) throw new Error('no scenario');
  const { met, titles, log } = runOnce(plan, { seed: 1 });
  return { met, titles, reaped: log.some(({ text }) => text.startsWith('oom_reaper: reaped process')) };
}

/** What a search of a scenario comes to: titles, sorted, and how far it went. */
function explored(
  name: string,
  tree: string,
  patches: readonly string[] = [],
  kernel: Pick<Overrides, 'config' | 'append'> = {},
  wishes: Wishes = {},
): { titles: string[]; covered: string } {
  const opened = open({
    kind: 'scenario',
    name,
    text: textOf(name),
    overrides: { tree, patches, ...kernel },
  });
  const { outcomes, coverage } = runToEnd(searchOf(opened.program, settingsOf(opened, wishes)));
  return { titles: outcomes.map(({ title }) => title).sort(), covered: coverage.kind };
}

const VMA_FREED = 'SCYTHE: VMA freed under a reaper';
const TABLE_FREED = 'SCYTHE: page table freed under a reaper';
/** What KASAN has written into a freed VMA is taken for its addresses. */
const GARBAGE = 'kernel BUG at mm/memory.c:1808';
/**
 * A VMA is freed before the reaper looks at it, or while it is at its pages; or a page table is. Before v6.4 KASAN
 * does not say what kind of memory it was.
 */
const ALL_PLACES = [
  'KASAN: use-after-free Read in __oom_reap_task_mm',
  'KASAN: use-after-free Read in unmap_page_range',
  VMA_FREED,
  TABLE_FREED,
  GARBAGE,
];
const LATE = ['KASAN: use-after-free Read in __oom_reap_task_mm', GARBAGE];
const COMPLETE = { covered: 'complete' };

describe('a reaper beside exit_mmap()', () => {
  test.each(['v4.14', 'v4.15', 'v4.17', 'v5.16'])('does no harm to a single process on %s', (tree) => {
    expect(explored('oom-reaper-exit-mmap/single-process', tree)).toMatchObject({ ...COMPLETE, titles: [] });
  });

  test('meets freed VMAs and tables on v4.14 if the last user is no victim', () => {
    expect(explored('oom-reaper-exit-mmap/other-user', 'v4.14')).toMatchObject({
      ...COMPLETE,
      titles: ALL_PLACES,
    });
  });

  test.each([
    ['v4.13', []],
    ['v4.15', []],
    ['v4.17', []],
    ['v5.16', []],
    ['v5.18', []],
    ['v6.12', []],
    ['v4.14', ['exit-mmap-two-flags']],
    ['v4.15', ['exit-mmap-unstable-flag']],
    ['v4.15', ['exit-mmap-victim-lock']],
  ])('is waited for by any last user on %s %j', (tree, patches) => {
    expect(explored('oom-reaper-exit-mmap/other-user', tree, patches)).toMatchObject({
      ...COMPLETE,
      titles: [],
    });
  });

  test('is waited for by whoever of two comes last on v4.15, and not on v4.14', () => {
    expect(explored('oom-reaper-exit-mmap/two-readers', 'v4.15')).toMatchObject({ ...COMPLETE, titles: [] });
    expect(explored('oom-reaper-exit-mmap/two-readers', 'v4.14').titles).toEqual(ALL_PLACES);
  });
});

test('once the last user has gone, the reaper of v4.13 can do nothing, and that of v4.14 reaps', () => {
  expect(ran('oom-reaper-exit-mmap/aio', 'v4.13')).toEqual({ met: true, titles: [], reaped: false });
  expect(ran('oom-reaper-exit-mmap/aio', 'v4.14')).toEqual({ met: true, titles: [], reaped: true });
});

test.each([
  ['v4.14', false],
  ['v4.15', false],
  ['v4.17', true],
])('on %s a victim with a notifier is reaped: %s', (tree, reaped) => {
  expect(ran('oom-reaper-exit-mmap/notifier', tree)).toEqual({ met: true, titles: [], reaped });
});

test.each(['v5.16', 'v5.17', 'v5.18', 'v6.1', 'v6.12', 'v6.18'])(
  'vm_ops->close with mmap_lock on %s',
  (tree) => {
    const titles =
      tree === 'v5.16' ? [] : ['possible deadlock in lab_vma_close', 'INFO: task hung in lab_vma_close'];
    expect(ran('exit-mmap-mmap-lock/close-takes-lock', tree)).toEqual({ met: true, titles, reaped: false });
  },
);

describe('process_mrelease() beside exit_mmap()', () => {
  test.each<[string, readonly string[], readonly string[]]>([
    ['v5.15-rc1', [], ALL_PLACES],
    ['v5.16', [], []],
    ['v5.16', ['exit-mmap-write-lock'], []],
    ['v5.16', ['mrelease-mm-count'], ALL_PLACES],
    ['v5.16', ['exit-mmap-write-lock', 'mrelease-mm-count'], LATE],
    ['v5.17-rc1', [], LATE],
    ['v5.17-rc1', ['exit-mmap-clear-mmap'], []],
    ['v5.17', [], []],
    ['v6.1', [], []],
    ['v6.12', [], []],
  ])('on %s with %j', (tree, patches, titles) => {
    expect(explored('exit-mmap-mmap-lock/mrelease', tree, patches)).toMatchObject({ ...COMPLETE, titles });
  });

  test('meets what the captures show on v6.12 without the lock', () => {
    expect(explored('exit-mmap-mmap-lock/mrelease', 'v6.12', ['exit-mmap-unlocked']).titles).toEqual([
      'KASAN: slab-use-after-free Read in __oom_reap_task_mm',
      'KASAN: slab-use-after-free Read in mas_next_slot',
      'KASAN: slab-use-after-free Read in mtree_range_walk',
      'KASAN: slab-use-after-free Read in unmap_page_range',
      'KASAN: use-after-free Read in unmap_page_range',
      VMA_FREED,
      TABLE_FREED,
      GARBAGE,
    ]);
  });

  test.each<[string, readonly string[], readonly string[]]>([
    // Each word of poison is an entry in swap that leads nowhere: a bad page map up to v6.9, and one page too few in swap.
    ['v5.15-rc1', [], ['BUG: Bad page map', 'BUG: Bad rss-counter state', VMA_FREED, TABLE_FREED]],
    ['v6.12', ['exit-mmap-unlocked'], ['BUG: Bad rss-counter state', VMA_FREED, TABLE_FREED]],
  ])(
    'goes on with the poison of a freed page table, without KASAN, on %s with %j',
    (tree, patches, titles) => {
      const kernel: Parameters<typeof explored>[3] = {
        config: [{ name: 'KASAN', value: 'n' }],
        append: ['page_poison=1'],
      };
      const found = explored('exit-mmap-mmap-lock/mrelease', tree, patches, kernel);
      expect(found).toEqual({ ...COMPLETE, titles });
    },
    60_000,
  );

  test('and the OOM reaper find what they need on v5.17, and do not on v5.15-rc1', () => {
    // All states are for the matrix of the family: they take minutes.
    const within = (tree: string) =>
      explored('exit-mmap-mmap-lock/two-reapers', tree, [], {}, { preemptions: 1 }).titles;
    expect(within('v5.17')).toEqual([]);
    expect(within('v5.15-rc1')).toEqual(LATE);
  }, 120_000);
});
