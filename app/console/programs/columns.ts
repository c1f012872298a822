import { print, STDERR, STDOUT } from '../userland/libc.ts';
import { awk } from './awk.ts';
import { linesOf } from './files.ts';
import { eachLine } from './lines.ts';
import { withOptions, type Program } from './program.ts';

export const uniq = withOptions(
  {
    name: 'uniq',
    summary: 'Leaves out lines that are like the one before.',
    operands: '[FILE]',
    permutes: true,
    options: [
      { flag: '-c', long: '--count', description: 'print how often each came' },
      { flag: '-d', long: '--repeated', description: 'only lines that came more than once' },
      { flag: '-u', long: '--unique', description: 'only lines that came once' },
    ],
  },
  function* (options) {
    let last: string | null = null;
    let count = 0;
    const shown = (): string => {
      if (last === null || (options.has('-d') && count < 2) || (options.has('-u') && count > 1)) return '';
      return `${options.has('-c') ? `${String(count).padStart(7)} ` : ''}${last}\n`;
    };
    const status = yield* eachLine('uniq', options.operands, function* (line) {
      if (line !== last) {
        yield* print(STDOUT, shown());
        last = line;
        count = 0;
      }
      count++;
      return true;
    });
    yield* print(STDOUT, shown());
    return status;
  },
);

/** `1,3-5,7-` as a test of a place from 1 on; null if it is none. */
function rangesOf(list: string): ((at: number) => boolean) | null {
  const ranges: (readonly [number, number])[] = [];
  for (const part of list.split(',')) {
    const match = /^(\d*)(-?)(\d*)$/.exec(part);
    if (match === null || part === '' || part === '-') return null;
    const from = match[1] === '' ? 1 : Number(match[1]);
    const to = match[2] === '' ? from : match[3] === '' ? Infinity : Number(match[3]);
    if (from < 1 || to < from) return null;
    ranges.push([from, to]);
  }
  return (at) => ranges.some(([from, to]) => at >= from && at <= to);
}

export const cut = withOptions(
  {
    name: 'cut',
    summary: 'Prints parts of lines.',
    operands: '[FILE]...',
    permutes: true,
    options: [
      { flag: '-c', long: '--characters', value: 'LIST', description: 'these characters', default: '' },
      { flag: '-b', long: '--bytes', value: 'LIST', description: 'the same', default: '' },
      {
        flag: '-d',
        long: '--delimiter',
        value: 'CHAR',
        description: 'what is between fields',
        default: 'a tab',
      },
      { flag: '-f', long: '--fields', value: 'LIST', description: 'these fields', default: '' },
      { flag: '-s', long: '--only-delimited', description: 'no lines without a delimiter' },
    ],
  },
  function* (options) {
    const fields = options.text('-f');
    const list = fields ?? options.text('-c') ?? options.text('-b');
    if (list === undefined) {
      yield* print(STDERR, 'cut: you must specify a list of bytes, characters, or fields\n');
      return 1;
    }
    const wanted = rangesOf(list);
    if (wanted === null) {
      yield* print(
        STDERR,
        `cut: invalid ${fields === undefined ? 'byte or character' : 'field'} range '${list}'\n`,
      );
      return 1;
    }
    const delimiter = options.text('-d') ?? '\t';
    return yield* eachLine('cut', options.operands, function* (line) {
      if (fields !== undefined && !line.includes(delimiter)) {
        if (!options.has('-s')) yield* print(STDOUT, `${line}\n`);
        return true;
      }
      const parts = fields === undefined ? line.split('') : line.split(delimiter);
      const kept = parts.filter((_, i) => wanted(i + 1));
      yield* print(STDOUT, `${kept.join(fields === undefined ? '' : delimiter)}\n`);
      return true;
    });
  },
);

const CLASSES: Readonly<Record<string, string>> = {
  '[:lower:]': 'a-z',
  '[:upper:]': 'A-Z',
  '[:digit:]': '0-9',
  '[:alpha:]': 'A-Za-z',
  '[:alnum:]': 'A-Za-z0-9',
  '[:space:]': ' \\t\\n\\r\\v\\f',
  '[:blank:]': ' \\t',
};
const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  v: '\v',
  f: '\f',
  '0': '\0',
  '\\': '\\',
};

/** The characters of a set of tr: `a-z`, `[:digit:]`, `\n`. */
function setOf(source: string): string[] {
  const plain = source.replace(/\[:\w+:\]/g, (name) => CLASSES[name] ?? name);
  const letters: string[] = [];
  const units = plain.match(/\\.|[^]/g) ?? [];
  const one = (unit: string): string => (unit.length === 2 ? (ESCAPES[unit[1]] ?? unit[1]) : unit);
  for (let i = 0; i < units.length; i++) {
    if (units[i + 1] === '-' && i + 2 < units.length) {
      const to = one(units[i + 2]).charCodeAt(0);
      for (let code = one(units[i]).charCodeAt(0); code <= to; code++)
        letters.push(String.fromCharCode(code));
      i += 2;
    } else letters.push(one(units[i]));
  }
  return letters;
}

export const tr = withOptions(
  {
    name: 'tr',
    summary: 'Replaces, squeezes or deletes characters of standard input.',
    operands: 'SET1 [SET2]',
    options: [
      { flag: '-c', long: '--complement', description: 'all characters but those of SET1' },
      { flag: '-d', long: '--delete', description: 'delete' },
      { flag: '-s', long: '--squeeze-repeats', description: 'several of one kind become one' },
    ],
  },
  function* (options) {
    const [first, second] = options.operands;
    if (first === undefined || (second === undefined && !options.has('-d') && !options.has('-s'))) {
      yield* print(
        STDERR,
        first === undefined ? 'tr: missing operand\n' : `tr: missing operand after '${first}'\n`,
      );
      return 1;
    }
    const from = setOf(first);
    const to = second === undefined ? [] : setOf(second);
    const places = new Map(from.map((letter, i) => [letter, i]));
    const inFirst = (letter: string): boolean => places.has(letter) !== options.has('-c');
    const squeezed = new Set(options.has('-s') ? (to.length > 0 ? to : from) : []);
    const { lines, status } = yield* linesOf('tr', [], true);
    let made = '';
    for (const letter of lines.join('\n')) {
      let next = letter;
      if (inFirst(letter)) {
        if (options.has('-d')) continue;
        if (to.length > 0) {
          const at = options.has('-c') ? to.length - 1 : (places.get(letter) ?? 0);
          next = to[Math.min(at, to.length - 1)];
        }
      }
      const squeeze =
        squeezed.has(next) || (options.has('-s') && options.has('-c') && to.length === 0 && inFirst(next));
      if (!squeeze || !made.endsWith(next)) made += next;
    }
    yield* print(STDOUT, made);
    return status;
  },
);

/** Commands that take lines apart. */
export const columns: readonly Program[] = [awk, cut, tr, uniq];
