/** One field of a trace event, as its `format` file declares it. */
export interface EventField {
  /** The C type without the length of an array: `int`, `char`, `__data_loc char[]`. */
  readonly type: string;
  readonly name: string;
  /** Of an array, 0 for a single value. */
  readonly length: number;
  readonly offset: number;
  readonly size: number;
  readonly signed: boolean;
}

/** Turns what a text shows into the number that the record holds, and back. */
export interface Codec {
  readonly encode: (shown: string) => bigint;
  readonly decode: (value: bigint) => string;
}

/** What stands for one conversion of the text. */
export interface Argument {
  readonly field: string;
  /** The C expression in `print fmt`; by default the field itself. */
  readonly expression?: string;
  readonly codec?: Codec;
}

/** A trace event: its record and its text, which can be made from each other. */
export interface EventFormat {
  readonly system: string;
  readonly name: string;
  readonly id: number;
  readonly fields: readonly EventField[];
  /** As printf() takes it. */
  readonly text: string;
  readonly args: readonly Argument[];
}

export type FieldValue = bigint | string;

/** Size in bytes and sign of the types that fields have. Everything with a `*` is a pointer. */
const TYPES: Readonly<Record<string, readonly [size: number, signed: boolean]>> = {
  'unsigned short': [2, false],
  'unsigned char': [1, false],
  'unsigned int': [4, false],
  'unsigned long': [8, false],
  '__data_loc char[]': [4, false],
  bool: [1, false],
  char: [1, false],
  int: [4, true],
  long: [8, true],
  pid_t: [4, true],
  short: [2, true],
  u64: [8, false],
  u8: [1, false],
  uid_t: [4, false],
};

const COMMON: readonly (readonly [type: string, name: string])[] = [
  ['unsigned short', 'common_type'],
  ['unsigned char', 'common_flags'],
  ['unsigned char', 'common_preempt_count'],
  ['int', 'common_pid'],
];

/** The fields that all records begin with. */
export const commonFields: readonly EventField[] = layOut(
  COMMON.map(([type, name]) => `${type} ${name}`),
  0,
);
const COMMON_SIZE = 8;

/**
 * Describes an event. `fields` are C declarations, each laid out at the next place that suits its size; `text` has a
 * conversion for each argument, by default the fields in order.
 */
export function eventFormat(
  system: string,
  name: string,
  id: number,
  fields: readonly string[],
  text: string,
  args?: readonly (string | Argument)[],
): EventFormat {
  const laidOut = layOut(fields, COMMON_SIZE);
  const given = args ?? laidOut.map((field) => field.name);
  return {
    ...{ system, name, id, text, fields: laidOut },
    args: given.map((arg) => (typeof arg === 'string' ? { field: arg } : arg)),
  };
}

function layOut(declarations: readonly string[], from: number): EventField[] {
  let at = from;
  return declarations.map((declaration) => {
    const match = /^(.*[ *\]])(\w+)(?:\[(\d*)\])?$/.exec(declaration);
    if (match === null) throw new Error(`no declaration of a field: ${declaration}`);
    const type = match[1].trim();
    // `buf[]` goes on to the end of the record.
    const open = match[3] === '';
    const length = Number(match[3] ?? 0);
    const [unit, signed] = type.endsWith('*') ? [8, false] : (TYPES[type] ?? []);
    if (unit === undefined || signed === undefined) throw new Error(`unknown type ${type}`);
    at = Math.ceil(at / unit) * unit;
    const field = {
      type,
      name: open ? `${match[2]}[]` : match[2],
      length,
      offset: at,
      size: open ? 0 : unit * Math.max(1, length),
      signed,
    };
    at += field.size;
    return field;
  });
}

/** Bytes of a record without what `__data_loc` fields point at. */
export function recordSize({ fields }: EventFormat): number {
  const last = fields.at(-1);
  return last === undefined ? COMMON_SIZE : last.offset + last.size;
}

