import { expect, test } from 'vitest';
import { expandAliases } from './aliases.ts';

const aliases = new Map([
  ['ll', 'ls -l'],
  ['ls', 'ls --color'],
  ['s', 'sudo '],
  ['a', 'b'],
  ['b', 'a'],
]);

test.each([
  ['ll /tmp', 'ls --color -l /tmp'],
  ['echo ll', 'echo ll'],
  ['cd x; ll | wc && ll', 'cd x; ls --color -l | wc && ls --color -l'],
  ['if ll; then ll; fi', 'if ls --color -l; then ls --color -l; fi'],
  ['s ll', 'sudo  ls --color -l'],
  ["'ll' \\ll", "'ll' \\ll"],
  ['X=1 ll', 'X=1 ls --color -l'],
  ['a', 'a'],
])('%s becomes %s', (source, expected) => {
  expect(expandAliases(source, aliases)).toBe(expected);
});
