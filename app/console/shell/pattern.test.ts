import { expect, test } from 'vitest';
import { escapePattern, isPattern, patternToRegExp } from './pattern.ts';

test.each([
  ['*.txt', 'a.txt', true],
  ['a?c', 'abc', true],
  ['a?c', 'ac', false],
  ['[a-c]x', 'bx', true],
  ['[!a-c]x', 'bx', false],
  ['a\\*b', 'a*b', true],
  ['a\\*b', 'axb', false],
  ['a.b', 'axb', false],
  ['[', '[', true],
])('the pattern %s and the word %s: %s', (pattern, word, matches) => {
  expect(patternToRegExp(pattern).test(word)).toBe(matches);
});

test('what is quoted is no pattern', () => {
  expect(isPattern(escapePattern('a*b?[c]'))).toBe(false);
  expect(patternToRegExp(escapePattern('a*b?[c]')).test('a*b?[c]')).toBe(true);
});
