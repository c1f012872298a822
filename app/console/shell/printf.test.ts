import { expect, test } from 'vitest';
import { format } from './printf.ts';

test.each([
  ['%s\\n', ['a'], 'a\n'],
  ['%s-%d\\n', ['a', '1', 'b', '2'], 'a-1\nb-2\n'],
  ['%5d|%-5s|%05d', ['42', 'x', '7'], '   42|x    |00007'],
  ['%x %X %o', ['255', '255', '8'], 'ff FF 10'],
  ['100%%', [], '100%'],
  ['no arguments\\n', [], 'no arguments\n'],
])('printf %j %j', (template, args, text) => {
  expect(format(template, args)).toBe(text);
});
