import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { execute } from './execution.ts';
import { minimise } from './minimise.ts';
import { RandomSearch } from './random.ts';
import { Replay } from '../sim/schedule.ts';
import { runToEnd } from './strategy.ts';
import { countSwitches } from './switches.ts';
import { lostUpdate } from './testing/lost-update.ts';
import { randomProgram, randomTasks } from './testing/random-program.ts';

// One task reads, the other does all of its work, the first goes on: two switches, one of them a preemption.
test('a lost update needs one preemption, however wild the schedule that showed it', () => {
  const program = lostUpdate(2, 6);
  const [{ title, schedule }] = runToEnd(new RandomSearch(program, 3), 1).outcomes;
  expect(countSwitches(program, schedule).switches).toBeGreaterThan(8);
  const minimal = minimise(program, title, schedule);
  expect(minimal).toMatchObject({ switches: 2, preemptions: 1, operations: 24 });
  expect(minimise(program, title, schedule)).toEqual(minimal);
});

test('a schedule without the title is refused', () => {
  expect(minimise(lostUpdate(2), '1 lost', [0, 0, 1, 1])).toBeNull();
});

test('what comes out still has the title and is never longer', { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(randomTasks, fc.nat(1000), (tasks, seed) => {
      const program = randomProgram(tasks);
      const [{ title, schedule }] = runToEnd(new RandomSearch(program, seed), 1).outcomes;
      const minimal = minimise(program, title, schedule, { budget: 100 });
      const before = countSwitches(program, schedule);
      expect(minimal?.switches).toBeLessThanOrEqual(before.switches);
      expect(execute(program, new Replay(minimal?.schedule ?? []), 1_000).titles).toEqual([title]);
    }),
    { numRuns: 300, seed: 1 },
  );
});
