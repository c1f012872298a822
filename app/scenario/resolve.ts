import { didYouMean } from '../base/suggest.ts';
import type { ScriptNode } from '../console/shell/ast.ts';
import { parseScript } from '../console/shell/parse.ts';
import type { Config } from '../kernel/config.ts';
import type { FaultRule } from '../kernel/faults.ts';
import { resolveConfig, type ConfigChange } from '../kernel/kconfig.ts';
import type { Patch, Tree } from '../kernel/tree.ts';
import type { CostModel } from '../sim/timed.ts';
import type { NamedCosts } from './costs.ts';
import { InputError, sortIssues, type Issue, type IssueCode, type Path } from './issues.ts';
import type { Assertions, Expectations } from './expect-schema.ts';
import type { Fault, Scenario } from './schema.ts';
import { parseCondition, parseDuration, parsePercent, parseRatio, parseSize } from './units.ts';
import type { YamlSource } from './yaml-source.ts';

/** A thing that scenarios refer to by name. */
export interface Named {
  readonly name: string;
}

/** A thing that an editor and `scythe list` can explain. */
export interface Described extends Named {
  readonly description: string;
}

/** Everything that a scenario can name (see catalogue.ts). */
export interface Catalogue {
  readonly trees: readonly Tree[];
  /** What is booted where nobody says anything else. */
  readonly defaultTree: Tree;
  readonly patches: readonly Patch[];
  readonly programs: readonly Described[];
  readonly costs: readonly NamedCosts[];
  readonly probes: readonly Described[];
}

/** What a user asks for besides the scenario, on the command line for instance. */
export interface Overrides {
  readonly tree?: string;
  /** In place of the scenario's own. */
  readonly patches?: readonly string[];
  readonly config?: readonly ConfigChange[];
  readonly append?: readonly string[];
  readonly seed?: number;
  readonly iterations?: number;
}

/** A scenario with all names looked up and all defaults filled in: what a run is made from. */
export interface Plan {
  readonly scenario: Scenario;
  /** The console script, parsed; null where the guest is made of tasks. */
  readonly script: ScriptNode | null;
  readonly tree: Tree;
  readonly patches: readonly Patch[];
  readonly config: Config;
  readonly append: ReadonlyMap<string, string>;
  readonly cpus: number;
  /** Bytes. */
  readonly memory: number;
  readonly faults: readonly FaultRule[];
  readonly costs: CostModel;
  /** Virtual time (ns) after which a run is stopped. */
  readonly limit: number;
  readonly iterations: number;
  readonly seed: number;
  /** What a run must come to. */
  readonly assertions: Assertions;
  /** What a search must find: the same, unless the scenario says otherwise. */
  readonly searchAssertions: Assertions;
}

/** The kernel of a plan, as far as expectations tell one from another. */
type ResolvedKernel = Pick<Plan, 'tree' | 'patches' | 'config'>;

export const DEFAULT_CPUS = 2;
export const DEFAULT_MEMORY = '2G';
export const DEFAULT_LIMIT = '10min';
export const DEFAULT_SEED = 1;

/**
 * Looks up all that a scenario and the overrides name and fills in the defaults. Throws an InputError with
 * all issues if something is unknown or contradicts something else.
 */
export function resolve(
  scenario: Scenario,
  source: YamlSource,
  catalogue: Catalogue,
  overrides: Overrides = {},
): Plan {
  const resolver = new Resolver(source, catalogue);
  const plan = resolver.plan(scenario, overrides);
  if (resolver.issues.length > 0) throw new InputError(sortIssues(resolver.issues));
  return plan;
}

class Resolver {
  readonly issues: Issue[] = [];

  constructor(
    private readonly source: YamlSource,
    private readonly catalogue: Catalogue,
  ) {}

