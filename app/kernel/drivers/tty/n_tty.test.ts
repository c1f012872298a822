import { expect, test } from 'vitest';
import { ECHO, ICANON, ISIG, OPOST, tty_std_termios } from '../../include/termios.ts';
import { SIGINT, SIGQUIT, SIGTSTP } from '../../include/signal.ts';
import { LineDiscipline } from './n_tty.ts';

const line = (): LineDiscipline => new LineDiscipline();
const raw = (): LineDiscipline => {
  const ldisc = line();
  ldisc.setTermios({ ...tty_std_termios, c_lflag: ISIG });
  return ldisc;
};

test('a line can be read when it is complete, with its newline', () => {
  const ldisc = line();
  expect(ldisc.receive('ab').echo).toBe('ab');
  expect(ldisc.available).toBe(false);
  expect(ldisc.take(100)).toBe(null);
  expect(ldisc.receive('c\rnext').echo).toBe('c\r\nnext');
  expect(ldisc.take(2)).toBe('ab');
  expect(ldisc.take(100)).toBe('c\n');
  expect(ldisc.take(100)).toBe(null);
});

test('Backspace takes a character away, Ctrl-W a word, Ctrl-U the line', () => {
  const ldisc = line();
  expect(ldisc.receive('ab\x7f').echo).toBe('ab\b \b');
  expect(ldisc.receive('c one  two ').echo).toBe('c one  two ');
  expect(ldisc.receive('\x17').echo).toBe('\b \b'.repeat(4));
  ldisc.receive('\r');
  expect(ldisc.take(100)).toBe('ac one  \n');
  expect(ldisc.receive('xyz\x15').echo).toBe(`xyz${'\b \b'.repeat(3)}`);
  expect(ldisc.receive('\x7f').echo).toBe('');
});

test('erasing goes back over as many columns as a character took', () => {
  const ldisc = line();
  expect(ldisc.receive('漢\x7f').echo).toBe('漢\b \b\b \b');
  expect(ldisc.receive('\x01\x7f').echo).toBe('^A\b \b\b \b');
  expect(ldisc.receive('a\t\x7f').echo).toBe(`a\t${'\b \b'.repeat(7)}`);
  expect(ldisc.receive('é😀\x7f\x7f').echo).toBe('é😀\b \b\b \b\b \b');
});

test('Ctrl-D ends a line without a newline, and alone is the end of the file', () => {
  const ldisc = line();
  ldisc.receive('ab\x04');
  expect(ldisc.take(100)).toBe('ab');
  ldisc.receive('\x04');
  expect(ldisc.available).toBe(true);
  expect(ldisc.take(100)).toBe('');
});

test.each([
  ['\x03', SIGINT, '^C'],
  ['\x1c', SIGQUIT, '^\\'],
  ['\x1a', SIGTSTP, '^Z'],
])('%j is a signal, and forgets what was typed', (key, signal, after) => {
  const ldisc = line();
  const received = ldisc.receive(`typed${key}rest`);
  expect(received).toEqual({ echo: 'typed', signal, after, taken: 6 });
  ldisc.receive('x\r');
  expect(ldisc.take(100)).toBe('x\n');
});

test('Ctrl-V takes the next character as it is', () => {
  const ldisc = line();
  expect(ldisc.receive('\x16\x03\r').signal).toBe(0);
  expect(ldisc.take(100)).toBe('\x03\n');
});

test('out of canonical mode every character can be read at once, and nothing is echoed', () => {
  const ldisc = raw();
  expect(ldisc.receive('a\x7f\x04').echo).toBe('');
  expect(ldisc.take(1)).toBe('a');
  expect(ldisc.take(100)).toBe('\x7f\x04');
  expect(ldisc.receive('\x03').signal).toBe(SIGINT);
});

test('what was typed ahead is still there after a change of mode', () => {
  const ldisc = line();
  ldisc.receive('one\rtw');
  ldisc.setTermios({ ...tty_std_termios, c_lflag: ISIG });
  expect(ldisc.take(100)).toBe('one\n');
  expect(ldisc.take(100)).toBe('tw');
  ldisc.receive('x');
  ldisc.setTermios(tty_std_termios);
  expect(ldisc.take(100)).toBe('x');
});

test('Ctrl-S holds output until Ctrl-Q', () => {
  const ldisc = line();
  ldisc.receive('\x13');
  expect(ldisc.stopped).toBe(true);
  ldisc.receive('\x11');
  expect(ldisc.stopped).toBe(false);
});

test('output gets carriage returns, unless it is raw', () => {
  const ldisc = line();
  expect(ldisc.process('a\nb\n')).toBe('a\r\nb\r\n');
  ldisc.setTermios({ ...tty_std_termios, c_oflag: tty_std_termios.c_oflag & ~OPOST });
  expect(ldisc.process('a\n')).toBe('a\n');
});

test('a password is not shown, a line that is too long is cut with a bell', () => {
  const ldisc = line();
  ldisc.setTermios({ ...tty_std_termios, c_lflag: ICANON | ISIG });
  expect(ldisc.receive('secret\r').echo).toBe('');
  expect(ldisc.take(100)).toBe('secret\n');
  ldisc.setTermios({ ...tty_std_termios, c_lflag: ICANON | ECHO });
  expect(ldisc.receive('x'.repeat(5000)).echo).toBe('x'.repeat(4095) + '\x07'.repeat(905));
});
