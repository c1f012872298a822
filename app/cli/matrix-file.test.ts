import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve as resolvePath } from 'node:path';
import { describe, expect, test } from 'vitest';
import { catalogue } from '../scenario/catalogue.ts';
import { InputError } from '../scenario/issues.ts';
import { matrixJsonSchema } from '../scenario/json-schema.ts';
import { fill, isMatrix, planMatrix, type FindScenario } from '../scenario/matrix.ts';
import { scenarioBeside } from './commands/matrix-file.ts';
import { renderTable, type Table } from './matrix-table.ts';

const folder = resolvePath(import.meta.dirname, '../../scenarios');
const families = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .map((path) => path.replaceAll('\\', '/'))
  .filter((path) => path.endsWith('/matrix.yaml'))
  .map((path) => path.replace('/matrix.yaml', ''))
  .sort();

function planOf(family: string) {
  const path = join(folder, family, 'matrix.yaml');
  return planMatrix(readFileSync(path, 'utf8'), path, catalogue, scenarioBeside(path));
}

/** The rows of the table in a family's README, cell by cell, and the legend below it. */
function tableOf(family: string): { cells: string[][]; legend: string[] } {
  const readme = readFileSync(join(folder, family, 'README.md'), 'utf8');
  const [, below = ''] = readme.split(`scythe matrix ${family}/matrix --format markdown`);
  const lines = below.split('\n');
  const start = lines.findIndex((line) => line.startsWith('| kernel |'));
  const rows = lines.slice(start, start + lines.slice(start).findIndex((line) => !line.startsWith('|')));
  const legend = lines.flatMap((line) => /^- \[\d+\] `(.+)`$/.exec(line)?.[1] ?? []);
  const cells = rows
    .filter((_, i) => i !== 1)
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  return { cells, legend };
}

describe.each(families)('%s/matrix.yaml', (family) => {
  const plan = planOf(family);

  test('has its table in the README, with each kernel and scenario', () => {
    const { cells } = tableOf(family);
    expect(cells[0]).toEqual(['kernel', ...plan.columns]);
    expect(cells.slice(1).map(([title]) => title)).toEqual(plan.rows.map(({ title }) => title));
    plan.rows.forEach((row, i) => {
      expect(cells[i + 1].slice(1).map((cell) => cell !== '')).toEqual(
        row.cells.map((cell) => cell !== null),
      );
    });
  });

  // The whole table is some minutes' work; here the first cell of each column, searches cut short.
  test('comes to what the README says', () => {
    const { rows, columns } = plan;
    const { cells, legend } = tableOf(family);
    columns.forEach((_, column) => {
      const row = rows.findIndex((each) => each.cells[column] !== null);
      const cell = rows[row]?.cells[column] ?? null;
      if (cell === null) throw new Error('an empty column');
      const { counts } = fill(cell, 5);
      const told = cells[row + 1][column + 1];
      const expected = [...told.matchAll(/\[(\d+)\]/g)].map(([, number]) => legend[Number(number) - 1]);
      if (cell.column.explore === undefined) expect([...counts.keys()].sort()).toEqual(expected.sort());
      else for (const title of counts.keys()) expect(expected).toContain(title);
    });
  });
});

const text = (rows: string): string =>
  ['matrix: 1', 'title: t', 'columns: [{ scenario: reap }]', `rows: [${rows}]`, ''].join('\n');
const reap: FindScenario = (name) => scenarioBeside(join(folder, 'kvm-oom', 'matrix.yaml'))(name);

test.each([
  ['{ tree: v6.21 }', /^x\.yaml:4:16: unknown tree "v6.21"/],
  [
    '{ patches: [mmu-notifier-async-oom] }',
    /^x\.yaml:4:20: unknown patch .*did you mean "mmu-notifier-async-oom-v2"/,
  ],
  ['{ tree: v4.14, patches: [dup-mmap-unstable] }', /^x\.yaml:4:8: .*does not apply to v4.14/],
  ['{ columns: [2] }', /^x\.yaml:4:20: there is no column 2/],
  ['{ trees: v6.12 }', /^x\.yaml:4:10: unknown key "trees"; did you mean "tree"/],
  ['', /rows must have at least 1 items/],
])('rows: [%s] is refused at its place', (rows, message) => {
  let told = '';
  try {
    planMatrix(text(rows), 'x.yaml', catalogue, reap);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    told = error.message;
  }
  expect(told).toMatch(message);
});

test('an unknown scenario is refused at its place', () => {
  const wrong = text('{}').replace('reap', 'raep');
  expect(() => planMatrix(wrong, 'x.yaml', catalogue, reap)).toThrow(
    /^x\.yaml:3:23: unknown scenario "raep"/,
  );
});

test('a matrix is told from a scenario by its first key', () => {
  expect(isMatrix(text('{}'), 'x.yaml')).toBe(true);
  expect(isMatrix('scythe: 1\ntitle: x\n', 'x.yaml')).toBe(false);
  expect(isMatrix('- 1', 'x.yaml')).toBe(false);
});

test('cells carry numbers and marks, and the legend says what they stand for', () => {
  const cell = (titles: string[], covered: string, failures: string[] = []) => ({
    ...{ counts: new Map(titles.map((title) => [title, 1])), total: 1, covered, failures },
  });
  const table: Table = {
    title: 't',
    columns: ['run', 'search'],
    rows: [
      { title: 'old', cells: [cell(['B', 'A'], 'a run'), cell(['A'], '7 executions', ['A (1 execution)'])] },
      { title: 'new', cells: [null, cell([], 'complete')] },
    ],
  };
  expect(renderTable(table, 'markdown').split('\n')).toEqual([
    '| kernel | run | search |',
    '| --- | --- | --- |',
    '| old | [1] [2] | [2], 7 executions ! |',
    '| new |  | clean, complete |',
    '',
    '- [1] `B`',
    '- [2] `A`',
    '',
  ]);
  expect(renderTable(table, 'text')).toContain('! old, search: A (1 execution)');
  expect(renderTable(table, 'junit')).toContain('tests="3" failures="1"');
  expect(JSON.parse(renderTable(table, 'json'))).toMatchObject({
    rows: [{ cells: [{ counts: { A: 1, B: 1 } }, {}] }, {}],
  });
});

test('an editor is told the names of trees and patches', () => {
  const schema = JSON.stringify(matrixJsonSchema(catalogue));
  expect(schema).toContain('"const":"v7.3"');
  expect(schema).toContain('"const":"exit-mmap-write-lock"');
});
