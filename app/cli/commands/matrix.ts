import type { ConfigChange } from '../../kernel/kconfig.ts';
import { catalogue } from '../../scenario/catalogue.ts';
import { InputError } from '../../scenario/issues.ts';
import { isMatrix } from '../../scenario/matrix.ts';
import { loadScenario } from '../../scenario/load.ts';
import { resolve, type Overrides } from '../../scenario/resolve.ts';
import { runOnce } from '../../scenario/run.ts';
import type { StrategyName } from '../../scenario/search.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { findScenario, print, readText } from '../files.ts';
import { renderMatrix, type MatrixFormat, type Row } from '../matrix-render.ts';
import { describeCoverage } from '../search-render.ts';
import { exploreOnce } from './explore.ts';
import { matrixOfFile } from './matrix-file.ts';

export interface MatrixFlags {
  readonly trees?: readonly string[];
  /** Sets of patches: names joined by `+`, or `none`. */
  readonly patches?: readonly string[];
  /** Sets of options: `K=y` joined by `,`. */
  readonly config?: readonly (readonly ConfigChange[])[];
  readonly explore?: boolean;
  readonly strategy?: StrategyName;
  readonly preemptions?: number;
  readonly executions?: number;
  readonly time?: number;
  readonly stopAtFirst?: boolean;
  readonly workers?: number;
  readonly iterations?: number;
  readonly format: MatrixFormat;
}

/** `scythe matrix`: runs or explores a scenario on the product of kernels, and says what each comes to. */
export async function matrix(named: string, flags: MatrixFlags): Promise<ExitCode> {
  const path = findScenario(named);
  const text = readText(path, '`scythe list scenarios` shows the bundled ones');
  if (isMatrix(text, path)) return matrixOfFile(path, text, flags);
  const variants = variantsOf(flags);
  // Whatever is wrong with a name is told before the first of many searches.
  for (const variant of variants) if (variant.refused === null) check(named, text, variant.overrides);

  const rows: Row[] = [];
  for (const [index, variant] of variants.entries()) {
    if (process.stderr.isTTY) process.stderr.write(`${index + 1} of ${variants.length}: ${variant.name}\n`);
    rows.push(variant.refused === null ? await rowOf(named, text, variant, flags) : refusedRow(variant));
  }
  print(renderMatrix(named, rows, flags.format));
  return rows.every(({ failures }) => failures.length === 0) ? EXIT.MET : EXIT.NOT_MET;
}

interface Variant {
  readonly name: string;
  readonly overrides: Overrides;
  /** Why there is no such kernel; null if there is one. */
  readonly refused: string | null;
}

function variantsOf({ trees, patches, config }: MatrixFlags): Variant[] {
  const all: Variant[] = [];
  for (const tree of trees ?? [null]) {
    for (const set of patches ?? [null]) {
      for (const changes of config ?? [null]) {
        const names = set === null ? null : set.split('+').filter((name) => name !== 'none');
        const misfit = names?.find((name) => {
          const patch = catalogue.patches.find((each) => each.name === name);
          return patch !== undefined && tree !== null && !patch.appliesTo.includes(tree);
        });
        const settings = changes?.map(({ name, value }) => `${name}=${value}`).join(',');
        all.push({
          name:
            [tree, set, settings].filter((part) => part !== null && part !== undefined).join(' ') ||
            'as it is',
          overrides: {
            ...(tree === null ? {} : { tree }),
            ...(names === null ? {} : { patches: names }),
            ...(changes === null ? {} : { config: changes }),
          },
          refused: misfit === undefined ? null : `${misfit} does not apply to ${tree ?? 'this tree'}`,
        });
      }
    }
  }
  return all;
}

function check(named: string, text: string, overrides: Overrides): void {
  const loaded = loadScenario(text, named);
  if (!loaded.ok) throw new InputError(loaded.issues);
  resolve(loaded.value, loaded.source, catalogue, overrides);
}

function refusedRow({ name, refused }: Variant): Row {
  return { variant: name, counts: new Map(), total: 0, covered: refused ?? '', failures: [], skipped: true };
}

async function rowOf(named: string, text: string, variant: Variant, flags: MatrixFlags): Promise<Row> {
  const { name: label, overrides } = variant;
  if (flags.explore !== true) return runRow(named, text, variant, flags);
  const { trees: _trees, patches: _patches, config: _config, ...searchFlags } = flags;
  const target = { kind: 'scenario', name: named, text, overrides } as const;
  const { statistics, coverage, finds, failures } = await exploreOnce(target, searchFlags);
  const counts = new Map(finds.map(({ title, count }) => [title, count]));
  const covered = describeCoverage(coverage);
  return { variant: label, counts, total: statistics.executions, covered, failures, skipped: false };
}

function runRow(named: string, text: string, { name, overrides }: Variant, flags: MatrixFlags): Row {
  const loaded = loadScenario(text, named);
  if (!loaded.ok) throw new InputError(loaded.issues);
  const { iterations } = flags;
  const plan = resolve(loaded.value, loaded.source, catalogue, {
    ...overrides,
    ...(iterations === undefined ? {} : { iterations }),
  });
  const counts = new Map<string, number>();
  const failures: string[] = [];
  for (let i = 0; i < plan.iterations; i++) {
    const run = runOnce(plan, { seed: plan.seed + i });
    for (const title of new Set(run.titles)) counts.set(title, (counts.get(title) ?? 0) + 1);
    for (const failure of run.failures) if (!failures.includes(failure)) failures.push(failure);
  }
  const covered = plan.iterations === 1 ? 'one run' : `${plan.iterations} runs`;
  return { variant: name, counts, total: plan.iterations, covered, failures, skipped: false };
}
