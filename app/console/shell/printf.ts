/** What `printf` prints. The format is used again as long as there are arguments left. */
export function format(template: string, args: readonly string[]): string {
  let text = '';
  let rest = [...args];
  do {
    const before = rest.length;
    text += once(template, rest);
    if (rest.length === before) break;
  } while (rest.length > 0);
  return text;

  function once(source: string, from: string[]): string {
    const out = unescape(source).replace(
      /%([-0 +#]*)(\d+)?(?:\.(\d+))?([%sdiuxXocb])/g,
      (_, flags: string, width: string | undefined, precision: string | undefined, kind: string) => {
        if (kind === '%') return '%';
        const argument = from.shift() ?? '';
        return pad(convert(kind, argument, precision), flags, width);
      },
    );
    rest = from;
    return out;
  }
}

function convert(kind: string, argument: string, precision: string | undefined): string {
  if (kind === 's') return precision === undefined ? argument : argument.slice(0, Number(precision));
  if (kind === 'b') return unescape(argument);
  if (kind === 'c') return argument.slice(0, 1);
  const value = Number(argument === '' ? 0 : argument);
  const whole = Number.isFinite(value) ? Math.trunc(value) : 0;
  const digits = whole.toString(kind === 'x' || kind === 'X' ? 16 : kind === 'o' ? 8 : 10);
  const padded = precision === undefined ? digits : digits.padStart(Number(precision), '0');
  return kind === 'X' ? padded.toUpperCase() : padded;
}

function pad(text: string, flags: string, width: string | undefined): string {
  if (width === undefined) return text;
  if (flags.includes('-')) return text.padEnd(Number(width));
  return text.padStart(Number(width), flags.includes('0') ? '0' : ' ');
}

function unescape(text: string): string {
  return text.replace(/\\(n|t|r|a|b|f|v|\\|0[0-7]{0,3}|x[0-9a-fA-F]{1,2})/g, (_, code: string) => {
    const simple = ESCAPES[code];
    if (simple !== undefined) return simple;
    const value = code.startsWith('x') ? Number.parseInt(code.slice(1), 16) : Number.parseInt(code, 8);
    return String.fromCharCode(value);
  });
}

const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  a: '\x07',
  b: '\b',
  f: '\f',
  v: '\v',
  '\\': '\\',
};
