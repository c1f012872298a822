import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Body } from '../sim/call.ts';
import { Cell } from '../sim/cell.ts';
import { machineInForce } from '../sim/machine-in-force.ts';
import type { Machine } from '../sim/machine.ts';
import { Effect } from '../sim/operation.ts';
import { execute } from './execution.ts';
import { minimise } from './minimise.ts';
import type { Program } from './program.ts';
import { RandomSearch } from './random.ts';
import { smallModel } from './small-model.ts';
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

/** One task sees a flag that another sets, says so and goes on; a third has nothing to do with it, or panics. */
function signal(options: { panics: boolean }): Program {
  class Shared {
    readonly flag = new Cell(0, 'flag');
    readonly idle = new Cell(0, 'idle');
    readonly end = new Cell(0, 'end');
    readonly said: string[] = [];
  }
  function* setter({ flag }: Shared): Body<void> {
    for (let i = 1; i <= 5; i++) yield* flag.write(i);
  }
  function* watcher({ flag, said, idle }: Shared): Body<void> {
    if ((yield* flag.read()) === 3) said.push('three');
    for (let i = 0; i < 20; i++) yield* idle.read();
  }
  function* other({ idle, end }: Shared): Body<void> {
    for (let i = 0; i < 20; i++) yield* idle.read();
    if (options.panics) {
      yield* new Effect('exit', end, 'write', () => {
        machineInForce().stop();
      });
    }
  }
  return smallModel({
    setUp: () => new Shared(),
    tasks: { setter, watcher, other },
    judge: ({ said }) => said,
  });
}

const saidThree = (machine: Machine): boolean =>
  (machine.world as { shared: { said: string[] } }).shared.said.length > 0;

test('what comes after the title is cut off, and so is who has nothing to do with it', () => {
  const program = signal({ panics: false });
  const search = runToEnd(new RandomSearch(program, 1), 50);
  const [{ title, schedule }] = search.outcomes;
  const whole = minimise(program, title, schedule);
  expect(whole).toMatchObject({ operations: 46 });
  const minimal = minimise(program, title, schedule, { already: saidThree });
  // The setter writes three times, the watcher reads.
  expect(minimal).toMatchObject({ switches: 1, preemptions: 1, operations: 4, schedule: [0, 0, 0, 1] });
});

test('a title that came after a panic is brought before it, as a replay ends there', () => {
  const program = signal({ panics: true });
  // The panic comes first.
  const schedule = [...Array<number>(21).fill(2), 0, 0, 0, 1];
  const before = execute(program, new Replay(schedule), 1_000);
  expect(before.titles).toEqual(['three']);
  expect(execute(program, new Replay(schedule), 1_000, true).titles).toEqual([]);
  const minimal = minimise(program, 'three', schedule);
  expect(execute(program, new Replay(minimal?.schedule ?? []), 1_000, true).titles).toEqual(['three']);
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
