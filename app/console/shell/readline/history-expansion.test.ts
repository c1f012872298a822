import { expect, test } from 'vitest';
import { expandHistory } from './history-expansion.ts';

const history = ['make -j4 all', 'echo one two three', 'cat /etc/hosts'];

test.each([
  ['!!', 'cat /etc/hosts'],
  ['sudo !!', 'sudo cat /etc/hosts'],
  ['ls !$', 'ls /etc/hosts'],
  ['!1', 'make -j4 all'],
  ['!-2', 'echo one two three'],
  ['!ec', 'echo one two three'],
  ['!?two?', 'echo one two three'],
  ['x !ec:2', 'x two'],
  ['x !ec:1-2', 'x one two'],
  ['x !ec:*', 'x one two three'],
  ['x !ec^', 'x one'],
  ['dirname !$:h', 'dirname /etc'],
  ['!!:s/etc/tmp/', 'cat /tmp/hosts'],
  ['^hosts^passwd', 'cat /etc/passwd'],
  ["echo '!!' \\!x", "echo '!!' \\!x"],
  ['[ ! -e x ]', '[ ! -e x ]'],
  ['echo "a!"', 'echo "a!"'],
])('%s is %s', (line, expected) => {
  const result = expandHistory(line, history);
  expect(result.ok && result.line).toBe(expected);
});

test('a line that there is not, and one that is only shown', () => {
  expect(expandHistory('!zzz', history)).toEqual({ ok: false, message: '!zzz: event not found' });
  expect(expandHistory('!!:p', history)).toMatchObject({ ok: true, line: 'cat /etc/hosts', printOnly: true });
});
