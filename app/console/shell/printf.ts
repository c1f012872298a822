import { binaryText, bytesOfText, textOfBytes } from '../../base/byte-text.ts';
import { quoteWithBackslashes } from './quote.ts';

/** What `printf` prints. The format is used again as long as there are arguments left. */
export function format(template: string, args: readonly string[]): string {
  return printfText(template, args).text;
}

/** The same, with what is wrong with arguments and with the format, in bash's words. */
export function printfText(
  template: string,
  args: readonly string[],
): { readonly text: string; readonly problems: readonly string[] } {
  const problems: string[] = [];
  const rest = [...args];
  let text = '';
  do {
    const before = rest.length;
    text += once(template, rest, problems);
    if (rest.length === before) break;
  } while (rest.length > 0 && problems.length < args.length + 1);
  // Bytes that were written one by one may be text together.
  return { text: textOfBytes(bytesOfText(text)), problems };
}

function once(template: string, rest: string[], problems: string[]): string {
  return template.replace(
    /%([-0 +#]*)(\*|\d+)?(?:\.(\*|\d+)?)?([a-zA-Z%]?)|\\(?:[ntrabfvE\\"'?]|e|0[0-7]{0,3}|[1-7][0-7]{0,2}|x[0-9a-fA-F]{1,2}|u[0-9a-fA-F]{1,4})/g,
    (all: string, flags?: string, width?: string, precision?: string, kind?: string) => {
      if (all.startsWith('\\')) return unescape(all);
      if (kind === '%') return '%';
      if (kind === undefined || !/^[sdiuxXocbqeEfFgGaAT]$/.test(kind)) {
        problems.push(`\`${kind === '' ? all : (kind ?? '')}': invalid format character`);
        return '';
      }
      const size = width === '*' ? (rest.shift() ?? '0') : width;
      const digits = all.includes('.')
        ? precision === '*'
          ? (rest.shift() ?? '0')
          : (precision ?? '0')
        : undefined;
      const argument = rest.shift();
      return pad(convert(kind, argument ?? '', digits, flags ?? '', problems), flags ?? '', size, kind);
    },
  );
}

function convert(
  kind: string,
  argument: string,
  precision: string | undefined,
  flags: string,
  problems: string[],
): string {
  switch (kind) {
    case 's':
      return precision === undefined ? argument : argument.slice(0, Number(precision));
    case 'b':
      return unescape(argument);
    case 'c':
      return argument.slice(0, 1);
    case 'q':
      return quoteWithBackslashes(argument);
  }
  const value = numberOf(argument, problems);
  const sign = value < 0 ? '-' : flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '';
  return sign + magnitude(kind, Math.abs(value), precision, flags);
}

function magnitude(kind: string, value: number, precision: string | undefined, flags: string): string {
  const places = precision === undefined ? 6 : Number(precision);
  switch (kind) {
    case 'e':
    case 'E': {
      const text = value.toExponential(places).replace(/e([+-])(\d)$/, 'e$10$2');
      return kind === 'E' ? text.toUpperCase() : text;
    }
    case 'f':
    case 'F':
      return value.toFixed(places);
    case 'g':
    case 'G':
      return String(Number(value.toPrecision(Math.max(1, places))));
  }
  const whole = Math.trunc(value);
  const base = kind === 'x' || kind === 'X' ? 16 : kind === 'o' ? 8 : 10;
  const digits = whole.toString(base).padStart(Number(precision ?? 0), '0');
  const front = flags.includes('#') && whole !== 0 ? (base === 16 ? '0x' : base === 8 ? '0' : '') : '';
  return kind === 'X' ? (front + digits).toUpperCase() : front + digits;
}

/** `12`, `0x1f`, `017`, `'a`; anything else is a problem, and what it begins with. */
function numberOf(argument: string, problems: string[]): number {
  const text = argument.trim();
  if (text === '') return 0;
  if (text.startsWith("'") || text.startsWith('"')) return text.codePointAt(1) ?? 0;
  if (/^[+-]?0[0-7]+$/.test(text)) return parseInt(text, 8);
  if (/^[+-]?0[xX][0-9a-fA-F]+$/.test(text)) return parseInt(text, 16);
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) return Number(text);
  problems.push(`${argument}: invalid number`);
  const start = Number.parseFloat(text);
  return Number.isFinite(start) ? start : 0;
}

function pad(text: string, flags: string, width: string | undefined, kind: string): string {
  if (width === undefined) return text;
  const columns = Math.min(Math.abs(Number(width)), WIDEST);
  if (flags.includes('-') || width.startsWith('-')) return text.padEnd(columns);
  if (!flags.includes('0') || /[sbcq]/.test(kind)) return text.padStart(columns);
  const sign = /^[+ -]/.exec(text)?.[0] ?? '';
  return sign + text.slice(sign.length).padStart(columns - sign.length, '0');
}

/** A width that is larger would only be a way to fill the memory. */
const WIDEST = 10_000;

function unescape(text: string): string {
  return text.replace(
    /\\(n|t|r|a|b|f|v|\\|e|E|"|'|\?|0[0-7]{0,3}|[1-7][0-7]{0,2}|x[0-9a-fA-F]{1,2}|u[0-9a-fA-F]{1,4})/g,
    (_, code: string) => {
      const simple = ESCAPES[code];
      if (simple !== undefined) return simple;
      const value = /^[xu]/.test(code) ? Number.parseInt(code.slice(1), 16) : Number.parseInt(code, 8);
      return code.startsWith('u')
        ? String.fromCodePoint(value)
        : binaryText(String.fromCharCode(value & 0xff));
    },
  );
}

const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  a: '\x07',
  b: '\b',
  f: '\f',
  v: '\v',
  e: '\x1b',
  E: '\x1b',
  '\\': '\\',
  '"': '"',
  "'": "'",
  '?': '?',
};