  plan(scenario: Scenario, overrides: Overrides): Plan {
    const { kernel = {}, time = {} } = scenario;
    const tree = this.tree(kernel.tree, overrides.tree);
    const patches = this.patches(kernel.patches ?? [], overrides.patches, tree);
    const config = this.config(kernel.config ?? {}, overrides.config ?? [], tree);
    const append = this.append(scenario, overrides);
    const cpus = kernel.cpus ?? DEFAULT_CPUS;
    if (!config.SMP && cpus > 1) {
      this.at(['kernel', 'cpus'], 'contradiction', `${cpus} CPUs need SMP=y`, 'set cpus: 1, or SMP: y');
    }
    this.tasks(scenario);
    this.search(scenario);
    const { expect: ofRuns = {}, search: { expect: ofSearches } = {} } = scenario;
    const kernelOf = { tree, patches, config };
    const assertions = this.assertions(ofRuns, ['expect'], kernelOf);
    return {
      scenario,
      script: this.script(scenario.guest.console),
      tree,
      patches,
      config,
      append,
      cpus,
      memory: parseSize(kernel.memory ?? DEFAULT_MEMORY) ?? 0,
      faults: this.faults(scenario.faults ?? [], config),
      costs: this.costs(time),
      limit: parseDuration(time.limit ?? DEFAULT_LIMIT) ?? 0,
      iterations: overrides.iterations ?? scenario.iterations ?? 1,
      seed: overrides.seed ?? scenario.seed ?? DEFAULT_SEED,
      assertions,
      searchAssertions: ofSearches === undefined ? assertions : this.searchAssertions(ofSearches, kernelOf),
    };
  }

  private tree(own: string | undefined, override: string | undefined): Tree {
    const { trees, defaultTree: fallback } = this.catalogue;
    if (override !== undefined) return this.find(trees, override, 'tree', '--tree') ?? fallback;
    if (own !== undefined) return this.find(trees, own, 'tree', ['kernel', 'tree']) ?? fallback;
    return fallback;
  }

  private patches(own: readonly string[], override: readonly string[] | undefined, tree: Tree): Patch[] {
    const names = override ?? own;
    const found: Patch[] = [];
    names.forEach((name, index) => {
      const place = override === undefined ? ['kernel', 'patches', index] : '--patch';
      const patch = this.find(this.catalogue.patches, name, 'patch', place);
      if (patch === null) return;
      if (found.includes(patch)) {
        this.report(place, 'contradiction', `the patch "${name}" is given twice`, 'remove one');
      } else if (!patch.appliesTo.includes(tree.name)) {
        const fit = `it fits: ${patch.appliesTo.join(', ')}`;
        this.report(place, 'contradiction', `the patch "${name}" does not apply to ${tree.name}`, fit);
      }
      found.push(patch);
    });
    return found;
  }

  private config(
    own: Readonly<Record<string, ConfigChange['value']>>,
    overrides: readonly ConfigChange[],
    tree: Tree,
  ): Config {
    const changes = Object.entries(own).map(([name, value]) => ({ name, value }));
    const result = resolveConfig([...changes, ...overrides], tree);
    if (result.ok) return result.config;
    for (const { code, option, message, fix } of result.issues) {
      const overridden = overrides.some(({ name }) => name === option);
      const place = overridden ? '--config' : ['kernel', 'config', option];
      const kind =
        code === 'unknown-option' ? 'unknown-name' : code === 'bad-value' ? 'not-allowed' : 'contradiction';
      this.report(place, kind, message, fix, 'key');
    }
    const fallback = resolveConfig([]);
    if (!fallback.ok) throw new Error('the default configuration does not resolve');
    return fallback.config;
  }

  private append(scenario: Scenario, overrides: Overrides): Map<string, string> {
    const append = new Map<string, string>();
    const timeout = scenario.time?.hung_task_timeout_secs;
    if (timeout !== undefined) append.set('sysctl.kernel.hung_task_timeout_secs', String(timeout));
    for (const argument of [...(scenario.kernel?.append ?? []), ...(overrides.append ?? [])]) {
      for (const word of argument.split(/\s+/).filter((each) => each !== '')) {
        const equals = word.indexOf('=');
        if (equals < 0) append.set(word, '');
        else append.set(word.slice(0, equals), word.slice(equals + 1));
      }
    }
    return append;
  }

