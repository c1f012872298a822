// What a search leaves out, held against the whole: `npm run bench -- search-detail`. The same kernels are searched with
// short grace periods, completions and workers and with them in full, and come to the same outcomes: titles and logs of
// scenarios, all that tasks have learnt in small kernels. Searches that do not end are bounded by preemptions.
import { readFileSync } from 'node:fs';
import { BoundedSearch } from '../../app/explore/bounded.ts';
import { DporSearch } from '../../app/explore/dpor.ts';
import type { Program } from '../../app/explore/program.ts';
import type { Kernel } from '../../app/kernel/kernel.ts';
import type { SearchDetail } from '../../app/kernel/search-detail.ts';
import { normalise } from '../../app/kernel/testing/normalise.ts';
import { open } from '../../app/scenario/search.ts';
import { ScenarioProgram } from '../../app/scenario/search-program.ts';
import { smallKernel } from '../../app/scenario/testing/small-kernels.ts';
import { smallScenarios } from '../../app/scenario/testing/small-scenarios.ts';
import type { Machine } from '../../app/sim/machine.ts';

const ALL: SearchDetail = { srcu: true, completions: true, works: true };
const V2 = 'mmu-notifier-async-oom-v2';
/** Preemptions; null: all executions. */
const scenarios: readonly (readonly [name: string, patches: readonly string[], bound: number | null])[] = [
  ['kvm-oom/search-close', [], null],
  ['kvm-oom/search-heirs', [], null],
  ['kvm-oom/search-run', [], null],
  ['kvm-oom/search-dontneed', [], null],
  ['kvm-oom/search-run', [V2], null],
  ['kvm-oom/search-close', [V2], 1],
  ['kvm-oom/search-heirs', [V2], 1],
];
const MOST_EXECUTIONS = 6_000;

interface Searched {
  readonly executions: number;
  readonly outcomes: ReadonlySet<string>;
  readonly whole: boolean;
}

function searched(program: Program, bound: number | null, add: (machine: Machine) => string[]): Searched {
  const outcomes = new Set<string>();
  const noting: Program = {
    create: () => program.create(),
    judge: (machine) => {
      const titles = program.judge(machine);
      for (const outcome of [...titles, ...add(machine)]) outcomes.add(outcome);
      return titles;
    },
  };
  const options = { operationsPerExecution: 20_000 };
  const search =
    bound === null
      ? new DporSearch(noting, options)
      : new BoundedSearch(noting, 'preemptions', { ...options, most: bound });
  while (!search.finished && search.statistics.executions < MOST_EXECUTIONS) search.advance(1_000);
  return { executions: search.statistics.executions, outcomes, whole: search.finished };
}

/** A log without what depends on the number of operations: which worker it was, when. */
function logOf(machine: Machine): string {
  const lines = (machine.world as Kernel).log.lines.map(({ text }) => text);
  return normalise(lines)
    .map((line) =>
      line
        .replace(/kworker[/\w:.-]*/g, 'kworker')
        .replace(/\[\d+\] exited/g, '[N] exited')
        .replace(/in \d+ us/g, 'in N us')
        .replace(/\d{3,}/g, 'N'),
    )
    .join('\n');
}

function compare(
  name: string,
  bound: number | null,
  full: Partial<SearchDetail>,
  program: (detail: Partial<SearchDetail>) => Program,
  add: (machine: Machine) => string[],
): void {
  const [short, whole] = [{}, full].map((detail) => searched(program(detail), bound, add));
  const only = (some: Searched, others: Searched): string[] =>
    [...some.outcomes]
      .filter((outcome) => !others.outcomes.has(outcome))
      .map((outcome) => outcome.split('\n')[0]);
  const end = bound === null ? (whole.whole ? 'all executions' : 'unfinished') : `${bound} preemptions`;
  const different = [
    ...only(short, whole).map((it) => `- ${it}`),
    ...only(whole, short).map((it) => `+ ${it}`),
  ];
  const same = different.length === 0;
  const counts = `${String(short.executions).padStart(7)} ${String(whole.executions).padStart(7)}`;
  console.log(
    `${name.padEnd(60)} ${counts}  ${end.padEnd(14)}  ${short.outcomes.size} ${same ? 'same' : 'DIFFERENT'}`,
  );
  for (const line of different) console.log(`    ${line}`);
  if (!same && whole.whole) process.exitCode = 1;
}

console.log(`${''.padEnd(60)}   short    full  covered         outcomes`);
for (const { name, tasks, detail } of smallScenarios) {
  for (const bug of [false, true]) {
    const program = (each: Partial<SearchDetail>): Program => smallKernel(tasks(bug), each);
    compare(`${name}${bug ? ', with a bug' : ''}`, null, detail, program, () => []);
  }
}
for (const [name, patches, bound] of scenarios) {
  const text = readFileSync(`scenarios/${name}.yaml`, 'utf8');
  const { plan } = open({ kind: 'scenario', name, text, overrides: { patches } });
  if (plan === null) throw new Error(`${name} is no scenario`);
  const program = (searchDetail: Partial<SearchDetail>): Program => {
    const detailed = { ...plan, searchDetail };
    return new ScenarioProgram(detailed);
  };
  const title = patches.length === 0 ? name : `${name}, ${patches.join('+')}`;
  compare(title, bound, ALL, program, (machine) => [logOf(machine)]);
}
