import { didYouMean } from '../base/suggest.ts';
import type { ConfigChange } from '../kernel/kconfig.ts';
import { runToEnd } from '../explore/strategy.ts';
import { InputError, sortIssues, type Issue, type Path } from './issues.ts';
import { load, loadScenario, type LoadResult } from './load.ts';
import { matrixSchema, type MatrixFile } from './matrix-schema.ts';
import type { Scenario } from './schema.ts';
import { resolve, type Catalogue, type Overrides } from './resolve.ts';
import { runOnce } from './run.ts';
import { budgetOf, open, searchOf, settingsOf } from './search.ts';
import { judgeSearch } from './search-verdict.ts';
import { readYaml, type YamlSource } from './yaml-source.ts';

/** One kernel on one scenario, looked up. */
export interface CellPlan {
  readonly column: MatrixFile['columns'][number];
  readonly scenario: string;
  readonly text: string;
  readonly overrides: Overrides;
}

export interface MatrixPlan {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly { readonly title: string; readonly cells: readonly (CellPlan | null)[] }[];
}

/** What a cell came to. */
export interface Cell {
  /** Runs or executions by title. */
  readonly counts: ReadonlyMap<string, number>;
  readonly total: number;
  /** How much was seen: `a run`, `complete`, `300 executions`. */
  readonly covered: string;
  /** What was expected otherwise. */
  readonly failures: readonly string[];
}

/** Is this the text of a matrix, rather than of a scenario? */
export function isMatrix(text: string, file: string): boolean {
  const read = readYaml(text, file);
  return (
    read.ok &&
    typeof read.source.value === 'object' &&
    read.source.value !== null &&
    'matrix' in read.source.value
  );
}

/** The text of a scenario that is named in a matrix; null if there is none. `beside` is looked for first. */
export type FindScenario = (name: string) => { readonly name: string; readonly text: string } | null;

/** Reads a matrix and looks up all that it names. Throws an InputError with all that is wrong. */
export function planMatrix(text: string, file: string, catalogue: Catalogue, find: FindScenario): MatrixPlan {
  const loaded = load(text, file, matrixSchema);
  if (!loaded.ok) throw new InputError(loaded.issues);
  const { value, source } = loaded;
  const issues: Issue[] = [];
  const found = value.columns.map(({ scenario }, index) => {
    const scenarioText = find(scenario);
    if (scenarioText === null) {
      const fix = '`scythe list scenarios` shows the bundled ones';
      issues.push(
        source.issue(['columns', index, 'scenario'], 'unknown-name', `unknown scenario "${scenario}"`, fix),
      );
    }
    return scenarioText;
  });
  checkNames(value, source, catalogue, issues);
  if (issues.length > 0) throw new InputError(sortIssues(issues));

  const loadedScenarios = found.map((each) => loadScenario(each?.text ?? '', each?.name ?? ''));
  for (const each of loadedScenarios) if (!each.ok) throw new InputError(each.issues);
  const rows = value.rows.map((row, index) => {
    const cells = value.columns.map((column, at): CellPlan | null => {
      const scenario = found[at];
      if (scenario === null || row.columns?.includes(at + 1) === false) return null;
      const cell = {
        column,
        scenario: scenario.name,
        text: scenario.text,
        overrides: overridesOf(row, column),
      };
      issues.push(...unfit(cell, loadedScenarios[at], source, ['rows', index], catalogue));
      return cell;
    });
    return { title: row.title ?? titleOf(row), cells };
  });
  if (issues.length > 0) throw new InputError(sortIssues(issues));
  const columns = value.columns.map(({ title, scenario }) => title ?? scenario);
  return { title: value.title, columns, rows };
}

function checkNames(
  { rows, columns: all }: MatrixFile,
  source: YamlSource,
  catalogue: Catalogue,
  issues: Issue[],
): void {
  const check = (
    name: string,
    known: readonly { readonly name: string }[],
    what: string,
    path: Path,
  ): void => {
    if (known.some((each) => each.name === name)) return;
    const names = known.map((each) => each.name);
    const message = `unknown ${what} "${name}"${didYouMean(name, names)}`;
    issues.push(source.issue(path, 'unknown-name', message, `known: ${names.join(', ')}`));
  };
  rows.forEach(({ tree, patches = [], columns = [] }, index) => {
    if (tree !== undefined) check(tree, catalogue.trees, 'tree', ['rows', index, 'tree']);
    patches.forEach((name, at) => {
      check(name, catalogue.patches, 'patch', ['rows', index, 'patches', at]);
    });
    columns.forEach((column, at) => {
      if (column <= all.length) return;
      const fix = `there are ${all.length}`;
      issues.push(
        source.issue(['rows', index, 'columns', at], 'out-of-range', `there is no column ${column}`, fix),
      );
    });
  });
}