  private script(text: string | undefined): ScriptNode | null {
    if (text === undefined) return null;
    const parsed = parseScript(text);
    if (parsed.ok) return parsed.script;
    const path = ['guest', 'console'];
    for (const { line, column, message } of parsed.issues) {
      const place = this.source.placeInText(path, line, column ?? 1);
      this.issues.push({ ...this.source.issue(path, 'syntax', `the script: ${message}`), ...place });
    }
    return null;
  }

  private tasks(scenario: Scenario): void {
    const tasks = scenario.guest.tasks ?? [];
    const names = tasks.map((task) => task.name);
    tasks.forEach((task, index) => {
      const path: Path = ['guest', 'tasks', index];
      if (names.indexOf(task.name) !== index) {
        this.at(
          [...path, 'name'],
          'contradiction',
          `a second task named "${task.name}"`,
          'give each its own name',
        );
      }
      this.find(this.catalogue.programs, task.program, 'program', [...path, 'program']);
      (task.args ?? []).forEach((argument, position) => {
        const name = /^\$([\w.-]+)$/.exec(String(argument))?.[1];
        if (name === undefined || names.includes(name)) return;
        const message = `no task is named "${name}"${didYouMean(name, names)}`;
        this.at([...path, 'args', position], 'unknown-name', message, `tasks: ${names.join(', ')}`);
      });
    });
  }

  private faults(faults: readonly Fault[], config: Config): FaultRule[] {
    if (faults.length > 0 && !config.FAILSLAB) {
      this.at(['faults'], 'contradiction', 'faults need FAILSLAB=y', 'set FAILSLAB: y, or remove the faults');
    }
    return faults.map((fault, index) => {
      const { site, function: symbol, task, times, chance = 'always' } = fault;
      const rule = {
        site,
        ...(symbol === undefined ? {} : { function: symbol }),
        ...(task === undefined ? {} : { task }),
        ...(times === undefined ? {} : { times }),
      };
      if (chance === 'always') return { ...rule, always: true };
      if (chance === 'search') return rule;
      const ratio = parseRatio(chance);
      if (ratio === null) {
        this.at(
          ['faults', index, 'chance'],
          'out-of-range',
          `no chance: ${chance}`,
          'a ratio lies between 0 and 1',
        );
        return rule;
      }
      return { ...rule, probability: Math.round((ratio.numerator * 100) / ratio.denominator) };
    });
  }

  private costs(time: NonNullable<Scenario['time']>): CostModel {
    const named = this.find(this.catalogue.costs, time.cost ?? 'default', 'cost model', ['time', 'cost']);
    const base = (named ?? this.catalogue.costs[0]).costs;
    const { operation = {}, computing, contextSwitch, wakeUp, slice } = time.overrides ?? {};
    const ns = (text: string | undefined, otherwise: number) =>
      text === undefined ? otherwise : (parseDuration(text) ?? otherwise);
    const changed = Object.entries(operation).map(([kind, text]) => [kind, ns(text, 0)] as const);
    return {
      operation: { ...base.operation, ...Object.fromEntries(changed) },
      computing: computing ?? base.computing ?? 1,
      contextSwitch: ns(contextSwitch, base.contextSwitch),
      wakeUp: ns(wakeUp, base.wakeUp),
      slice: ns(slice, base.slice),
      jitter: time.jitter === undefined ? base.jitter : (parsePercent(time.jitter) ?? base.jitter),
    };
  }

