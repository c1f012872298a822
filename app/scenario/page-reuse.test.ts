import { readFileSync } from 'node:fs';
import { resolve as resolvePath } from 'node:path';
import { expect, test } from 'vitest';
import { runToEnd } from '../explore/strategy.ts';
import type { Overrides } from './resolve.ts';
import { open, searchOf, settingsOf } from './search.ts';
import { judgeSearch } from './search-verdict.ts';

// A page table is freed under a reaper, and its page is somebody else's then: scenarios/oom-reaper-exit-mmap/reuse.

const path = resolvePath(import.meta.dirname, '../../scenarios/oom-reaper-exit-mmap/reuse.yaml');

function explored(overrides: Overrides) {
  const name = 'oom-reaper-exit-mmap/reuse';
  const opened = open({ kind: 'scenario', name, text: readFileSync(path, 'utf8'), overrides });
  const { outcomes, coverage } = runToEnd(searchOf(opened.program, settingsOf(opened, {})));
  const failures = judgeSearch(opened.plan, { outcomes, coverage });
  return { titles: outcomes.map(({ title }) => title).sort(), covered: coverage.kind, failures };
}

test('without a sanitizer the reaper of v4.14 finds data in a page table, or takes pages out of another process', () => {
  expect(explored({ tree: 'v4.14' })).toEqual({
    titles: [
      'BUG: Bad page map',
      'BUG: Bad rss-counter state',
      'SCYTHE: VMA freed under a reaper',
      'SCYTHE: page table freed under a reaper',
    ],
    covered: 'complete',
    failures: [],
  });
}, 120_000);

test.each<Overrides>([
  { tree: 'v4.13' },
  { tree: 'v4.15' },
  { tree: 'v4.14', patches: ['exit-mmap-two-flags'] },
])('nobody shares a page with a reaper on %o', (overrides) => {
  expect(explored(overrides)).toEqual({ titles: [], covered: 'complete', failures: [] });
});
