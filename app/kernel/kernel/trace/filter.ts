import type { EventField, FieldValue } from './event_format.ts';

/** What a filter is asked about. */
export type ValueOf = (field: string) => FieldValue | undefined;

export type Filter = (valueOf: ValueOf) => boolean;

/** Why a filter was refused, in the kernel's words, and where (from 0). */
export interface FilterError {
  readonly error: string;
  readonly position: number;
}

/** Fields that every event has, besides its own. */
const GENERIC: readonly (readonly [name: string, kind: 'number' | 'string'])[] = [
  ['common_type', 'number'],
  ['common_flags', 'number'],
  ['common_preempt_count', 'number'],
  ['common_pid', 'number'],
  ['CPU', 'number'],
  ['cpu', 'number'],
  ['common_cpu', 'number'],
  ['COMM', 'string'],
  ['comm', 'string'],
  ['common_comm', 'string'],
];

/** `<=` comes before `<`. */
const OPERATORS = ['~', '!=', '==', '<=', '<', '>=', '>', '&'];
const LONGEST_STRING = 256;
const LONGEST_NUMBER = 24;

class Refusal extends Error {
  constructor(
    readonly error: string,
    readonly position: number,
  ) {
    super(error);
  }
}

/**
 * Parses an event's filter: `prev_pid == 69 && (comm ~ "kvm*" || !(sig < 9))`.
 *
 * Models: kernel/trace/trace_events_filter.c. Leaves out: CPU lists, `.function`, `.ustring`.
 */
export function parseFilter(text: string, fields: readonly EventField[]): Filter | FilterError {
  try {
    checkBalance(text);
    return new Parser(text, fields).whole();
  } catch (refusal) {
    if (refusal instanceof Refusal) return { error: refusal.error, position: refusal.position };
    throw refusal;
  }
}

/** calc_stack(): quotes and parentheses are looked at first. */
function checkBalance(text: string): void {
  const open: number[] = [];
  let quote = '';
  let quoteAt = 0;
  for (let i = 0; i < text.length; i++) {
    const letter = text[i];
    if (quote !== '') {
      if (letter === quote) quote = '';
    } else if (letter === '"' || letter === "'") {
      quote = letter;
      quoteAt = i;
    } else if (letter === '(') open.push(i);
    else if (letter === ')' && open.pop() === undefined) throw new Refusal("Too few '('", i);
  }
  if (quote !== '') throw new Refusal('Missing matching quote', quoteAt);
  const unclosed = open.at(-1);
  if (unclosed !== undefined) throw new Refusal("Too many '('", unclosed);
}

class Parser {
  private at = 0;

  constructor(
    private readonly text: string,
    private readonly fields: readonly EventField[],
  ) {}

  whole(): Filter {
    const filter = this.either();
    this.blanks();
    if (this.at < this.text.length) throw new Refusal('Too many terms in predicate expression', this.at);
    return filter;
  }

  private either(): Filter {
    const terms = [this.both()];
    while (this.took('||')) terms.push(this.both());
    return terms.length === 1 ? terms[0] : (valueOf) => terms.some((term) => term(valueOf));
  }

  private both(): Filter {
    const terms = [this.term()];
    while (this.took('&&')) terms.push(this.term());
    return terms.length === 1 ? terms[0] : (valueOf) => terms.every((term) => term(valueOf));
  }

  private term(): Filter {
    this.blanks();
    if (this.text[this.at] === '!' && !'=~'.includes(this.text[this.at + 1] ?? ' ')) {
      this.at++;
      const inner = this.term();
      return (valueOf) => !inner(valueOf);
    }
    if (this.took('(')) {
      const inner = this.either();
      this.blanks();
      if (!this.took(')')) throw new Refusal('Too many terms in predicate expression', this.at);
      return inner;
    }
    return this.predicate();
  }

