import { print, STDERR, STDOUT } from '../userland/libc.ts';
import { linesOf } from './files.ts';
import { withOptions } from './program.ts';

export const grep = withOptions(
  {
    name: 'grep',
    summary: 'Prints the lines that match a regular expression.',
    operands: 'PATTERN [FILE]...',
    options: [
      { flag: '-c', description: 'print how many lines match' },
      { flag: '-E', description: 'an extended expression; the model takes all as such' },
      { flag: '-F', description: 'the pattern is plain text' },
      { flag: '-i', description: 'ignore case' },
      { flag: '-q', description: 'print nothing' },
      { flag: '-v', description: 'lines that do not match' },
    ],
  },
  function* (options) {
    const [pattern, ...paths] = options.operands;
    if (pattern === undefined) {
      yield* print(STDERR, 'grep: a pattern is needed\n');
      return 2;
    }
    const source = options.has('-F') ? pattern.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&') : pattern;
    let test: RegExp;
    try {
      test = new RegExp(source, options.has('-i') ? 'iu' : 'u');
    } catch {
      yield* print(STDERR, `grep: invalid regular expression '${pattern}'\n`);
      return 2;
    }
    const { lines, status } = yield* linesOf('grep', paths);
    const found = lines.filter((line) => test.test(line) !== options.has('-v'));
    if (options.has('-c')) yield* print(STDOUT, `${found.length}\n`);
    else if (!options.has('-q')) for (const line of found) yield* print(STDOUT, `${line}\n`);
    return status !== 0 ? 2 : found.length > 0 ? 0 : 1;
  },
);

export const head = withOptions(
  {
    name: 'head',
    summary: 'Prints the first lines.',
    operands: '[FILE]...',
    options: [{ flag: '-n', value: 'LINES', description: 'how many', default: 10 }],
  },
  function* (options) {
    const { lines, status } = yield* linesOf('head', options.operands);
    for (const line of lines.slice(0, options.number('-n'))) yield* print(STDOUT, `${line}\n`);
    return status;
  },
);

export const tail = withOptions(
  {
    name: 'tail',
    summary: 'Prints the last lines.',
    operands: '[FILE]...',
    options: [{ flag: '-n', value: 'LINES', description: 'how many', default: 10 }],
  },
  function* (options) {
    const { lines, status } = yield* linesOf('tail', options.operands);
    const count = options.number('-n');
    for (const line of count === 0 ? [] : lines.slice(-count)) yield* print(STDOUT, `${line}\n`);
    return status;
  },
);

export const wc = withOptions(
  {
    name: 'wc',
    summary: 'Counts lines, words and characters.',
    operands: '[FILE]...',
    options: [{ flag: '-l', description: 'only lines' }],
  },
  function* (options) {
    const { lines, status } = yield* linesOf('wc', options.operands);
    const words = lines.reduce(
      (sum, line) => sum + line.split(/\s+/).filter((word) => word !== '').length,
      0,
    );
    const characters = lines.reduce((sum, line) => sum + line.length + 1, 0);
    const counts = options.has('-l') ? [lines.length] : [lines.length, words, characters];
    yield* print(STDOUT, `${counts.join(' ')}\n`);
    return status;
  },
);

export const sort = withOptions(
  {
    name: 'sort',
    summary: 'Sorts lines.',
    operands: '[FILE]...',
    options: [
      { flag: '-n', description: 'by number' },
      { flag: '-r', description: 'the other way round' },
      { flag: '-u', description: 'each line once' },
    ],
  },
  function* (options) {
    const { lines, status } = yield* linesOf('sort', options.operands);
    const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
    const byNumber = (a: string, b: string): number => (Number(a) || 0) - (Number(b) || 0) || byText(a, b);
    const sorted = lines.sort(options.has('-n') ? byNumber : byText);
    if (options.has('-r')) sorted.reverse();
    for (const line of options.has('-u') ? new Set(sorted) : sorted) yield* print(STDOUT, `${line}\n`);
    return status;
  },
);

export const seq = withOptions(
  { name: 'seq', summary: 'Prints numbers.', operands: '[FIRST [STEP]] LAST', options: [] },
  function* ({ operands }) {
    const numbers = operands.map(Number);
    if (numbers.length < 1 || numbers.length > 3 || numbers.some((value) => !Number.isInteger(value))) {
      yield* print(STDERR, 'seq: one to three whole numbers are needed\n');
      return 1;
    }
    const last = numbers[numbers.length - 1];
    const first = numbers.length > 1 ? numbers[0] : 1;
    const step = numbers.length > 2 ? numbers[1] : 1;
    if (step === 0) return 1;
    const lines: string[] = [];
    for (let i = first; step > 0 ? i <= last : i >= last; i += step) lines.push(`${i}\n`);
    yield* print(STDOUT, lines.join(''));
    return 0;
  },
);
