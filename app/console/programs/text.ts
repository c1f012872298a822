import { byteLength } from '../../base/byte-text.ts';
import type { Body } from '../../sim/call.ts';
import { ms } from '../../base/brand.ts';
import { O_RDONLY } from '../../kernel/include/fs.ts';
import { close, nanosleep, open, print, read, STDERR, STDIN, STDOUT } from '../userland/libc.ts';
import { eachFile, failure, linesOf } from './files.ts';
import { byText, eachLine } from './lines.ts';
import { withOptions, type Program } from './program.ts';

/** `-20` in place of `-n 20`, as head and tail take it. */
function oldCount(program: Program): Program {
  return {
    ...program,
    main: (invocation) =>
      program.main({
        ...invocation,
        args: invocation.args.flatMap((word, i, all) =>
          /^-\d+$/.test(word) && !/^-[nc]$/.test(all[i - 1] ?? '') ? ['-n', word.slice(1)] : [word],
        ),
      }),
  };
}

/** What head and tail print before each of several files. */
const title = (path: string, first: boolean): string =>
  `${first ? '' : '\n'}==> ${path === '-' ? 'standard input' : path} <==\n`;

export const head = oldCount(
  withOptions(
    {
      name: 'head',
      summary: 'Prints the first lines.',
      operands: '[FILE]...',
      permutes: true,
      options: [
        {
          flag: '-n',
          long: '--lines',
          value: 'LINES',
          description: 'how many; with - all but the last',
          default: '10',
        },
        { flag: '-c', long: '--bytes', value: 'BYTES', description: 'so many characters', default: '' },
        { flag: '-q', long: '--quiet', description: 'no titles' },
      ],
    },
    function* (options) {
      const count = options.text('-n') ?? '10';
      const bytes = options.text('-c');
      if (!/^-?\d+$/.test(bytes ?? count)) {
        const what = bytes === undefined ? 'lines' : 'bytes';
        yield* print(STDERR, `head: invalid number of ${what}: '${bytes ?? count}'\n`);
        return 1;
      }
      const paths = options.operands.length === 0 ? ['-'] : options.operands;
      let status = 0;
      for (const [i, path] of paths.entries()) {
        if (paths.length > 1 && !options.has('-q')) yield* print(STDOUT, title(path, i === 0));
        if (bytes !== undefined) status = Math.max(status, yield* headBytes(path, Number(bytes)));
        else if (count.startsWith('-')) {
          const all = yield* linesOf('head', [path]);
          status = Math.max(status, all.status);
          for (const line of all.lines.slice(0, Number(count))) yield* print(STDOUT, `${line}\n`);
        } else status = Math.max(status, yield* headLines(path, Number(count)));
      }
      return status;
    },
  ),
);

function* headLines(path: string, count: number): Body<number> {
  let left = count;
  if (left === 0) return 0;
  return yield* eachLine('head', [path], function* (line) {
    yield* print(STDOUT, `${line}\n`);
    return --left > 0;
  });
}

function* headBytes(path: string, count: number): Body<number> {
  let left = count;
  return yield* eachFile('head', [path], function* (piece) {
    yield* print(STDOUT, piece.slice(0, left));
    left -= piece.length;
    return left > 0;
  });
}

/** How often `tail -f` looks whether a file has grown. */
const POLL = ms(1000);

export const tail = oldCount(
  withOptions(
    {
      name: 'tail',
      summary: 'Prints the last lines.',
      operands: '[FILE]...',
      permutes: true,
      options: [
        {
          flag: '-n',
          long: '--lines',
          value: 'LINES',
          description: 'how many; with + from that line on',
          default: '10',
        },
        { flag: '-c', long: '--bytes', value: 'BYTES', description: 'so many characters', default: '' },
        { flag: '-f', long: '--follow', description: 'go on as the file grows' },
        { flag: '-q', long: '--quiet', description: 'no titles' },
      ],
    },
    function* (options) {
      const count = options.text('-n') ?? '10';
      const bytes = options.text('-c');
      if (!/^[-+]?\d+$/.test(bytes ?? count)) {
        const what = bytes === undefined ? 'lines' : 'bytes';
        yield* print(STDERR, `tail: invalid number of ${what}: '${bytes ?? count}'\n`);
        return 1;
      }
      const paths = options.operands.length === 0 ? ['-'] : options.operands;
      let status = 0;
      for (const [i, path] of paths.entries()) {
        if (paths.length > 1 && !options.has('-q')) yield* print(STDOUT, title(path, i === 0));
        status = Math.max(
          status,
          yield* tailOf(path, bytes ?? count, bytes !== undefined, options.has('-f')),
        );
      }
      return status;
    },
  ),
);

function* tailOf(path: string, count: string, bytes: boolean, follow: boolean): Body<number> {
  const fd = path === '-' ? STDIN : yield* open(path, O_RDONLY);
  if (fd < 0) return yield* failure('tail', path, fd);
  let text = '';
  for (;;) {
    const piece = yield* read(fd);
    if (typeof piece === 'number') return yield* failure('tail', path, piece);
    if (piece === '') break;
    text += piece;
  }
  yield* print(STDOUT, bytes ? lastOf(text.split(''), count).join('') : lastLines(text, count));
  while (follow) {
    const piece = yield* read(fd);
    if (typeof piece === 'number') return yield* failure('tail', path, piece);
    if (piece === '') yield* nanosleep(POLL);
    else yield* print(STDOUT, piece);
  }
  if (fd !== STDIN) yield* close(fd);
  return 0;
}