/** What keeps a scenario from running on the kernel of its row, told at the row. */
function unfit(
  cell: CellPlan,
  loaded: LoadResult<Scenario>,
  source: YamlSource,
  path: Path,
  catalogue: Catalogue,
): Issue[] {
  if (!loaded.ok) return [];
  try {
    resolve(loaded.value, loaded.source, catalogue, cell.overrides);
    return [];
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return error.issues.map(({ code, message, fix }) =>
      source.issue(path, code, `${cell.scenario}: ${message}`, fix),
    );
  }
}

function overridesOf(row: MatrixFile['rows'][number], column: MatrixFile['columns'][number]): Overrides {
  const config = [...changes(column.config), ...changes(row.config)];
  return {
    ...(row.tree === undefined ? {} : { tree: row.tree }),
    ...(row.patches === undefined ? {} : { patches: row.patches }),
    ...(config.length === 0 ? {} : { config }),
    ...(column.iterations === undefined ? {} : { iterations: column.iterations }),
  };
}

function changes(config: MatrixFile['rows'][number]['config']): ConfigChange[] {
  return Object.entries(config ?? {}).map(([name, value]) => ({ name, value }));
}

function titleOf({ tree, patches, config }: MatrixFile['rows'][number]): string {
  const settings = changes(config).map(({ name, value }) => `${name}=${value}`);
  const parts = [tree, ...(patches ?? []).map((patch) => `+ ${patch}`), ...settings];
  return parts.filter((part) => part !== undefined).join(' ') || 'as it is';
}

/** Runs or searches one cell. `mostExecutions` cuts a search short. */
export function fill(cell: CellPlan, mostExecutions = Infinity): Cell {
  const opened = open({ kind: 'scenario', name: cell.scenario, text: cell.text, overrides: cell.overrides });
  const { plan, program } = opened;
  const { explore } = cell.column;
  if (plan === null) throw new Error('a cell is a scenario');
  if (explore === undefined) {
    const runs = Array.from({ length: plan.iterations }, (_, i) => runOnce(plan, { seed: plan.seed + i }));
    const counts = new Map<string, number>();
    for (const { titles } of runs) {
      for (const title of new Set(titles)) counts.set(title, (counts.get(title) ?? 0) + 1);
    }
    const covered = runs.length === 1 ? 'a run' : `${runs.length} runs`;
    const failures = [...new Set(runs.flatMap((run) => run.failures))];
    return { counts, total: runs.length, covered, failures };
  }
  const { strategy, preemptions, stopAtFirst = false } = explore;
  const wishes = { ...(strategy && { strategy }), ...(preemptions !== undefined && { preemptions }) };
  const search = searchOf(program, settingsOf(opened, wishes));
  const budget = Math.min(explore.executions ?? budgetOf(opened).executions ?? Infinity, mostExecutions);
  if (stopAtFirst) {
    while (!search.finished && search.outcomes.length === 0 && search.statistics.executions < budget) {
      search.advance(Math.min(1000, budget - search.statistics.executions));
    }
  } else {
    runToEnd(search, Math.min(budget, Number.MAX_SAFE_INTEGER));
  }
  const { outcomes, coverage, statistics } = search;
  const covered =
    coverage.kind === 'unfinished'
      ? `${statistics.executions} executions`
      : coverage.kind === 'complete'
        ? 'complete'
        : `within ${coverage.bound}`;
  const counts = new Map(outcomes.map(({ title, count }) => [title, count]));
  // A table shows what is found; that is wrong only where the scenario says what should be.
  const silent = Object.values(plan.searchAssertions).every((assertion) => assertion === undefined);
  const failures = silent ? [] : judgeSearch(plan, { outcomes, coverage });
  return { counts, total: statistics.executions, covered, failures };
}
