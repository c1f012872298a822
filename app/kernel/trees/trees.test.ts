import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { compareTrees } from '../tree-diff.ts';
import { findTree, trees } from './index.ts';
import { v5_15 } from './v5.15.ts';
import { v5_16 } from './v5.16.ts';
import { v5_17 } from './v5.17.ts';
import { v6_12 } from './v6.12.ts';
import { v6_18 } from './v6.18.ts';

test('a tree is made of every file that is named after it', () => {
  const files = readdirSync(new URL('..', import.meta.url), { recursive: true, encoding: 'utf8' });
  for (const { name } of trees) {
    const source = readFileSync(new URL(`${name}.ts`, import.meta.url), 'utf8');
    const parts = files.filter((file) => file.endsWith(`.${name}.ts`));
    for (const part of parts) expect(source).toContain(`from '../${part.replaceAll('\\', '/')}'`);
  }
});

test('no tree replaces a symbol twice', () => {
  for (const { replacements } of trees) {
    const names = replacements.map(({ symbol }) => symbol.name);
    expect(new Set(names).size).toBe(names.length);
  }
});

test('a tree is found by its name only', () => {
  expect(findTree('v6.12')?.release).toBe('6.12.117');
  expect(findTree('6.12')).toBeNull();
});

test('two trees are compared by what is on top of each symbol', () => {
  expect(compareTrees(v5_16, v5_17).symbols.map(({ symbol }) => symbol)).toEqual([
    '__x64_sys_process_mrelease',
    'exit_mmap',
  ]);
  expect(compareTrees(v5_15, v5_16)).toMatchObject({ symbols: [], traits: [] });
});

test('what differs is told by tree, with the words of its author', () => {
  const [mrelease] = compareTrees(v5_16, v5_17).symbols;
  expect(mrelease.sides[0]).toMatchObject({ tree: 'v5.16' });
  expect(mrelease.sides[0].how).toContain('as a user of the mm');
  expect(mrelease.sides[1]).toMatchObject({ tree: null });
  expect(mrelease.sides[1].how).toContain('MMF_OOM_SKIP');
  expect(compareTrees(v6_12, v6_18).traits).toContainEqual({
    trait: 'kvmAllocation',
    values: ['vmalloc', 'kvzalloc'],
  });
});

// Give `replace()` a third argument, and the symbol a line in newest-bodies.ts.
test('of every symbol that any two trees differ in, both sides say how', () => {
  const silent = trees.flatMap((a) =>
    trees.flatMap((b) =>
      compareTrees(a, b).symbols.flatMap(({ symbol, sides }) =>
        sides.flatMap(({ tree, how }) => (how === null ? [`${symbol} (${tree ?? 'newest'})`] : [])),
      ),
    ),
  );
  expect([...new Set(silent)]).toEqual([]);
});

test('every tree says in a paragraph what it is', () => {
  for (const { name, description, release } of trees) {
    expect(description).toMatch(/^Linux \d/);
    expect(description.length).toBeGreaterThan(40);
    expect(release.startsWith(name.slice(1).replace(/-rc\d$/, ''))).toBe(true);
  }
});
