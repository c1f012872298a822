import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { catalogue } from '../../scenario/catalogue.ts';
import { InputError } from '../../scenario/issues.ts';
import { fill, planMatrix, type Cell, type FindScenario } from '../../scenario/matrix.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { bundledScenarios, print, readText } from '../files.ts';
import { renderTable, type Table } from '../matrix-table.ts';
import type { MatrixFlags } from './matrix.ts';

/** `scythe matrix FILE`: fills the table that the file describes. */
export async function matrixOfFile(path: string, text: string, flags: MatrixFlags): Promise<ExitCode> {
  refuseKernels(flags);
  const plan = planMatrix(text, path, catalogue, scenarioBeside(path));
  const cells = plan.rows.length * plan.columns.length;
  const rows: { title: string; cells: (Cell | null)[] }[] = [];
  for (const [index, { title, cells: planned }] of plan.rows.entries()) {
    const filled: (Cell | null)[] = [];
    for (const [at, cell] of planned.entries()) {
      if (process.stderr.isTTY) {
        process.stderr.write(
          `${index * planned.length + at + 1} of ${cells}: ${title}, ${plan.columns[at]}\n`,
        );
      }
      filled.push(cell === null ? null : fill(cell, flags.executions));
      await new Promise((next) => setImmediate(next));
    }
    rows.push({ title, cells: filled });
  }
  const table: Table = { title: plan.title, columns: plan.columns, rows };
  print(renderTable(table, flags.format));
  const met = rows.every((row) => row.cells.every((cell) => (cell?.failures.length ?? 0) === 0));
  return met ? EXIT.MET : EXIT.NOT_MET;
}

/** Scenarios of the matrix's own folder by their file names, others by their bundled names. */
export function scenarioBeside(path: string): FindScenario {
  const folder = dirname(path);
  return (name) => {
    const own = join(folder, `${name}.yaml`);
    if (existsSync(own)) return { name: `${basename(folder)}/${name}`, text: readText(own, '') };
    const bundled = bundledScenarios().find((each) => each.name === name);
    return bundled === undefined ? null : { name, text: readText(bundled.path, '') };
  };
}

/** The file says which kernels and how; only the number of executions can be cut. */
function refuseKernels(flags: MatrixFlags): void {
  const given = (
    ['trees', 'patches', 'config', 'explore', 'strategy', 'preemptions', 'iterations'] as const
  ).filter((flag) => flags[flag] !== undefined);
  if (given.length === 0) return;
  throw new InputError(
    given.map((flag) => ({
      ...{ file: `--${flag}`, line: 0, column: 0, path: [], code: 'contradiction' },
      message: 'the matrix file says what is run',
      fix: 'leave it out, or name a scenario',
    })),
  );
}