function lastOf<Part>(parts: readonly Part[], count: string): readonly Part[] {
  const number = Math.abs(Number(count));
  if (count.startsWith('+')) return parts.slice(Math.max(0, number - 1));
  return number === 0 ? [] : parts.slice(-number);
}

function lastLines(text: string, count: string): string {
  const lines = text.split('\n').map((line, i, all) => (i < all.length - 1 ? `${line}\n` : line));
  if (lines.at(-1) === '') lines.pop();
  return lastOf(lines, count).join('');
}

export const wc = withOptions(
  {
    name: 'wc',
    summary: 'Counts lines, words and bytes.',
    operands: '[FILE]...',
    permutes: true,
    options: [
      { flag: '-l', long: '--lines', description: 'lines' },
      { flag: '-w', long: '--words', description: 'words' },
      { flag: '-c', long: '--bytes', description: 'bytes' },
      { flag: '-m', long: '--chars', description: 'characters' },
    ],
  },
  function* (options) {
    const wanted = ['-l', '-w', '-c'].map(
      (flag) => options.has(flag) || (flag === '-c' && options.has('-m')),
    );
    const all = !wanted.includes(true);
    const rows: { readonly counts: number[]; readonly path: string }[] = [];
    let status = 0;
    for (const path of options.operands.length === 0 ? [''] : options.operands) {
      let text = '';
      const error = yield* eachFile('wc', path === '' ? [] : [path], function* (piece) {
        text += piece;
      });
      status = Math.max(status, error);
      if (error !== 0) continue;
      const words = text.split(/\s+/).filter((word) => word !== '').length;
      const size = options.has('-m') ? Array.from(text).length : byteLength(text);
      rows.push({ counts: [text.split('\n').length - 1, words, size], path });
    }
    if (rows.length > 1) {
      rows.push({
        counts: [0, 1, 2].map((i) => rows.reduce((sum, { counts }) => sum + counts[i], 0)),
        path: 'total',
      });
    }
    const single = wanted.filter(Boolean).length === 1 && rows.length === 1;
    // As wide as the size of all files together.
    const widest = String(rows.at(-1)?.counts[2] ?? 0).length;
    for (const { counts, path } of rows) {
      const width = single ? 0 : options.operands.length === 0 ? 7 : widest;
      const shown = counts.filter((_, i) => all || wanted[i]).map((count) => String(count).padStart(width));
      yield* print(STDOUT, `${shown.join(' ')}${path === '' || path === '-' ? '' : ` ${path}`}\n`);
    }
    return status;
  },
);

export const sort = withOptions(
  {
    name: 'sort',
    summary: 'Sorts lines.',
    operands: '[FILE]...',
    permutes: true,
    options: [
      { flag: '-n', long: '--numeric-sort', description: 'by number' },
      { flag: '-r', long: '--reverse', description: 'the other way round' },
      { flag: '-u', long: '--unique', description: 'each line once' },
      {
        flag: '-k',
        long: '--key',
        value: 'FIELD',
        description: 'by the field from this one on',
        default: '1',
      },
      {
        flag: '-t',
        long: '--field-separator',
        value: 'CHAR',
        description: 'what is between fields',
        default: '',
      },
    ],
  },
  function* (options) {
    const { lines, status } = yield* linesOf('sort', options.operands);
    const key = Number.parseInt(options.text('-k') ?? '1', 10) || 1;
    const separator = options.text('-t');
    const keyOf = (line: string): string => {
      if (key === 1) return line;
      const fields = separator === undefined ? line.trim().split(/\s+/) : line.split(separator);
      return fields.slice(key - 1).join(separator ?? ' ');
    };
    const numeric = options.has('-n') || /n/.test(options.text('-k') ?? '');
    const number = (line: string): number => Number.parseFloat(keyOf(line)) || 0;
    const compare = (a: string, b: string): number =>
      (numeric ? number(a) - number(b) : byText(keyOf(a), keyOf(b))) || byText(a, b);
    const sorted = lines.sort(compare);
    if (options.has('-r')) sorted.reverse();
    const unique = options.has('-u');
    let last: string | null = null;
    for (const line of sorted) {
      if (unique && last !== null && (numeric ? number(line) === number(last) : keyOf(line) === keyOf(last)))
        continue;
      last = line;
      yield* print(STDOUT, `${line}\n`);
    }
    return status;
  },
);

export const seq = withOptions(
  {
    name: 'seq',
    summary: 'Prints numbers.',
    operands: '[FIRST [STEP]] LAST',
    options: [
      { flag: '-s', long: '--separator', value: 'TEXT', description: 'between numbers', default: '\\n' },
      { flag: '-w', long: '--equal-width', description: 'with leading zeros' },
    ],
  },
  function* (options) {
    const { operands } = options;
    const numbers = operands.map(Number);
    if (numbers.length < 1 || numbers.length > 3 || numbers.some((value) => !Number.isInteger(value))) {
      yield* print(STDERR, 'seq: one to three whole numbers are needed\n');
      return 1;
    }
    const last = numbers[numbers.length - 1];
    const first = numbers.length > 1 ? numbers[0] : 1;
    const step = numbers.length > 2 ? numbers[1] : 1;
    if (step === 0) {
      yield* print(STDERR, "seq: invalid Zero increment value: '0'\n");
      return 1;
    }
    const lines: string[] = [];
    for (let i = first; step > 0 ? i <= last : i >= last; i += step) lines.push(String(i));
    const width = options.has('-w') ? Math.max(...lines.map((line) => line.length)) : 0;
    const separator = options.text('-s') ?? '\n';
    if (lines.length > 0)
      yield* print(STDOUT, `${lines.map((line) => line.padStart(width, '0')).join(separator)}\n`);
    return 0;
  },
);
