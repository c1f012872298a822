import type { Body } from '../../../sim/call.ts';
import { errnoName } from '../../../kernel/include/errno.ts';
import { ECHO, ICANON } from '../../../kernel/include/termios.ts';
import { print, read, STDERR, STDIN } from '../../userland/libc.ts';
import { isatty, tcgetattr, tcsetattr } from '../../userland/termios.ts';
import type { Shell } from '../shell.ts';
import { setArray } from '../variables.ts';
import { failure, invalidOption, isName, letters } from './builtin.ts';

const READ_USAGE =
  '[-ers] [-a array] [-d delim] [-i text] [-n nchars] [-N nchars] [-p prompt] [-t timeout] [-u fd] [name ...]';

/** `read NAME...`: one line, cut at blanks. */
export function* readLine(shell: Shell, args: readonly string[]): Body<number> {
  const { flags, operands, bad } = letters(args, 'ers', 'adinNptu');
  if (bad !== null) return yield* invalidOption(shell, 'read', bad, READ_USAGE);
  const wrong = operands.find((name) => !isName(name));
  if (wrong !== undefined) return yield* failure(shell, `read: \`${wrong}': not a valid identifier`);
  if (flags.has('t') && flags.get('t') !== '0') {
    return yield* failure(shell, 'read: -t: a time limit is not supported by this shell', 2);
  }
  const fd = Number(flags.get('u') ?? STDIN);
  const terminal = yield* isatty(fd);
  const prompt = flags.get('p');
  if (prompt !== undefined && terminal) yield* print(STDERR, prompt);
  const line = yield* withSettings(fd, terminal, flags, () => characters(shell, fd, flags));
  if (line === null) return 1;
  if (shell.state.unwinding !== null) return shell.state.status;
  store(shell, line.text, operands, flags.get('a'), flags.has('N'));
  return line.complete ? 0 : 1;
}

interface Line {
  readonly text: string;
  readonly complete: boolean;
}

/** Without echo for `-s`, and character by character for `-n`. */
function* withSettings(
  fd: number,
  terminal: boolean,
  flags: ReadonlyMap<string, string>,
  body: () => Body<Line | null>,
): Body<Line | null> {
  const before = terminal ? yield* tcgetattr(fd) : 0;
  const off = (flags.has('s') ? ECHO : 0) | (flags.has('n') || flags.has('N') || flags.has('d') ? ICANON : 0);
  if (typeof before === 'number' || off === 0) return yield* body();
  yield* tcsetattr(fd, { ...before, c_lflag: before.c_lflag & ~off });
  const line = yield* body();
  yield* tcsetattr(fd, before);
  return line;
}

function* characters(shell: Shell, fd: number, flags: ReadonlyMap<string, string>): Body<Line | null> {
  const delimiter = flags.has('d') ? (flags.get('d')?.[0] ?? '\0') : '\n';
  const most = Number(flags.get('n') ?? flags.get('N') ?? Infinity);
  const raw = flags.has('r');
  let text = '';
  for (let count = 0; count < most;) {
    const character = yield* read(fd, 1);
    if (typeof character === 'number') {
      if (errnoName(character) !== 'EINTR') return text === '' ? null : { text, complete: false };
      yield* shell.runTraps();
      if (shell.state.unwinding !== null) return { text, complete: false };
      continue;
    }
    if (character === '') return text === '' ? null : { text, complete: false };
    if (character === delimiter && !flags.has('N')) return { text, complete: true };
    if (character === '\\' && !raw) {
      const next = yield* read(fd, 1);
      if (typeof next === 'number' || next === '') return { text, complete: false };
      if (next !== '\n') text += ESCAPED + next;
    } else text += character;
    count++;
  }
  return { text, complete: true };
}

/** Marks a character that a backslash stood before: it separates nothing. */
const ESCAPED = '\x01';

function store(
  shell: Shell,
  line: string,
  names: readonly string[],
  array: string | undefined,
  whole: boolean,
): void {
  const plain = (text: string): string => text.split(ESCAPED).join('');
  const separators = shell.state.variables.get('IFS') ?? ' \t\n';
  if (array !== undefined) {
    setArray(
      shell.state,
      array,
      false,
      fieldsOf(line, separators, Infinity).map((field, i) => [String(i), plain(field)]),
    );
    return;
  }
  if (names.length === 0) {
    shell.assign('REPLY', plain(line));
    return;
  }
  const fields = whole ? [line] : fieldsOf(line, separators, names.length);
  for (const [i, name] of names.entries()) shell.assign(name, plain(fields[i] ?? ''));
}

/** At most `most` fields; the last one is all the rest. */
function fieldsOf(line: string, separators: string, most: number): string[] {
  const blank = (c: string): boolean => separators.includes(c) && /\s/.test(c);
  const fields: string[] = [];
  let at = 0;
  const skipBlanks = (): void => {
    while (at < line.length && blank(line[at])) at++;
  };
  skipBlanks();
  while (at < line.length) {
    if (fields.length === most - 1) {
      let end = line.length;
      while (end > at && blank(line[end - 1]) && line[end - 2] !== ESCAPED) end--;
      fields.push(line.slice(at, end));
      return fields;
    }
    let field = '';
    while (at < line.length && !separators.includes(line[at])) {
      if (line[at] === ESCAPED) field += line[at++];
      field += line[at++] ?? '';
    }
    fields.push(field);
    skipBlanks();
    if (at < line.length && separators.includes(line[at])) {
      at++;
      skipBlanks();
    }
  }
  return fields;
}

/** `mapfile`, `readarray`: the lines of the input as an array. */
export function* mapfile(shell: Shell, args: readonly string[]): Body<number> {
  const { flags, operands, bad } = letters(args, 't', 'dnOsuCc');
  if (bad !== null)
    return yield* invalidOption(shell, 'mapfile', bad, '[-d delim] [-n count] [-t] [-u fd] [array]');
  let text = '';
  for (;;) {
    const part = yield* read(Number(flags.get('u') ?? STDIN));
    if (typeof part === 'number') return 1;
    if (part === '') break;
    text += part;
  }
  const lines = text.split(/(?<=\n)/).map((line) => (flags.has('t') ? line.replace(/\n$/, '') : line));
  const count = Number(flags.get('n') ?? 0);
  const kept = (count > 0 ? lines.slice(0, count) : lines).filter((line) => text !== '' || line !== '');
  setArray(
    shell.state,
    operands[0] ?? 'MAPFILE',
    false,
    kept.map((line, i) => [String(i), line]),
  );
  return 0;
}
