import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Machine } from '../sim/machine.ts';
import type { Schedule } from '../sim/schedule.ts';
import { DporSearch } from './dpor.ts';
import { ExhaustiveSearch } from './exhaustive.ts';
import type { Program } from './program.ts';
import { classic } from './programs/classics.ts';
import { filesystem } from './programs/filesystem.ts';
import { indexer } from './programs/indexer.ts';
import { lastzero } from './programs/lastzero.ts';
import { readers } from './programs/readers.ts';
import { runToEnd } from './strategy.ts';
import { type Instruction, randomProgram, randomTasks } from './testing/random-program.ts';
import { canonicalSchedule } from './trace-form.ts';

describe('the programs of the literature have their published numbers of executions:', () => {
  test.each([
    ['readers(2)', readers(2), 4],
    ['readers(8)', readers(8), 256],
    ['lastzero(5)', lastzero(5), 64],
    ['lastzero(10)', lastzero(10), 3328],
    ['indexer(12)', indexer(12), 8],
    ['filesystem(14)', filesystem(14), 2],
    ['filesystem(16)', filesystem(16), 8],
  ])('%s', (_name, program, executions) => {
    const search = runToEnd(new DporSearch(program));
    expect(search.coverage).toEqual({ kind: 'complete' });
    expect(search.statistics).toMatchObject({ executions, blocked: 0, cut: 0, probes: 0 });
    expect(search.outcomes).toEqual([]);
  });
});

// What is yet to be found is not in the estimate, so it can only be of the right order.
describe('a search that was stopped estimates what is left, give or take a factor of four:', () => {
  test.each([
    ['readers(10)', readers(10), 1_024],
    ['readers(13)', readers(13), 8_192],
    ['lastzero(10)', lastzero(10), 3_328],
    ['lastzero(12)', lastzero(12), 15_360],
    ['indexer(14)', indexer(14), 512],
    ['filesystem(20)', filesystem(20), 128],
  ])('%s', (_name, program, executions) => {
    const search = new DporSearch(program);
    for (const share of [0.1, 0.5]) {
      runToEnd(search, Math.round(executions * share));
      const { remaining = null } = search.coverage as { remaining?: number | null };
      const total = search.statistics.executions + (remaining ?? 0);
      expect(total / executions).toBeGreaterThan(1 / 4);
      expect(total / executions).toBeLessThan(4);
    }
  });
});

test('programs are found by name', () => {
  expect(classic('readers:3')).not.toBeNull();
  expect(['readers', 'readers:0', 'readers:1000', 'writers:3'].map(classic)).toEqual([
    null,
    null,
    null,
    null,
  ]);
});

/** Runs a search to its end, at most `most` executions, and counts the executions of each trace. */
function traces(
  program: Program,
  most: number,
  start: (noting: Program) => ExhaustiveSearch | DporSearch,
): { search: ExhaustiveSearch | DporSearch; counts: Map<string, number> } {
  const counts = new Map<string, number>();
  const note = (schedule: Schedule): void => {
    const form = canonicalSchedule(() => program.create(), schedule).join(' ');
    counts.set(form, (counts.get(form) ?? 0) + 1);
  };
  const search: ExhaustiveSearch | DporSearch = start({
    create: () => program.create(),
    judge: (machine: Machine) => {
      note(search.schedule());
      return program.judge(machine);
    },
  });
  return { search: runToEnd(search, most), counts };
}

const titlesOf = (search: ExhaustiveSearch | DporSearch): string[] =>
  search.outcomes.map(({ title }) => title).sort((a, b) => (a < b ? -1 : 1));

test('each trace of a random program is explored once, and nothing is missed', { timeout: 120_000 }, () => {
  fc.assert(
    fc.property(randomTasks, (tasks) => {
      const program = randomProgram(tasks);
      const all = traces(program, 1_000, (noting) => new ExhaustiveSearch(noting));
      fc.pre(all.search.finished);
      const reduced = traces(program, 2_000, (noting) => new DporSearch(noting));
      expect(reduced.search.coverage).toEqual({ kind: 'complete' });
      expect([...reduced.counts.keys()].sort()).toEqual([...all.counts.keys()].sort());
      expect([...reduced.counts.values()].every((count) => count === 1)).toBe(true);
      expect(reduced.search.statistics.blocked).toBe(0);
      expect(titlesOf(reduced.search)).toEqual(titlesOf(all.search));
    }),
    { numRuns: 5_000, seed: 20261121 },
  );
});

// The first two end with what they do, or do not come to it: what the third sees of them is up to who was first.
test.each<[string, Instruction['verb'][][]]>([
  ['a lock is the last operation', [['lock'], ['lock'], ['try lock'], ['look at task']]],
  ['one alternative is the last operation', [['choose', 'skip if odd', 'write'], ['look at task']]],
  ['a value decides whether there is another one', [['end if odd', 'read'], ['write'], ['look at task']]],
])('nothing is missed and nothing seen twice where %s', (_name, verbs) => {
  const program = randomProgram(verbs.map((task) => task.map((verb) => ({ verb, which: 0 }))));
  const all = traces(program, 1_000, (noting) => new ExhaustiveSearch(noting));
  const reduced = traces(program, 1_000, (noting) => new DporSearch(noting));
  expect(reduced.search.coverage).toEqual({ kind: 'complete' });
  expect([...reduced.counts.keys()].sort()).toEqual([...all.counts.keys()].sort());
  expect(reduced.search.statistics.executions).toBe(all.counts.size);
});
