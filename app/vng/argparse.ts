import { destOf, optionTable, type OptionRow } from './options.ts';

/** The values of a command line, by destination, and its positional words. */
export interface Parsed {
  readonly values: ReadonlyMap<string, string | readonly string[] | number | true>;
  readonly positionals: readonly string[];
}

/** The command line is wrong, as Python's argparse says it: usage, then `vng: error: ...`, exit code 2. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}

/** `--help` or `--version` was met; nothing after it counts. */
export interface Shown {
  readonly shows: 'help' | 'version';
}

/**
 * Reads a command line as `argparse` of Python does, from the one table of options:
 *
 * 1. A long option may be abbreviated to a prefix that fits one option only; `--opt=value` is `--opt value`.
 * 2. Short flags combine: `-vr v6.12`, `-m2G`.
 * 3. Options and positional words may be mixed; after `--` all words are positional.
 * 4. A word that begins with `-` is an option, unless it is `-`, a negative number, or has a blank in it and fits
 *    none. So a value that begins with `-` has to be written as `--opt=-x`.
 */
export function parseArguments(argv: readonly string[], table = optionTable): Parsed | Shown {
  return new Parser(table).parse(argv);
}

interface Match {
  readonly row: OptionRow;
  /** What was attached to the flag: after `=`, or to a short flag. */
  readonly attached: string | null;
}

class Parser {
  private readonly values = new Map<string, string | readonly string[] | number | true>();
  private readonly positionals: string[] = [];
  private readonly unknown: string[] = [];
  private readonly byFlag = new Map<string, OptionRow>();
  private readonly groups = new Map<string, OptionRow>();

  constructor(table: readonly OptionRow[]) {
    for (const row of table) {
      for (const flag of [...row.flags, ...(row.also ?? [])]) this.byFlag.set(flag, row);
    }
  }

  parse(argv: readonly string[]): Parsed | Shown {
    // argparse looks at all words before it takes the first: what is ambiguous is told before anything else.
    const end = argv.indexOf('--');
    for (const word of end < 0 ? argv : argv.slice(0, end)) this.match(word);
    for (let at = 0; at < argv.length;) {
      const word = argv[at++];
      if (word === '--') {
        this.positionals.push(...argv.slice(at));
        break;
      }
      const match = this.match(word);
      if (match === null) this.positionals.push(word);
      else if (match === 'unknown') this.unknown.push(word);
      else {
        const shown = this.take(match, () => (this.isValue(argv[at]) ? argv[at++] : null), word);
        if (shown !== null) return shown;
      }
    }
    if (this.unknown.length > 0) throw new UsageError(`unrecognized arguments: ${this.unknown.join(' ')}`);
    return { values: this.values, positionals: this.positionals };
  }

  private isValue(word: string | undefined): word is string {
    return word !== undefined && word !== '--' && this.match(word) === null;
  }

  /** The option that a word names; null for a positional word. */
  private match(word: string): Match | 'unknown' | null {
    if (!word.startsWith('-') || word === '-') return null;
    const exact = this.byFlag.get(word);
    if (exact !== undefined) return { row: exact, attached: null };
    const equals = word.indexOf('=');
    if (equals >= 0) {
      const row = this.byFlag.get(word.slice(0, equals));
      if (row !== undefined) return { row, attached: word.slice(equals + 1) };
    }
    const found = word.startsWith('--') ? this.abbreviated(word) : this.shorts(word);
    if (found.length === 1) return found[0][1];
    if (found.length > 1) {
      const matches = found.map(([flag]) => flag).join(', ');
      throw new UsageError(`ambiguous option: ${word} could match ${matches}`);
    }
    if (/^-\d+$|^-\d*\.\d+$/.test(word) || word.includes(' ')) return null;
    return 'unknown';
  }

  private abbreviated(word: string): (readonly [string, Match])[] {
    const equals = word.indexOf('=');
    const prefix = equals < 0 ? word : word.slice(0, equals);
    const attached = equals < 0 ? null : word.slice(equals + 1);
    return [...this.byFlag]
      .filter(([flag, row]) => row.own !== true && row.flags.includes(flag) && flag.startsWith(prefix))
      .map(([flag, row]) => [flag, { row, attached }] as const);
  }

  private shorts(word: string): (readonly [string, Match])[] {
    const row = this.byFlag.get(word.slice(0, 2));
    return row === undefined ? [] : [[word.slice(0, 2), { row, attached: word.slice(2) }]];
  }

  /** Performs an option; further flags that are combined with it are performed too. */
  private take({ row, attached }: Match, next: () => string | null, word: string): Shown | null {
    if (takesValue(row)) {
      // `-m=2G` and `-m2G` are both `-m 2G`.
      const value = attached ?? next();
      if (value === null && row.kind !== 'optional') {
        throw new UsageError(`argument ${nameOf(row)}: expected one argument`);
      }
      this.exclude(row);
      this.store(row, value);
      return null;
    }
    if (attached !== null && (word.startsWith('--') || attached === '')) {
      throw new UsageError(`argument ${nameOf(row)}: ignored explicit argument '${attached}'`);
    }
    const rest = `-${attached ?? ''}`;
    const following = attached === null ? undefined : this.byFlag.get(rest.slice(0, 2));
    if (attached !== null && following === undefined) {
      throw new UsageError(`argument ${nameOf(row)}: ignored explicit argument '${attached}'`);
    }
    this.exclude(row);
    if (row.kind === 'help' || row.kind === 'version') return { shows: row.kind };
    this.store(row, null);
    if (following === undefined) return null;
    const more = rest.length === 2 ? null : rest.slice(rest[2] === '=' ? 3 : 2);
    return this.take({ row: following, attached: more }, next, rest);
  }

  private exclude(row: OptionRow): void {
    if (row.group === undefined) return;
    const first = this.groups.get(row.group);
    if (first !== undefined && first !== row) {
      throw new UsageError(`argument ${nameOf(row)}: not allowed with argument ${nameOf(first)}`);
    }
    this.groups.set(row.group, row);
  }

  private store(row: OptionRow, given: string | null): void {
    const dest = destOf(row);
    if (row.kind === 'flag') this.values.set(dest, true);
    else if (row.kind === 'count') this.values.set(dest, Number(this.values.get(dest) ?? 0) + 1);
    else {
      const value = given ?? row.bare ?? '';
      if (row.type === 'int' && !/^\s*[+-]?\d+(_\d+)*\s*$/.test(value)) {
        throw new UsageError(`argument ${nameOf(row)}: invalid int value: '${value}'`);
      }
      const before = this.values.get(dest);
      if (row.kind === 'append')
        this.values.set(dest, Array.isArray(before) ? [...(before as string[]), value] : [value]);
      else this.values.set(dest, value);
    }
  }
}

function takesValue({ kind }: OptionRow): boolean {
  return kind === 'value' || kind === 'append' || kind === 'optional';
}

/** How argparse names an option in a message: `--run/-r`. */
function nameOf(row: OptionRow): string {
  return row.flags.join('/');
}
