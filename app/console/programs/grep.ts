import { print, STDERR, STDOUT } from '../userland/libc.ts';
import { eachLine, regularExpression } from './lines.ts';
import { withOptions, type OptionReader } from './program.ts';

const escape = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');

/** The expression of a call; null if it is none. */
function patternOf(options: OptionReader, name: string, patterns: readonly string[]): RegExp | null {
  const fixed = options.has('-F');
  const extended = options.has('-E') || options.has('-P') || name === 'egrep';
  const sources = patterns.map((pattern) => {
    const source = fixed ? escape(pattern) : pattern;
    return regularExpression(source, extended || fixed)?.source ?? null;
  });
  if (sources.includes(null)) return null;
  let source = sources.map((one) => `(?:${one ?? ''})`).join('|');
  if (options.has('-w')) source = `(?<!\\w)(?:${source})(?!\\w)`;
  if (options.has('-x')) source = `^(?:${source})$`;
  return regularExpression(source, true, options.has('-i') ? 'gi' : 'g');
}

export const grep = withOptions(
  {
    name: 'grep',
    summary: 'Prints the lines that match a regular expression.',
    operands: 'PATTERN [FILE]...',
    permutes: true,
    options: [
      { flag: '-A', long: '--after-context', value: 'N', description: 'and N lines after each' },
      { flag: '-B', long: '--before-context', value: 'N', description: 'and N lines before each' },
      { flag: '-C', long: '--context', value: 'N', description: 'both' },
      { flag: '-c', long: '--count', description: 'print how many lines match' },
      { flag: '-E', long: '--extended-regexp', description: 'an extended expression' },
      {
        flag: '-e',
        long: '--regexp',
        value: 'PATTERN',
        description: 'the expression, lines of it are alternatives',
        default: '',
      },
      { flag: '-F', long: '--fixed-strings', description: 'the pattern is plain text' },
      { flag: '-H', long: '--with-filename', description: 'always print the name of the file' },
      { flag: '-h', long: '--no-filename', description: 'never print it' },
      { flag: '-i', long: '--ignore-case', description: 'ignore case' },
      { flag: '-l', long: '--files-with-matches', description: 'only names of files' },
      { flag: '-m', long: '--max-count', value: 'N', description: 'stop after N lines of a file' },
      { flag: '-n', long: '--line-number', description: 'print the numbers of lines' },
      { flag: '-o', long: '--only-matching', description: 'only what matches' },
      { flag: '-P', long: '--perl-regexp', description: 'an expression as Perl has it' },
      { flag: '-q', long: '--quiet', description: 'print nothing' },
      { flag: '-r', long: '--recursive', description: 'accepted; directories are not gone into' },
      { flag: '-s', long: '--no-messages', description: 'say nothing of files that are not there' },
      { flag: '-v', long: '--invert-match', description: 'lines that do not match' },
      { flag: '-w', long: '--word-regexp', description: 'whole words' },
      { flag: '-x', long: '--line-regexp', description: 'whole lines' },
      { flag: '--color', value: 'WHEN', description: 'accepted', default: '' },
      { flag: '--line-buffered', description: 'accepted; lines come out as they come in' },
    ],
  },
  function* (options, { name }) {
    const given = options.text('-e');
    const [first, ...others] = options.operands;
    const pattern = given ?? first;
    const paths = given === undefined ? others : options.operands;
    if (pattern === undefined) {
      yield* print(
        STDERR,
        "Usage: grep [OPTION]... PATTERNS [FILE]...\nTry 'grep --help' for more information.\n",
      );
      return 2;
    }
    const test = patternOf(options, name, pattern.split('\n'));
    if (test === null) {
      yield* print(STDERR, `grep: invalid regular expression '${pattern}'\n`);
      return 2;
    }
    const named = options.has('-H') || (paths.length > 1 && !options.has('-h'));
    const context = options.number('-C');
    const after = Math.max(context, options.number('-A'));
    const before = Math.max(context, options.number('-B'));
    const most = options.has('-m') ? options.number('-m') : Infinity;
    const quiet = options.has('-q') || options.has('-c') || options.has('-l');
    let any = false;
    let status = 0;
    for (const path of paths.length === 0 ? ['-'] : paths) {
      const label = path === '-' ? '(standard input)' : path;
      let count = 0;
      let at = 0;
      let shown = 0;
      let until = 0;
      let kept: string[] = [];
      const prefix = (number: number, mark: string): string =>
        `${named ? `${label}${mark}` : ''}${options.has('-n') ? `${number}${mark}` : ''}`;
      const error = yield* eachLine('grep', [path], function* (line) {
        at++;
        test.lastIndex = 0;
        const found = test.test(line) !== options.has('-v');
        if (found) {
          any = true;
          count++;
          if (!quiet) {
            let text = '';
            const first = at - kept.length;
            if (shown > 0 && first > shown + 1 && (before > 0 || after > 0)) text += '--\n';
            kept.forEach((one, i) => (text += `${prefix(first + i, '-')}${one}\n`));
            const parts = options.has('-o') && !options.has('-v') ? (line.match(test) ?? []) : [line];
            for (const part of parts) text += `${prefix(at, ':')}${part}\n`;
            yield* print(STDOUT, text);
            shown = at;
            until = at + after;
          }
          kept = [];
          return !(options.has('-q') || options.has('-l')) && count < most;
        }
        if (!quiet && at <= until) {
          yield* print(STDOUT, `${prefix(at, '-')}${line}\n`);
          shown = at;
        } else if (before > 0) kept = [...kept, line].slice(-before);
        return true;
      });
      if (error !== 0) status = 2;
      if (options.has('-c')) yield* print(STDOUT, `${named ? `${label}:` : ''}${count}\n`);
      if (options.has('-l') && count > 0) yield* print(STDOUT, `${label}\n`);
    }
    return status !== 0 && !(any && options.has('-q')) ? 2 : any ? 0 : 1;
  },
);
