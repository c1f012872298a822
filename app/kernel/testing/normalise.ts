/**
 * The one rule by which a model's splat is compared with a captured one. What differs between two boots of one
 * kernel, and what the model makes up, is replaced by a word or dropped:
 *
 * - the time stamp before each line is dropped;
 * - 16-digit hexadecimal numbers become `ADDR`, other numbers after `0x` become `0xN`;
 * - symbol offsets `+0x1a/0x2b0` are dropped, and lock subclasses `name#2/1` keep only the name;
 * - numbers of CPUs and tasks become `N`: `CPU: N`, `PID: N`, `pid: N`, `task N`, `comm/N`, `held by comm/N`,
 *   `INFO: task comm:N`;
 * - release and build number become `RELEASE #N`, the taint flags `TAINT` (a capture may be tainted from boot),
 *   and the line that names them is dropped;
 * - the lines `Hardware name`, `Code:`, `RSP:`, `PKRU:`, segment and register rows are dropped, and the addresses
 *   in `RIP: 0033:`;
 * - `? symbol` lines are leftovers on a stack and are dropped, as are `irq event stamp` blocks;
 * - seconds, bytes and counts in words stay: they are what a report says.
 */
export function normalise(lines: readonly string[]): string[] {
  return lines.map(withoutTime).filter(isTelling).map(normaliseLine);
}

/** As `normalise`, for the text of a dmesg. */
export function normaliseText(text: string): string {
  return normalise(text.replace(/\n$/, '').split('\n')).join('\n') + '\n';
}

const DROPPED = [
  /^ \? /,
  /^Hardware name:/,
  /^Tainted: \[/,
  /^Code:/,
  /^RSP: /,
  /^(?:R[A-D]X|RBP|R1[03]|RDX|FS|CS|CR2|PKRU): /,
  /^irq event stamp:/,
  /^(?:hard|soft)irqs last /,
];

function isTelling(line: string): boolean {
  return !DROPPED.some((pattern) => pattern.test(line));
}

function withoutTime(line: string): string {
  return line.replace(/^\[\s*\d+\.\d+\] /, '');
}

const REPLACEMENTS: readonly (readonly [RegExp, string])[] = [
  [/\+0x[0-9a-f]+\/0x[0-9a-f]+/g, ''],
  [/\b[0-9a-f]{16}\b/g, 'ADDR'],
  [/\b0x[0-9a-f]+\b/g, '0xN'],
  [/\bCPU: \d+/g, 'CPU: N'],
  [/\b(PID|pid): ?\d+/g, '$1: N'],
  [/\btask (\d+)/g, 'task N'],
  [/\b(by task [^/]+)\/\d+/g, '$1/N'],
  [/\b(held by [^/]+)\/\d+/g, '$1/N'],
  [/\b(tgid|ppid):\d+/g, '$1:N'],
  [/^(INFO: task .*):\d+ /, '$1:N '],
  [/^([\w:.-]+)\/\d+ is /, '$1/N is '],
  [/\b(?:Not tainted|Tainted: [A-Z ]{19})\s+\d+\.\d+\.\d+\S* #\d+/g, 'TAINT RELEASE #N'],
  [/^\d+\.\d+\.\d+\S* #\d+ (?:Not tainted|Tainted: [A-Z ]+?)\s*$/, 'RELEASE #N TAINT'],
  [/^(RIP: 0033:).*$/, '$1ADDR'],
  [/\((\S+?)#\d+(?:\/\d+)?\)/g, '($1)'],
];

function normaliseLine(line: string): string {
  return REPLACEMENTS.reduce((text, [pattern, by]) => text.replace(pattern, by), line);
}
