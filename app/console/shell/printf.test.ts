import { expect, test } from 'vitest';
import { format, printfText } from './printf.ts';

test.each([
  ['%s\\n', ['a'], 'a\n'],
  ['%s-%d\\n', ['a', '1', 'b', '2'], 'a-1\nb-2\n'],
  ['%5d|%-5s|%05d', ['42', 'x', '7'], '   42|x    |00007'],
  ['%x %X %o', ['255', '255', '8'], 'ff FF 10'],
  ['100%%', [], '100%'],
  ['no arguments\\n', [], 'no arguments\n'],
  ['%05.2f|%.1e|%g', ['3.14159', '12345', '0.5'], '03.14|1.2e+04|0.5'],
  ['%q', ['a b$'], 'a\\ b\\$'],
  ['%+d|% d|%#x|%-4d|', ['5', '5', '255', '-1'], '+5| 5|0xff|-1  |'],
  ['%*d|%d', ['4', '7', "'A"], '   7|65'],
  ['%03d', ['-5'], '-05'],
  // Bytes are text if they are UTF-8 together.
  ['\\303\\251|%b|\\u00e9', ['\\xff'], 'é|\udcff|é'],
])('printf %j %j', (template, args, text) => {
  expect(format(template, args)).toBe(text);
});

test('what is no number, and what is no format, is told', () => {
  expect(printfText('%d\\n', ['abc'])).toEqual({ text: '0\n', problems: ['abc: invalid number'] });
  expect(printfText('%d\\n', ['12x'])).toEqual({ text: '12\n', problems: ['12x: invalid number'] });
  expect(printfText('%z', ['a']).problems).toEqual(["`z': invalid format character"]);
});
