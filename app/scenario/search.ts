import { BoundedSearch } from '../explore/bounded.ts';
import { DporSearch } from '../explore/dpor.ts';
import { ExhaustiveSearch } from '../explore/exhaustive.ts';
import { execute } from '../explore/execution.ts';
import { minimise, ThenOn } from '../explore/minimise.ts';
import { PctSearch } from '../explore/pct.ts';
import type { Program } from '../explore/program.ts';
import { classic } from '../explore/programs/classics.ts';
import { RandomSearch } from '../explore/random.ts';
import type { Outcome } from '../explore/outcomes.ts';
import { StateSearch } from '../explore/states/state-search.ts';
import type { Search } from '../explore/strategy.ts';
import { countSwitches } from '../explore/switches.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { titlesOf } from '../kernel/report/titles.ts';
import type { Machine } from '../sim/machine.ts';
import { Replay, type Schedule } from '../sim/schedule.ts';
import { catalogue } from './catalogue.ts';
import { InputError } from './issues.ts';
import { loadScenario } from './load.ts';
import { formatReplay } from './replay.ts';
import { resolve, type Overrides, type Plan } from './resolve.ts';
import { runOnce } from './run.ts';
import type { STRATEGIES } from './schema.ts';
import { ScenarioProgram } from './search-program.ts';
import { parseDuration } from './units.ts';

export type StrategyName = (typeof STRATEGIES)[number];

/** What is searched, as plain data: it can go to a worker and into a file. */
export type Target =
  | { readonly kind: 'program'; readonly name: string }
  | {
      readonly kind: 'scenario';
      /** As the user named it. */
      readonly name: string;
      readonly text: string;
      readonly overrides: Overrides;
    };

/** How it is searched, as plain data. */
export interface Settings {
  readonly strategy: StrategyName;
  /** Most preemptions, for `bounded`; without it the bound is raised until it leaves nothing out. */
  readonly preemptions: number | null;
  /** Ordering constraints that `pct` aims at. */
  readonly depth: number;
  readonly seed: number;
  readonly operationsPerExecution: number;
}

/** A target that is ready to be searched. */
export interface Opened {
  readonly target: Target;
  readonly program: Program;
  /** Null for a program that is no scenario. */
  readonly plan: Plan | null;
}

/** Looks up what a target names. Throws an InputError. */
export function open(target: Target): Opened {
  if (target.kind === 'scenario') {
    const loaded = loadScenario(target.text, target.name);
    if (!loaded.ok) throw new InputError(loaded.issues);
    const plan = resolve(loaded.value, loaded.source, catalogue, target.overrides);
    return { target, plan, program: new ScenarioProgram(plan) };
  }
  const program = classic(target.name);
  if (program !== null) return { target, plan: null, program };
  const place = { file: '--program', line: 0, column: 0, path: [] };
  const message = `unknown program "${target.name}"`;
  const fix = 'write readers:N, lastzero:N, indexer:N or filesystem:N, with N tasks';
  throw new InputError([{ ...place, code: 'unknown-name', message, fix }]);
}

/** What a user asks for besides the scenario. */
export interface Wishes {
  readonly strategy?: StrategyName;
  readonly preemptions?: number;
  readonly depth?: number;
  readonly seed?: number;
}

/** The settings of a search: what the user asks for, else what the scenario says, else the defaults. */
export function settingsOf({ plan }: Opened, wishes: Wishes): Settings {
  const { strategy, preemptions, depth, maxSteps } = plan?.scenario.search ?? {};
  const most = wishes.preemptions ?? preemptions ?? null;
  // A bound is what `bounded` is about; naming one asks for it.
  const named = wishes.strategy ?? (wishes.preemptions === undefined ? strategy : 'bounded');
  return {
    strategy: named ?? (most === null ? 'dpor' : 'bounded'),
    preemptions: most,
    depth: wishes.depth ?? depth ?? 3,
    seed: wishes.seed ?? plan?.seed ?? 1,
    operationsPerExecution: maxSteps ?? OPERATIONS_PER_EXECUTION,
  };
}