/** The `format` file of an event; `text` is given where the kernel's has more conversions. */
export function formatFile(event: EventFormat, text = event.text): string {
  const declare = ({ type, name, length, offset, size, signed }: EventField): string => {
    const what = `${type} ${name}${length === 0 ? '' : `[${length}]`}`;
    return `\tfield:${what};\toffset:${offset};\tsize:${size};\tsigned:${signed ? 1 : 0};\n`;
  };
  const fieldOf = (name: string): EventField | undefined => event.fields.find((field) => field.name === name);
  const args = event.args.map(({ field, expression }) => {
    if (expression !== undefined) return expression;
    return fieldOf(field)?.type.startsWith('__data_loc') === true ? `__get_str(${field})` : `REC->${field}`;
  });
  return [
    `name: ${event.name}\nID: ${event.id}\nformat:\n`,
    ...commonFields.map(declare),
    '\n',
    ...event.fields.map(declare),
    `\nprint fmt: "${text}"${args.map((arg) => `, ${arg}`).join('')}\n`,
  ].join('');
}

/** `%s`, `%-8s`, `%#016lx` with its parts. */
const CONVERSION = /%([-#0]*)(\d*)(hh|h|ll|l)?([dusxXp])/g;

const patterns = new WeakMap<EventFormat, RegExp>();

/** What an event's text must look like, with a group for each argument. */
function patternOf(event: EventFormat): RegExp {
  let pattern = patterns.get(event);
  if (pattern === undefined) {
    let source = '';
    let at = 0;
    for (const match of event.text.matchAll(CONVERSION)) {
      source += escape(event.text.slice(at, match.index)) + groupFor(match[4], match[1]);
      at = match.index + match[0].length;
    }
    pattern = new RegExp(`^${source}${escape(event.text.slice(at))}$`, 's');
    patterns.set(event, pattern);
  }
  return pattern;
}

const escape = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&').replaceAll('%%', '%');

function groupFor(conversion: string, flags: string): string {
  if (conversion === 's') return ' *(.*?) *';
  if (conversion === 'd' || conversion === 'u') return ' *(-?\\d+)';
  return flags.includes('#') ? '((?:0x)?[0-9a-f]+)' : '((?:0x)?[0-9a-fA-F]+)';
}

/** The fields of an event from its text; null if the text is none of the event's. */
export function valuesOf(event: EventFormat, text: string): ReadonlyMap<string, FieldValue> | null {
  const match = patternOf(event).exec(text);
  if (match === null) return null;
  const conversions = [...event.text.matchAll(CONVERSION)].map((found) => found[4]);
  const values = new Map<string, FieldValue>();
  for (const [i, { field, codec }] of event.args.entries()) {
    const shown = match[i + 1] ?? '';
    if (codec !== undefined) values.set(field, codec.encode(shown));
    else if (conversions[i] === 's') values.set(field, shown);
    else if ('du'.includes(conversions[i])) values.set(field, BigInt(shown));
    else values.set(field, BigInt(`0x${shown.replace(/^0x/, '')}`));
  }
  return values;
}

/** The text of an event from its fields. */
export function textFrom(event: EventFormat, values: ReadonlyMap<string, FieldValue>): string {
  let next = 0;
  return event.text.replace(CONVERSION, (_all, flags: string, width: string, _long, conversion: string) => {
    const { field, codec } = event.args[next++] ?? { field: '' };
    const value = values.get(field) ?? 0n;
    const shown =
      codec === undefined || typeof value === 'string' ? printed(value, conversion) : codec.decode(value);
    const text =
      flags.includes('#') && conversion !== 'p' ? `0x${shown.padStart(Number(width) - 2, '0')}` : shown;
    if (flags.includes('-')) return text.padEnd(Number(width));
    return text.padStart(Number(width), flags.includes('0') ? '0' : ' ');
  });
}

function printed(value: FieldValue, conversion: string): string {
  if (typeof value === 'string') return value;
  if (conversion === 'x' || conversion === 'X') return value.toString(16);
  return conversion === 'p' ? `0x${value.toString(16)}` : value.toString();
}
