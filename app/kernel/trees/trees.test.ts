import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { findTree, trees } from './index.ts';

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
