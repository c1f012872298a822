import { readFileSync } from 'node:fs';
import { resolve as resolvePath } from 'node:path';
import { expect, test } from 'vitest';
import { runToEnd } from '../explore/strategy.ts';
import { open, searchOf, settingsOf } from './search.ts';
import { judgeSearch } from './search-verdict.ts';

// Mlocked memory beside a reaper: scenarios/oom-reaper-exit-mmap/mlocked.

const name = 'oom-reaper-exit-mmap/mlocked';
const text = readFileSync(resolvePath(import.meta.dirname, `../../scenarios/${name}.yaml`), 'utf8');

function explored(tree: string, patches: readonly string[]) {
  const opened = open({ kind: 'scenario', name, text, overrides: { tree, patches } });
  const { outcomes, coverage } = runToEnd(searchOf(opened.program, settingsOf(opened, {})));
  const failures = judgeSearch(opened.plan, { outcomes, coverage });
  return { titles: outcomes.map(({ title }) => title).sort(), covered: coverage.kind, failures };
}

const OOPS = [
  'BUG: unable to handle kernel NULL pointer dereference in follow_page_pte',
  'KASAN: null-ptr-deref Write in follow_page_pte',
];

test.each<[string, readonly string[], readonly string[]]>([
  ['v4.14', [], []],
  ['v4.14', ['pmd-bad-radix'], OOPS],
  ['v4.15', ['pmd-bad-radix'], OOPS],
  ['v4.17', ['pmd-bad-radix'], []],
  ['v5.17', ['pmd-bad-radix'], []],
  ['v5.17', ['exit-mmap-munlock-read-lock', 'pmd-bad-radix'], OOPS],
  ['v5.18', [], []],
])('munlocking a huge page beside a reaper on %s with %j', (tree, patches, titles) => {
  expect(explored(tree, patches)).toEqual({ titles, covered: 'complete', failures: [] });
});