  /** The names in every set of assertions, and the set that this kernel is held to. */
  private assertions(expectations: Expectations, at: Path, kernel: ResolvedKernel): Assertions {
    const { cases = [], ...base } = expectations;
    const { tree, patches, config } = kernel;
    this.probes(base, at);
    let chosen: Assertions | null = null;
    cases.forEach(({ when, ...assertions }, index) => {
      const place: Path = [...at, 'cases', index];
      const path: Path = [...place, 'when'];
      this.probes(assertions, place);
      if (when.tree !== undefined) this.find(this.catalogue.trees, when.tree, 'tree', [...path, 'tree']);
      const wanted = when.patches?.map((name, position) =>
        this.find(this.catalogue.patches, name, 'patch', [...path, 'patches', position]),
      );
      const wishes = Object.entries(when.config ?? {});
      const fits =
        (when.tree === undefined || when.tree === tree.name) &&
        (wanted === undefined || sameSet(wanted, patches)) &&
        wishes.every(([name, value]) => this.optionIs(config, name, value, [...path, 'config', name]));
      if (fits) chosen ??= assertions;
    });
    return chosen ?? base;
  }

  /** As for runs, but that a search knows no time. */
  private searchAssertions(expectations: Expectations, kernel: ResolvedKernel): Assertions {
    const at: Path = ['search', 'expect'];
    const timeless = (asserted: Assertions, place: Path): void => {
      if (asserted.within === undefined) return;
      const message = 'a search knows no virtual time';
      this.at([...place, 'within'], 'contradiction', message, 'put it under `expect`, or remove it', 'key');
    };
    timeless(expectations, at);
    expectations.cases?.forEach((each, index) => {
      timeless(each, [...at, 'cases', index]);
    });
    return this.assertions(expectations, at, kernel);
  }

  private optionIs(config: Config, name: string, value: ConfigChange['value'], path: Path): boolean {
    const plain = name.replace(/^CONFIG_/, '');
    if (!(plain in config)) {
      const message = `unknown option "${name}"${didYouMean(plain, Object.keys(config))}`;
      this.at(path, 'unknown-name', message, '`scythe list config` shows the options', 'key');
      return false;
    }
    const actual = config[plain as keyof Config];
    return actual === (typeof value === 'number' ? value : value === 'y');
  }

  private probes({ final = [] }: Assertions, at: Path): void {
    final.forEach((text, index) => {
      const name = parseCondition(text)?.name ?? '';
      this.find(this.catalogue.probes, name, 'field', [...at, 'final', index]);
    });
  }

  private search(scenario: Scenario): void {
    const { strategy, depth, actors = [] } = scenario.search ?? {};
    const names = scenario.guest.tasks?.map((task) => task.name);
    actors.forEach((name, index) => {
      if (names === undefined || names.includes(name)) return;
      const message = `no task is named "${name}"${didYouMean(name, names)}`;
      this.at(['search', 'actors', index], 'unknown-name', message, `tasks: ${names.join(', ')}`);
    });
    if (depth !== undefined && strategy !== undefined && strategy !== 'pct') {
      const message = `the strategy "${strategy}" has no depth`;
      this.at(['search', 'depth'], 'contradiction', message, 'use strategy: pct, or remove depth', 'key');
    }
  }

  private find<Thing extends Named>(
    things: readonly Thing[],
    name: string,
    what: string,
    place: Path | string,
  ): Thing | null {
    const found = things.find((thing) => thing.name === name);
    if (found !== undefined) return found;
    const names = things.map((thing) => thing.name);
    const known = names.length > 12 ? `${names.slice(0, 12).join(', ')}, ...` : names.join(', ');
    this.report(
      place,
      'unknown-name',
      `unknown ${what} "${name}"${didYouMean(name, names)}`,
      `known: ${known}`,
    );
    return null;
  }

  private report(
    place: Path | string,
    code: IssueCode,
    message: string,
    fix: string,
    at: 'value' | 'key' = 'value',
  ) {
    if (typeof place !== 'string') this.at(place, code, message, fix, at);
    else this.issues.push({ file: place, line: 0, column: 0, path: [], code, message, fix });
  }

  private at(path: Path, code: IssueCode, message: string, fix: string, at: 'value' | 'key' = 'value'): void {
    this.issues.push(this.source.issue(path, code, message, fix, at));
  }
}

function sameSet(wanted: readonly (Patch | null)[], patches: readonly Patch[]): boolean {
  return (
    wanted.length === patches.length && wanted.every((patch) => patch !== null && patches.includes(patch))
  );
}
