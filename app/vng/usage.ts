import { metavarOf, optionTable, SECTIONS, type OptionRow } from './options.ts';

/** What `vng --help` says before and after the options. */
const PURPOSE = 'Run a modelled Linux kernel as virtme-ng runs a real one.';
const POSITIONAL = {
  name: 'envs',
  help: 'A command to run in the guest; with --build, variables of make such as O=folder.',
};
const EPILOG = `This is Scythe's emulation of virtme-ng: the same options, keys and messages, with a modelled kernel in
place of QEMU. It boots in well under a second, and the same seed and the same input give the same run.

The guest has files of its own, in memory: nothing that happens in it reaches the host, so crash it at will.

Options that ask for hardware are accepted, and what the model lacks is said. --dry-run shows what a real vng
would start. docs/console.md tells the differences.`;

/** The columns that argparse writes for: two less than the terminal has. */
export function widthFor(columns: number): number {
  return Math.max(columns - 2, 11);
}

/** The usage lines, as argparse wraps them. */
export function formatUsage(columns: number, table = optionTable): string {
  const width = widthFor(columns);
  const prefix = 'usage: ';
  const options = optionParts(table);
  const positional = `[${POSITIONAL.name} ...]`;
  const whole = `${prefix}vng ${options.join(' ')} ${positional}`;
  if (whole.length <= width) return `${whole}\n`;
  const indent = ' '.repeat(prefix.length + 'vng '.length);
  if (prefix.length + 'vng'.length > 0.75 * width) {
    const lines = [...fill(options, ' '.repeat(prefix.length), null, width), positional];
    return `${prefix}vng\n${lines.join('\n')}\n`;
  }
  const lines = fill(['vng', ...options], indent, prefix.length, width);
  return `${prefix}${[...lines, ...fill([positional], indent, null, width)].join('\n')}\n`;
}

export function formatHelp(columns: number, table = optionTable): string {
  const width = widthFor(columns);
  const sections = ['options' as const, ...SECTIONS].map((section) => ({
    heading: section,
    rows: table.filter((row) => row.section === section).map((row) => [invocationOf(row), row.help] as const),
  }));
  const blocks = [
    formatUsage(columns, table).trimEnd(),
    PURPOSE,
    formatSection({ heading: 'positional arguments', rows: [[POSITIONAL.name, POSITIONAL.help]] }, width),
    ...sections.map((section) => formatSection(section, width)),
    EPILOG,
  ];
  return `${blocks.join('\n\n')}\n`;
}

/** Optional parts of the usage; those of a group that excludes itself become one, with bars. */
function optionParts(table: readonly OptionRow[]): string[] {
  const group = table.filter((row) => row.group !== undefined);
  const grouped = `[${group.map(bareUsage).join(' | ')}]`;
  const text = table
    .flatMap((row) => (row.group === undefined ? [`[${bareUsage(row)}]`] : row === group[0] ? [grouped] : []))
    .join(' ');
  // argparse cuts its own text apart again, by this very expression.
  return text.match(/\(.*?\)+(?=\s|$)|\[.*?\]+(?=\s|$)|\S+/g) ?? [];
}

function bareUsage(row: OptionRow): string {
  const value = valueUsage(row);
  return value === '' ? row.flags[0] : `${row.flags[0]} ${value}`;
}

function valueUsage(row: OptionRow): string {
  if (row.kind === 'optional') return `[${metavarOf(row)}]`;
  return row.kind === 'value' || row.kind === 'append' ? metavarOf(row) : '';
}

function invocationOf(row: OptionRow): string {
  const value = valueUsage(row);
  return row.flags.map((flag) => (value === '' ? flag : `${flag} ${value}`)).join(', ');
}

/** Lines of at most `width` columns; the first has `taken` columns before it and no indent. */
function fill(parts: readonly string[], indent: string, taken: number | null, width: number): string[] {
  const lines: string[] = [];
  let line: string[] = [];
  let length = (taken ?? indent.length) - 1;
  for (const part of parts) {
    if (length + 1 + part.length > width && line.length > 0) {
      lines.push(indent + line.join(' '));
      line = [];
      length = indent.length - 1;
    }
    line.push(part);
    length += part.length + 1;
  }
  if (line.length > 0) lines.push(indent + line.join(' '));
  if (taken !== null && lines.length > 0) lines[0] = lines[0].slice(indent.length);
  return lines;
}

interface HelpSection {
  readonly heading: string;
  readonly rows: readonly (readonly [invocation: string, help: string])[];
}

function formatSection({ heading, rows }: HelpSection, width: number): string {
  const position = Math.min(24, Math.max(width - 20, 4));
  const lines = rows.flatMap(([invocation, help]) => {
    const text = wrap(help, Math.max(width - position, 11));
    const fits = invocation.length <= position - 4;
    const first = fits ? [`  ${invocation.padEnd(position - 4)}  ${text[0]}`] : [`  ${invocation}`];
    return [...first, ...text.slice(fits ? 1 : 0).map((line) => ' '.repeat(position) + line)];
  });
  return [`${heading}:`, ...lines].join('\n');
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
