import type { Body } from '../../sim/call.ts';
import { errnoName } from '../../kernel/include/errno.ts';
import { current } from '../../kernel/include/sched.ts';
import { SIGHUP, SIGINT, SIGWINCH } from '../../kernel/include/signal.ts';
import { ECHO, ICANON, ICRNL, INLCR } from '../../kernel/include/termios.ts';
import { print, read, STDERR, STDIN } from '../userland/libc.ts';
import { tcgetattr, tcsetattr, winsize } from '../userland/termios.ts';
import { completions } from './complete.ts';
import { LineEditor } from './readline/editor.ts';
import type { Shell } from './shell.ts';

export type TypedLine =
  | { readonly kind: 'line'; readonly line: string }
  | { readonly kind: 'eof' }
  | { readonly kind: 'interrupt' }
  | { readonly kind: 'hangup' };

/** One line from the terminal, edited by the user. Character by character: what comes after it is for the command. */
export function* readTerminalLine(shell: Shell, prompt: string): Body<TypedLine> {
  const settings = yield* tcgetattr(STDIN);
  if (typeof settings === 'number') return yield* readPlainLine(shell, prompt);
  if (shell.terminal !== null) shell.terminal.settings = settings;
  yield* tcsetattr(STDIN, {
    ...settings,
    c_lflag: settings.c_lflag & ~(ICANON | ECHO),
    c_iflag: settings.c_iflag & ~(ICRNL | INLCR),
  });
  const typed = yield* edit(shell, prompt);
  yield* tcsetattr(STDIN, settings);
  return typed;
}

function* edit(shell: Shell, prompt: string): Body<TypedLine> {
  const editor = new LineEditor(prompt, yield* columns(), shell.history);
  yield* print(STDERR, editor.start());
  for (;;) {
    const character = yield* read(STDIN, 1);
    if (typeof character === 'number') {
      if (errnoName(character) !== 'EINTR') return { kind: 'hangup' };
      const end = yield* signals(shell, editor);
      if (end !== null) return end;
      continue;
    }
    if (character === '') return { kind: 'hangup' };
    const { output, event } = editor.feed(character);
    if (output !== '') yield* print(STDERR, output);
    if (event?.kind === 'accept') return { kind: 'line', line: event.line };
    if (event?.kind === 'eof') return { kind: 'eof' };
    if (event?.kind === 'complete') {
      const found = yield* completions(shell, event.line, event.cursor);
      yield* print(STDERR, editor.complete(found));
    }
  }
}

/** Signals that came while the user typed. The end of the line, if they end it. */
function* signals(shell: Shell, editor: LineEditor): Body<TypedLine | null> {
  const { delivered } = current();
  const { state } = shell;
  for (let signal = delivered.shift(); signal !== undefined; signal = delivered.shift()) {
    const command = state.traps.get(signal);
    if (signal === SIGINT) {
      yield* print(STDERR, editor.interrupt());
      if (command !== undefined && command !== '') yield* shell.eval(command, 'trap handler');
      state.status = 130;
      return { kind: 'interrupt' };
    }
    if (signal === SIGWINCH) yield* print(STDERR, editor.resize(yield* columns()));
    if (command !== undefined && command !== '') yield* shell.eval(command, 'trap handler');
    else if (signal === SIGHUP) return { kind: 'hangup' };
  }
  return null;
}

function* columns(): Body<number> {
  const size = yield* winsize(STDIN);
  return typeof size === 'number' || size.cols < 2 ? 80 : size.cols;
}

/** Without a terminal: `bash -i` in a pipe. */
function* readPlainLine(shell: Shell, prompt: string): Body<TypedLine> {
  yield* print(STDERR, prompt);
  let line = '';
  for (;;) {
    const character = yield* read(STDIN, 1);
    if (typeof character === 'number' && errnoName(character) === 'EINTR') {
      yield* shell.runTraps();
      continue;
    }
    if (typeof character === 'number' || character === '')
      return line === '' ? { kind: 'eof' } : { kind: 'line', line };
    if (character === '\n') return { kind: 'line', line };
    line += character;
  }
}
