export const MATRIX_FORMATS = ['text', 'markdown', 'json', 'junit'] as const;
export type MatrixFormat = (typeof MATRIX_FORMATS)[number];

/** What one kernel came to. */
export interface Row {
  readonly variant: string;
  /** Executions, or runs, by title. */
  readonly counts: ReadonlyMap<string, number>;
  /** Executions, or runs, in all. */
  readonly total: number;
  /** How much was seen of what there is. */
  readonly covered: string;
  readonly failures: readonly string[];
  /** There is no such kernel. */
  readonly skipped: boolean;
}

export function renderMatrix(scenario: string, rows: readonly Row[], format: MatrixFormat): string {
  const titles = [...new Set(rows.flatMap(({ counts }) => [...counts.keys()]))];
  switch (format) {
    case 'text':
      return asText(rows, titles);
    case 'markdown':
      return asMarkdown(rows, titles);
    case 'json':
      return `${JSON.stringify({ scenario, outcomes: titles, rows: rows.map(asObject) }, null, 2)}\n`;
    case 'junit':
      return asJunit(scenario, rows);
  }
}

function asObject({ counts, ...row }: Row): object {
  return { ...row, counts: Object.fromEntries(counts), verdict: verdictOf({ counts, ...row }) };
}

function verdictOf({ failures, skipped }: Row): 'pass' | 'fail' | 'skipped' {
  if (skipped) return 'skipped';
  return failures.length === 0 ? 'pass' : 'fail';
}

/** Titles are long: columns carry numbers, and a legend below says what they stand for. */
function cells(rows: readonly Row[], titles: readonly string[]): string[][] {
  const head = ['kernel', 'verdict', 'of', ...titles.map((_, i) => `[${i + 1}]`), 'covered'];
  const body = rows.map((row) => [
    row.variant,
    verdictOf(row),
    String(row.total),
    ...titles.map((title) => String(row.counts.get(title) ?? (row.skipped ? '' : '-'))),
    row.covered,
  ]);
  return [head, ...body];
}

function asText(rows: readonly Row[], titles: readonly string[]): string {
  const table = cells(rows, titles);
  const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)));
  const lines = table.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]))
      .join('  ')
      .trimEnd(),
  );
  const legend = titles.map((title, i) => `[${i + 1}] ${title}`);
  const missed = rows.flatMap(({ variant, failures }) => failures.map((failure) => `${variant}: ${failure}`));
  return [...lines, ...section(legend), ...section(missed)].map((line) => `${line}\n`).join('');
}

function section(lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', ...lines];
}

function asMarkdown(rows: readonly Row[], titles: readonly string[]): string {
  const [head, ...body] = cells(rows, titles).map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
  const line = (row: readonly string[]) => `| ${row.join(' | ')} |`;
  const legend = titles.map((title, i) => `${i + 1}. \`${title.replaceAll('`', "'")}\``);
  return [line(head), line(head.map(() => '---')), ...body.map(line), ...section(legend)]
    .map((each) => `${each}\n`)
    .join('');
}

function asJunit(scenario: string, rows: readonly Row[]): string {
  const failed = rows.filter((row) => verdictOf(row) === 'fail').length;
  const skipped = rows.filter(({ skipped: isSkipped }) => isSkipped).length;
  const counts = `tests="${rows.length}" failures="${failed}" errors="0" skipped="${skipped}"`;
  const cases = rows.flatMap((row) => {
    const open = `    <testcase classname="${escape(scenario)}" name="${escape(row.variant)}">`;
    const titles = [...row.counts].map(([title, count]) => `${title} (${count} of ${row.total})`);
    const output = [...titles, `covered: ${row.covered}`].join('\n');
    const result = row.skipped
      ? [`      <skipped message="${escape(row.covered)}"/>`]
      : row.failures.length === 0
        ? []
        : [
            `      <failure message="${escape(row.failures[0])}">${escape(row.failures.join('\n'))}</failure>`,
          ];
    return [open, ...result, `      <system-out>${escape(output)}</system-out>`, '    </testcase>'];
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${counts}>`,
    `  <testsuite name="${escape(scenario)}" ${counts}>`,
    ...cases,
    '  </testsuite>',
    '</testsuites>',
  ]
    .map((line) => `${line}\n`)
    .join('');
}

/** For text and attributes; control characters that XML 1.0 has no form for are left out. */
function escape(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