  private predicate(): Filter {
    const name = this.match(/\w*/y);
    if (name === '') {
      const any = this.text.trim() !== '';
      throw new Refusal(any ? 'Meaningless filter expression' : 'No filter found', this.at);
    }
    const kind = this.kindOf(name);
    if (kind === null) throw new Refusal('Field not found', this.at);
    this.blanks();
    const operator = OPERATORS.find((candidate) => this.text.startsWith(candidate, this.at));
    if (operator === undefined) throw new Refusal('Invalid operator', this.at);
    this.at += operator.length;
    this.blanks();
    const next = this.text[this.at] ?? '';
    if (next === '"' || next === "'") return this.stringPredicate(name, kind, operator, next);
    if (/[-\d]/.test(next)) return this.numberPredicate(name, kind, operator);
    throw new Refusal('Invalid value (did you forget quotes)?', this.at);
  }

  private stringPredicate(name: string, kind: string, operator: string, quote: string): Filter {
    if (!['~', '==', '!='].includes(operator)) throw new Refusal('Illegal operation for field type', this.at);
    if (kind !== 'string') throw new Refusal('Expecting numeric field', this.at);
    const end = this.text.indexOf(quote, this.at + 1);
    if (end < 0) throw new Refusal('Missing matching quote', this.text.length);
    const wanted = this.text.slice(this.at + 1, end);
    if (wanted.length >= LONGEST_STRING) throw new Refusal('Operand too long', end);
    this.at = end + 1;
    if (operator === '~') {
      const pattern = globPattern(wanted);
      return (valueOf) => pattern.test(String(valueOf(name) ?? ''));
    }
    return (valueOf) => (String(valueOf(name) ?? '') === wanted) === (operator === '==');
  }

  private numberPredicate(name: string, kind: string, operator: string): Filter {
    if (kind !== 'number') throw new Refusal('Expecting string field', this.at);
    if (operator === '~') throw new Refusal('Illegal operation for field type', this.at);
    const start = this.at;
    const word = this.match(/-?[0-9A-Za-z]*/y);
    if (word.length >= LONGEST_NUMBER) throw new Refusal('Operand too long', this.at);
    const wanted = integer(word);
    if (wanted === null) throw new Refusal('Illegal integer value', start);
    const compare = COMPARE[operator];
    return (valueOf) => {
      const value = valueOf(name);
      return typeof value === 'bigint' && compare(value, wanted);
    };
  }

  /** Is a field text or a number; null if the event has none of that name. */
  private kindOf(name: string): 'number' | 'string' | null {
    const own = this.fields.find((field) => field.name === name);
    if (own !== undefined)
      return own.type.includes('char') && own.type !== 'unsigned char' ? 'string' : 'number';
    return GENERIC.find(([generic]) => generic === name)?.[1] ?? null;
  }

  private took(word: string): boolean {
    this.blanks();
    if (!this.text.startsWith(word, this.at)) return false;
    this.at += word.length;
    return true;
  }

  private blanks(): void {
    this.match(/\s*/y);
  }

  private match(pattern: RegExp): string {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0] ?? '';
    this.at += found.length;
    return found;
  }
}

const COMPARE: Readonly<Record<string, (value: bigint, wanted: bigint) => boolean>> = {
  '==': (value, wanted) => value === wanted,
  '!=': (value, wanted) => value !== wanted,
  '<': (value, wanted) => value < wanted,
  '<=': (value, wanted) => value <= wanted,
  '>': (value, wanted) => value > wanted,
  '>=': (value, wanted) => value >= wanted,
  '&': (value, wanted) => (value & wanted) !== 0n,
};

/** kstrtoll(): decimal, octal with a leading 0, hexadecimal with 0x. */
function integer(word: string): bigint | null {
  const match = /^(-?)(0x[0-9a-f]+|0[0-7]*|[1-9]\d*)$/i.exec(word);
  if (match === null) return null;
  const digits = /^0[0-7]+$/.test(match[2]) ? `0o${match[2].slice(1)}` : match[2];
  const value = BigInt(digits.toLowerCase());
  return match[1] === '-' ? -value : value;
}

/** filter_build_regex(), glob_match(): `*`, `?`, `[a-z]`. */
export function globPattern(glob: string): RegExp {
  const source = glob
    .replace(/[\\^$.+()|{}]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
    .replace(/\[!/g, '[^');
  try {
    return new RegExp(`^${source}$`, 's');
  } catch {
    // A bracket without an end stands for itself.
    return new RegExp(`^${source.replace(/[[\]]/g, '\\$&')}$`, 's');
  }
}
