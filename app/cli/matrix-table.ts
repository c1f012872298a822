import type { Cell } from '../scenario/matrix.ts';
import type { MatrixFormat } from './matrix-render.ts';

/** A filled matrix. A cell is null where a kernel has nothing to do with a scenario. */
export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly { readonly title: string; readonly cells: readonly (Cell | null)[] }[];
}

/** The table: titles are long, so cells carry numbers, and a legend below says what they stand for. */
export function renderTable(table: Table, format: MatrixFormat): string {
  switch (format) {
    case 'text':
      return asText(table);
    case 'markdown':
      return asMarkdown(table);
    case 'json':
      return `${JSON.stringify({ ...table, rows: table.rows.map(rowObject) }, null, 2)}\n`;
    case 'junit':
      return asJunit(table);
  }
}

/** The titles of all cells, in order of first appearance. */
export function legendOf({ rows }: Table): string[] {
  return [...new Set(rows.flatMap(({ cells }) => cells.flatMap((cell) => [...(cell?.counts.keys() ?? [])])))];
}

function rowObject({ title, cells }: Table['rows'][number]): object {
  return { title, cells: cells.map((cell) => cell && { ...cell, counts: Object.fromEntries(cell.counts) }) };
}

/** `clean, complete`; `[1] [3]`; an exclamation mark for what the scenario expects otherwise. */
function cellText(cell: Cell | null, legend: readonly string[]): string {
  if (cell === null) return '';
  const numbers = [...cell.counts.keys()].map((title) => legend.indexOf(title) + 1).sort((a, b) => a - b);
  const what = numbers.length === 0 ? 'clean' : numbers.map((number) => `[${number}]`).join(' ');
  const covered = cell.covered === 'a run' ? '' : `, ${cell.covered}`;
  return `${what}${covered}${cell.failures.length === 0 ? '' : ' !'}`;
}

function cellsOf(table: Table): string[][] {
  const legend = legendOf(table);
  const body = table.rows.map(({ title, cells }) => [title, ...cells.map((cell) => cellText(cell, legend))]);
  return [['kernel', ...table.columns], ...body];
}

function asText(table: Table): string {
  const cells = cellsOf(table);
  const widths = cells[0].map((_, column) => Math.max(...cells.map((row) => row[column].length)));
  const lines = cells.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i]))
      .join('  ')
      .trimEnd(),
  );
  const legend = legendOf(table).map((title, i) => `[${i + 1}] ${title}`);
  const missed = table.rows.flatMap(({ title, cells: filled }) =>
    filled.flatMap((cell, i) =>
      (cell?.failures ?? []).map((text) => `! ${title}, ${table.columns[i]}: ${text}`),
    ),
  );
  return [table.title, '', ...lines, ...below(legend), ...below(missed)].map((line) => `${line}\n`).join('');
}

const below = (lines: readonly string[]): string[] => (lines.length === 0 ? [] : ['', ...lines]);

function asMarkdown(table: Table): string {
  const [head, ...body] = cellsOf(table);
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  const legend = legendOf(table).map((title, i) => `- [${i + 1}] \`${title.replaceAll('`', "'")}\``);
  return [line(head), line(head.map(() => '---')), ...body.map(line), ...below(legend)]
    .map((each) => `${each}\n`)
    .join('');
}

function asJunit({ title, columns, rows }: Table): string {
  const cases = rows.flatMap((row) =>
    row.cells.flatMap((cell, i) => (cell === null ? [] : [junitCase(columns[i], row.title, cell)])),
  );
  const failed = rows.flatMap(({ cells }) => cells).filter((cell) => (cell?.failures.length ?? 0) > 0).length;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuite name="${escape(title)}" tests="${cases.length}" failures="${failed}">`,
    ...cases,
    '</testsuite>',
    '',
  ].join('\n');
}

function junitCase(column: string, row: string, { failures, counts, total, covered }: Cell): string {
  const open = `  <testcase classname="${escape(column)}" name="${escape(row)}">`;
  const told = [...counts].map(([title, count]) => `${title} (${count} of ${total})`);
  const failure = failures.map((text) => `    <failure message="${escape(text)}"/>`);
  const output = `    <system-out>${escape([...told, covered].join('\n'))}</system-out>`;
  return [open, ...failure, output, '  </testcase>'].join('\n');
}

function escape(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
