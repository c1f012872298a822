import { print, STDERR, STDOUT } from '../userland/libc.ts';
import { eachLine, regularExpression } from './lines.ts';
import { withOptions } from './program.ts';

type Address = { readonly line: number } | { readonly last: true } | { readonly pattern: RegExp };

interface Command {
  readonly from: Address | null;
  readonly to: Address | null;
  readonly negated: boolean;
  readonly run:
    | { readonly kind: 'p' | 'd' | 'q' | '=' }
    | {
        readonly kind: 's';
        readonly pattern: RegExp;
        readonly text: string;
        readonly nth: number;
        readonly print: boolean;
      };
  /** A range that has begun. */
  active: boolean;
}

class Mistake extends Error {}

/** Parses commands of sed: addresses, `s`, `p`, `d`, `q`, `=`. A text is what is wrong. */
function parse(script: string, extended: boolean): Command[] | string {
  const commands: Command[] = [];
  let at = 0;
  const blanks = (pattern: RegExp): void => {
    while (at < script.length && pattern.test(script[at])) at++;
  };
  /** Up to the next unescaped delimiter. */
  const upTo = (delimiter: string): string => {
    let text = '';
    for (; at < script.length; at++) {
      if (script[at] === '\\' && at + 1 < script.length) {
        const next = script[++at];
        text += next === delimiter ? next : `\\${next}`;
      } else if (script[at] === delimiter) {
        at++;
        return text;
      } else text += script[at];
    }
    throw new Mistake(`unterminated \`s' command`);
  };
  const expression = (source: string, flags: string): RegExp => {
    const made = regularExpression(source, extended, flags);
    if (made === null) throw new Mistake(`invalid regular expression '${source}'`);
    return made;
  };
  const address = (): Address | null => {
    const number = /^\d+/.exec(script.slice(at));
    if (number !== null) {
      at += number[0].length;
      return { line: Number(number[0]) };
    }
    if (script[at] === '$') {
      at++;
      return { last: true };
    }
    if (script[at] !== '/') return null;
    at++;
    return { pattern: expression(upTo('/'), '') };
  };
  try {
    for (;;) {
      blanks(/[\s;]/);
      if (at >= script.length) return commands;
      const from = address();
      let to: Address | null = null;
      if (from !== null && script[at] === ',') {
        at++;
        to = address();
        if (to === null) throw new Mistake("unexpected `,'");
      }
      blanks(/\s/);
      const negated = script[at] === '!';
      if (negated) at++;
      const letter = script[at++] ?? '';
      if (letter === 's') {
        const delimiter = script[at++] ?? '';
        const source = upTo(delimiter);
        const text = upTo(delimiter);
        const flags = /^[gpiI\d]*/.exec(script.slice(at))?.[0] ?? '';
        at += flags.length;
        const pattern = expression(source, `g${/[iI]/.test(flags) ? 'i' : ''}`);
        const nth = flags.includes('g') ? 0 : Number(/\d+/.exec(flags)?.[0] ?? 1);
        commands.push({
          from,
          to,
          negated,
          active: false,
          run: { kind: 's', pattern, text, nth, print: flags.includes('p') },
        });
      } else if (letter === 'p' || letter === 'd' || letter === 'q' || letter === '=') {
        commands.push({ from, to, negated, active: false, run: { kind: letter } });
      } else throw new Mistake(letter === '' ? 'missing command' : `unknown command: \`${letter}'`);
    }
  } catch (mistake) {
    if (mistake instanceof Mistake) return `-e expression #1, char ${at}: ${mistake.message}`;
    throw mistake;
  }
}

const hits = (address: Address, line: string, number: number, last: boolean): boolean =>
  'line' in address ? address.line === number : 'last' in address ? last : address.pattern.test(line);

function applies(command: Command, line: string, number: number, last: boolean): boolean {
  const { from, to } = command;
  if (from === null) return true;
  if (to === null) return hits(from, line, number, last);
  if (!command.active) {
    if (!hits(from, line, number, last)) return false;
    command.active = !('line' in to && to.line <= number);
    return true;
  }
  if (hits(to, line, number, last)) command.active = false;
  return true;
}

/** `&`, `\1`, `\n` in what is put in place. */
function replacement(text: string, match: readonly (string | undefined)[]): string {
  return text.replace(/\\(.)|&/g, (all, letter: string | undefined) => {
    if (all === '&') return match[0] ?? '';
    if (letter !== undefined && /\d/.test(letter)) return match[Number(letter)] ?? '';
    return letter === 'n' ? '\n' : letter === 't' ? '\t' : (letter ?? '');
  });
}

export const sed = withOptions(
  {
    name: 'sed',
    summary: 'Edits lines: s/EXPRESSION/TEXT/[gip], p, d, q and =, with addresses.',
    operands: 'SCRIPT [FILE]...',
    permutes: true,
    options: [
      { flag: '-n', long: '--quiet', description: 'print only what p prints' },
      { flag: '-e', long: '--expression', value: 'SCRIPT', description: 'the script', default: '' },
      { flag: '-E', long: '--regexp-extended', description: 'extended expressions' },
      { flag: '-r', description: 'the same' },
    ],
  },
  function* (options) {
    const given = options.text('-e');
    const [first, ...others] = options.operands;
    const script = given ?? first;
    if (script === undefined) {
      yield* print(STDERR, 'Usage: sed [OPTION]... {script-only-if-no-other-script} [input-file]...\n');
      return 1;
    }
    const commands = parse(script, options.has('-E') || options.has('-r'));
    if (typeof commands === 'string') {
      yield* print(STDERR, `sed: ${commands}\n`);
      return 1;
    }
    let number = 0;
    let ended = false;
    // One line is kept back, as $ asks whether it is the last.
    let held: string | null = null;
    const edit = (input: string, last: boolean): string => {
      let line = input;
      let out = '';
      number++;
      for (const command of commands) {
        if (applies(command, line, number, last) === command.negated) continue;
        const { run } = command;
        if (run.kind === 'd') return out;
        if (run.kind === '=') out += `${number}\n`;
        if (run.kind === 'p') out += `${line}\n`;
        if (run.kind === 'q') {
          ended = true;
          break;
        }
        if (run.kind === 's') {
          let seen = 0;
          let changed = false;
          line = line.replace(run.pattern, (...match: (string | undefined)[]) => {
            seen++;
            if (run.nth !== 0 && seen !== run.nth) return match[0] ?? '';
            changed = true;
            return replacement(run.text, match);
          });
          if (changed && run.print) out += `${line}\n`;
        }
      }
      return options.has('-n') ? out : `${out}${line}\n`;
    };
    const status = yield* eachLine('sed', given === undefined ? others : options.operands, function* (line) {
      const before = held;
      held = line;
      if (before !== null) yield* print(STDOUT, edit(before, false));
      return !ended;
    });
    if (held !== null && !ended) yield* print(STDOUT, edit(held, true));
    return status === 0 ? 0 : 2;
  },
);