/** Executions longer than this are cut off; set-up counts. */
const OPERATIONS_PER_EXECUTION = 20_000;

/** The budget that a scenario sets itself. */
export function budgetOf({ plan }: Opened): { executions: number | null; ms: number | null } {
  const { maxExecutions = null, budget } = plan?.scenario.search ?? {};
  const ns = budget === undefined ? null : parseDuration(budget);
  return { executions: maxExecutions, ms: ns === null ? null : ns / 1e6 };
}

export function searchOf(program: Program, settings: Settings): Search {
  const { preemptions, depth, seed, operationsPerExecution } = settings;
  const options = { operationsPerExecution };
  switch (settings.strategy) {
    case 'dpor':
      return new DporSearch(program, options);
    case 'states':
      return new StateSearch(program, options);
    case 'bounded':
      return new BoundedSearch(program, 'preemptions', {
        ...options,
        ...(preemptions === null ? {} : { most: preemptions }),
      });
    case 'pct':
      return new PctSearch(program, depth, seed, options);
    case 'random':
      return new RandomSearch(program, seed, options);
    case 'exhaustive':
      return new ExhaustiveSearch(program, options);
  }
}

/** Executions with one title, and the shortest schedule that was found for it. */
export interface Find {
  readonly title: string;
  readonly count: number;
  /** The first of them, from 1. */
  readonly first: number;
  readonly switches: number;
  readonly preemptions: number;
  /** Operations behind the start gate. */
  readonly operations: number;
  /** The choices behind the start gate. */
  readonly schedule: Schedule;
}

/** Makes an outcome's schedule small and runs it once more to be sure. */
export function findOf(
  { program, plan }: Opened,
  settings: Settings,
  outcome: Outcome,
  budget = EXECUTIONS_TO_MINIMISE,
): Find {
  const { title, count, first } = outcome;
  const { operationsPerExecution } = settings;
  const options = { budget, operationsPerExecution };
  const whole = () => minimise(program, title, outcome.schedule, options);
  const short = () => minimise(program, title, outcome.schedule, { ...options, already: reporter(title) });
  const cut = plan === null ? null : short();
  const minimal =
    plan !== null && cut !== null && endsWell(program, plan, cut.schedule, title) ? cut : whole();
  const schedule = minimal?.schedule ?? outcome.schedule;
  const { switches, preemptions, operations } = countSwitches(program, schedule);
  return { title, count, first, switches, preemptions, operations, schedule };
}

/** Says whether a kernel has printed the report with a title. */
function reporter(title: string): (machine: Machine) => boolean {
  const seen = new WeakMap<Machine, { lines: number; there: boolean }>();
  return (machine) => {
    const { lines } = (machine.world as Kernel).log;
    const before = seen.get(machine);
    if (before?.lines === lines.length) return before.there;
    const there = titlesOf(lines.map(({ text }) => text)).includes(title);
    seen.set(machine, { lines: lines.length, there });
    return there;
  };
}

/** Does a run that was cut off come to its title, and to none that it owes to the cut? */
function endsWell(program: Program, plan: Plan, schedule: Schedule, title: string): boolean {
  const { titles } = runOnce(plan, { seed: plan.seed, clock: 'steps', schedule });
  const whole = execute(program, new ThenOn(new Replay(schedule)), Number.MAX_SAFE_INTEGER).titles;
  return titles.includes(title) && titles.every((each) => whole.includes(each));
}

const EXECUTIONS_TO_MINIMISE = 1_000;

/** A replay file of a find, after a look whether the run still comes to it. Null for programs, which have none. */
export function replayOf({ target, plan }: Opened, find: Find): string | null {
  if (target.kind !== 'scenario' || plan === null) return null;
  const { name, text, overrides } = target;
  const run = runOnce(plan, { seed: plan.seed, clock: 'steps', schedule: find.schedule });
  return formatReplay({
    title: find.title,
    scenario: { name, text },
    overrides,
    seed: plan.seed,
    clock: 'steps',
    schedule: run.schedule,
    steps: run.steps,
    eventHash: run.eventHash,
  });
}
