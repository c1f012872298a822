import { print, STDERR, STDOUT } from '../userland/libc.ts';
import { eachLine, regularExpression } from './lines.ts';
import { withOptions, type Program } from './program.ts';

/** A line with its fields, as the parts of a program see it. */
interface Line {
  readonly text: string;
  readonly fields: readonly string[];
  readonly number: number;
}

type Value = (line: Line) => string;

interface Rule {
  readonly when: (line: Line) => boolean;
  readonly values: readonly Value[];
}

const CONDITION = /^(\$?\w+)\s*(==|!=|<=|>=|<|>|~|!~)\s*("[^"]*"|\/(?:[^/\\]|\\.)*\/|-?[\d.]+)$/;

/** `$2`, `$NF`, `NR`, `"text"`, `12`; null for anything else. */
function valueOf(word: string): Value | null {
  const field = /^\$(\d+|NF)$/.exec(word);
  if (field !== null) {
    if (field[1] === 'NF') return ({ fields }) => fields.at(-1) ?? '';
    const at = Number(field[1]);
    return ({ text, fields }) => (at === 0 ? text : (fields[at - 1] ?? ''));
  }
  if (word === 'NR') return ({ number }) => String(number);
  if (word === 'NF') return ({ fields }) => String(fields.length);
  const text = /^"((?:[^"\\]|\\.)*)"$/.exec(word);
  const plain = text?.[1].replaceAll('\\t', '\t').replaceAll('\\n', '\n').replaceAll('\\"', '"');
  if (plain !== undefined) return () => plain;
  return /^-?\d+(\.\d+)?$/.test(word) ? () => word : null;
}

/** What follows `print`: values between commas, joined by a blank; without a comma they stand side by side. */
function valuesOf(list: string): Value[] | null {
  const values: Value[] = [];
  for (const part of list.match(/(?:"(?:[^"\\]|\\.)*"|[^,"])+/g) ?? []) {
    const words = part.match(/"(?:[^"\\]|\\.)*"|[^\s"]+/g) ?? [];
    const parts = words.map(valueOf);
    if (parts.includes(null)) return null;
    values.push((line) => parts.map((value) => value?.(line) ?? '').join(''));
  }
  return values;
}

function conditionOf(text: string): ((line: Line) => boolean) | null {
  if (text === '') return () => true;
  const pattern = /^(!?)\/((?:[^/\\]|\\.)*)\/$/.exec(text);
  if (pattern !== null) {
    const test = regularExpression(pattern[2], true);
    return test === null ? null : (line) => test.test(line.text) !== (pattern[1] === '!');
  }
  const match = CONDITION.exec(text);
  const left = match === null ? null : valueOf(match[1]);
  if (match === null || left === null) return null;
  const [, , operator, right] = match;
  if (operator.endsWith('~')) {
    const test = regularExpression(right.slice(1, -1), true);
    return test === null ? null : (line) => test.test(left(line)) === (operator === '~');
  }
  const wanted = right.startsWith('"') ? right.slice(1, -1) : Number(right);
  return (line) => compare(left(line), operator, wanted);
}

function compare(value: string, operator: string, wanted: string | number): boolean {
  const [a, b] = typeof wanted === 'number' ? [Number.parseFloat(value) || 0, wanted] : [value, wanted];
  switch (operator) {
    case '==':
      return a === b;
    case '!=':
      return a !== b;
    case '<':
      return a < b;
    case '<=':
      return a <= b;
    case '>':
      return a > b;
    default:
      return a >= b;
  }
}

/** `CONDITION {print LIST}`; null for what this awk does not know. */
function parse(program: string): Rule | null {
  const match = /^\s*([^{}]*?)\s*(?:\{\s*print\b\s*([^{};]*?)\s*;?\s*\})?\s*$/s.exec(program);
  if (match === null || program.trim() === '') return null;
  const conditions = match[1].split('&&').map((part) => conditionOf(part.trim()));
  const values = valuesOf(match[2] ?? '');
  if (values === null || conditions.includes(null)) return null;
  return { when: (line) => conditions.every((test) => test?.(line) ?? false), values };
}

export const awk: Program = withOptions(
  {
    name: 'awk',
    summary: "Prints fields of lines: awk [-F SEPARATOR] 'CONDITION {print $1, $NF}'. It knows nothing else.",
    operands: 'PROGRAM [FILE]...',
    options: [{ flag: '-F', value: 'SEPARATOR', description: 'what is between fields', default: 'blanks' }],
  },
  function* (options) {
    const [program, ...paths] = options.operands;
    const rule = program === undefined ? null : parse(program);
    if (rule === null) {
      yield* print(STDERR, 'awk: only CONDITION {print VALUE, ...} is supported here\n');
      return 2;
    }
    const separator = options.text('-F');
    let number = 0;
    return yield* eachLine('awk', paths, function* (text) {
      const fields = separator === undefined ? text.trim().split(/\s+/) : text.split(separator);
      const line = { text, fields: text.trim() === '' ? [] : fields, number: ++number };
      if (!rule.when(line)) return true;
      const shown = rule.values.length === 0 ? text : rule.values.map((value) => value(line)).join(' ');
      return (yield* print(STDOUT, `${shown}\n`)) >= 0;
    });
  },
);
