import type { Body } from '../../sim/call.ts';
import { current } from '../../kernel/include/sched.ts';
import type { ParsedScript } from '../shell/issues.ts';
import { startGate } from '../userland/gate.ts';
import { print, STDERR, STDOUT } from '../userland/libc.ts';

/** What a program finds when it starts. */
export interface Invocation {
  /** The name that it was called by. */
  readonly name: string;
  readonly args: readonly string[];
  readonly environment: ReadonlyMap<string, string>;
  /** Parses a shell script, for the program `sh`: a pure function that the host hands in. */
  readonly parse: (source: string) => ParsedScript;
}

export interface ProgramOption {
  /** `-m` */
  readonly flag: string;
  /** The same in words, `--follow`. */
  readonly long?: string;
  /** What the value is called in the usage line; a flag without a value has none. */
  readonly value?: string;
  readonly description: string;
  /** What holds without the option; a flag is off without it. */
  readonly default?: number | string;
}

/** A program of the guest: user code as a generator that makes system calls. */
export interface Program {
  readonly name: string;
  readonly summary: string;
  /** What comes after the options in the usage line: `FILE...`. */
  readonly operands?: string;
  readonly options: readonly ProgramOption[];
  /** Options may come after operands, as most commands of GNU have it. */
  readonly permutes?: boolean;
  /** It comes to the start gate (userland/gate.ts) by itself; others wait there before they begin. */
  readonly startsAtGate?: boolean;
  /** The exit status. */
  main(invocation: Invocation): Body<number>;
}

/** Options that were given, by flag, and what is left. */
export interface ParsedOptions {
  readonly values: ReadonlyMap<string, string>;
  readonly operands: readonly string[];
}

/** `usage: memhog [-m MB] [-k]` */
export function usageOf(program: Program): string {
  const options = program.options.map(
    ({ flag, value }) => ` [${flag}${value === undefined ? '' : ` ${value}`}]`,
  );
  const operands = program.operands === undefined ? '' : ` ${program.operands}`;
  return `usage: ${program.name}${options.join('')}${operands}`;
}

function helpOf(program: Program): string {
  const rows = program.options.map(({ flag, long, value, description, default: fallback }) => {
    const names = long === undefined ? flag : `${flag}, ${long}`;
    const left = value === undefined ? names : `${names} ${value}`;
    return `  ${left.padEnd(12)} ${description}${fallback === undefined ? '' : ` (default ${fallback})`}`;
  });
  return [usageOf(program), program.summary, ...rows].join('\n');
}

/** Splits arguments into options and operands. A text is what is wrong with them. */
export function parseOptions(program: Program, args: readonly string[]): ParsedOptions | string {
  const values = new Map<string, string>();
  const operands: string[] = [];
  let at = 0;
  /** Takes the option at the beginning of a word; the result is what is left of it, or null if it is none. */
  const take = (word: string): string | { readonly error: string } | null => {
    const equals = word.startsWith('--') ? word.indexOf('=') : -1;
    const name = equals < 0 ? word : word.slice(0, equals);
    const option = program.options.find(({ flag, long }) => flag === name || long === name);
    if (option !== undefined) {
      if (option.value === undefined) values.set(option.flag, '');
      else if (equals >= 0) values.set(option.flag, word.slice(equals + 1));
      else if (at + 1 < args.length) values.set(option.flag, args[++at]);
      else return { error: `option requires an argument -- '${option.flag.slice(1)}'` };
      return '';
    }
    // -m64 in place of -m 64, -nr in place of -n -r.
    const first = program.options.find(({ flag }) => flag.length === 2 && word.startsWith(flag));
    if (first === undefined) return null;
    values.set(first.flag, first.value === undefined ? '' : word.slice(2));
    return first.value === undefined ? `-${word.slice(2)}` : '';
  };
  for (; at < args.length; at++) {
    const word = args[at];
    if (word === '--') {
      operands.push(...args.slice(at + 1));
      break;
    }
    // -3 is a number where no option is one.
    if (!word.startsWith('-') || word === '-' || /^-\d/.test(word)) {
      if (program.permutes !== true) {
        operands.push(...args.slice(at));
        break;
      }
      operands.push(word);
      continue;
    }
    for (let rest = word; rest !== '';) {
      const left = take(rest);
      if (left === null) return `invalid option -- '${rest.replace(/^-+/, '')}'`;
      if (typeof left !== 'string') return left.error;
      rest = left === '-' ? '' : left;
    }
  }
  return { values, operands };
}

/** The value of a number option, or what is wrong with it. */
export function numberOption(program: Program, options: ParsedOptions, flag: string): number | string {
  const option = program.options.find((candidate) => candidate.flag === flag);
  const text = options.values.get(flag);
  if (text === undefined) return Number(option?.default ?? 0);
  if (!/^\d+(\.\d+)?$/.test(text)) return `invalid number '${text}' for ${flag}`;
  return Number(text);
}

/** Wraps a body that wants its options parsed: `--help` and mistakes are answered here. */
export function withOptions(
  program: Omit<Program, 'main'>,
  body: (options: OptionReader, invocation: Invocation) => Body<number>,
): Program {
  const whole: Program = {
    ...program,
    *main(invocation) {
      // The words lie on the stack of the process, where /proc/<pid>/cmdline finds them.
      current().arg_words = [invocation.name, ...invocation.args];
      if (invocation.args.includes('--help')) {
        yield* print(STDOUT, `${helpOf(whole)}\n`);
        return 0;
      }
      const parsed = parseOptions(whole, invocation.args);
      const options = typeof parsed === 'string' ? parsed : OptionReader.check(whole, parsed);
      if (typeof options === 'string') {
        yield* print(STDERR, `${whole.name}: ${options}\n${usageOf(whole)}\n`);
        return 2;
      }
      if (program.startsAtGate !== true) yield* startGate();
      return yield* body(options, invocation);
    },
  };
  return whole;
}

/** The options of a call, checked. */
export class OptionReader {
  private constructor(
    private readonly numbers: ReadonlyMap<string, number>,
    private readonly options: ParsedOptions,
  ) {}

  /** Numbers must be numbers, and a program that takes no operands must get none. */
  static check(program: Program, options: ParsedOptions): OptionReader | string {
    const numbers = new Map<string, number>();
    for (const { flag, value, default: fallback } of program.options) {
      if (value === undefined || typeof fallback === 'string') continue;
      const number = numberOption(program, options, flag);
      if (typeof number === 'string') return number;
      numbers.set(flag, number);
    }
    if (program.operands === undefined && options.operands.length > 0) {
      return `extra operand '${options.operands[0]}'`;
    }
    return new OptionReader(numbers, options);
  }

  get operands(): readonly string[] {
    return this.options.operands;
  }

  has(flag: string): boolean {
    return this.options.values.has(flag);
  }

  number(flag: string): number {
    return this.numbers.get(flag) ?? 0;
  }

  text(flag: string): string | undefined {
    return this.options.values.get(flag);
  }
}
