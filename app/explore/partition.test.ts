import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { DporSearch } from './dpor.ts';
import { type Checkpoint, explorePart, PartitionedSearch } from './partition.ts';
import type { Program } from './program.ts';
import { lastzero } from './programs/lastzero.ts';
import { runToEnd, type Search } from './strategy.ts';
import { randomProgram, randomTasks } from './testing/random-program.ts';

const copy = <Value>(value: Value): Value => JSON.parse(JSON.stringify(value)) as Value;

const summary = (search: Search): unknown => ({
  coverage: search.coverage,
  executions: search.statistics.executions,
  blocked: search.statistics.blocked,
  outcomes: new Map(search.outcomes.map(({ title, count }) => [title, count])),
});

/** A partitioned search whose parts are explored last first, with everything sent as text. */
function scattered(
  program: Program,
  options: { assignments: number; executions: number },
): PartitionedSearch {
  let search = new PartitionedSearch(program, options);
  while (!search.finished) {
    const assignments = copy(search.assignments());
    const results = assignments.map((assignment) => [assignment]).reverse();
    const explored = results.map(([assignment]) => copy(explorePart(program, assignment, options)));
    search.merge(explored.reverse());
    search = new PartitionedSearch(program, options, copy<Checkpoint>(search.checkpoint()));
  }
  return search;
}

test('parts together are what one search finds, whatever their size', { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(randomTasks, fc.nat(3), fc.nat(4), (tasks, assignments, executions) => {
      const program = randomProgram(tasks);
      const whole = runToEnd(new DporSearch(program), 1_000);
      fc.pre(whole.finished);
      const options = { assignments: assignments + 1, executions: executions + 1 };
      expect(summary(scattered(program, options))).toEqual(summary(whole));
    }),
    { numRuns: 1_000, seed: 1 },
  );
});

test('who explores which part changes nothing, not even the order', () => {
  const program = lastzero(7);
  const options = { assignments: 4, executions: 10 };
  const alone = runToEnd(new PartitionedSearch(program, options));
  const together = scattered(program, options);
  expect(alone.statistics).toEqual(together.statistics);
  expect(alone.outcomes).toEqual(together.outcomes);
  expect(alone.statistics.executions).toBe(10 * 32);
});
