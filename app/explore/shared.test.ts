import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Prng } from '../base/prng.ts';
import type { Body } from '../sim/call.ts';
import { Cell } from '../sim/cell.ts';
import { machineInForce } from '../sim/machine-in-force.ts';
import { Effect } from '../sim/operation.ts';
import { DporSearch } from './dpor.ts';
import { ExhaustiveSearch } from './exhaustive.ts';
import type { Program } from './program.ts';
import { indexer } from './programs/indexer.ts';
import { lastzero } from './programs/lastzero.ts';
import { type Checkpoint, explorePart, type Parcel, SharedSearch } from './shared.ts';
import { smallModel } from './small-model.ts';
import { runToEnd, type Search } from './strategy.ts';
import { randomProgram, randomTasks } from './testing/random-program.ts';

const copy = <Value>(value: Value): Value => JSON.parse(JSON.stringify(value)) as Value;

/** All that there is to say, but for the probes: helpers cannot look up each other's answers. */
const summary = ({ coverage, statistics, outcomes }: Search): unknown => {
  return { coverage, statistics: { ...statistics, probes: 0 }, outcomes };
};

/**
 * A shared search whose helpers are fast and slow at random: parcels come back in any order, finished or not,
 * with everything sent as text. Now and then it is laid down, with parcels still away, and taken up again.
 */
function withHelpers(program: Program, seed: number, most = Infinity): SharedSearch {
  const prng = new Prng(seed);
  let search = new SharedSearch(program);
  search.most = most;
  let away: Parcel[] = [];
  const work = (at: number): void => {
    const [{ number, part }] = away.splice(at, 1);
    let executions = prng.below(6);
    const result = explorePart(program, copy(part), {}, () => executions-- <= 0);
    search.takeBack(number, copy(result));
  };
  while (!search.finished && search.statistics.executions < most) {
    search.advance(1 + prng.below(3));
    for (let left = prng.below(4); left > 0; left--) {
      const parcel = search.giveAway();
      if (parcel !== null) away.push(copy(parcel));
    }
    const due = away.findIndex(({ number }) => number === search.waitsFor);
    if (due >= 0) work(due);
    else if (away.length > 0 && prng.chance(1, 2)) work(prng.below(away.length));
    if (prng.chance(1, 20)) {
      search = new SharedSearch(program, { from: copy<Checkpoint>(search.checkpoint()) });
      search.most = most;
      away = [];
    }
  }
  return search;
}

test('whoever helps, a search is what it is alone, execution for execution', { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(randomTasks, fc.nat(1_000_000), (tasks, seed) => {
      const program = randomProgram(tasks);
      const alone = runToEnd(new DporSearch(program), 1_000);
      fc.pre(alone.finished);
      expect(summary(withHelpers(program, seed))).toEqual(summary(alone));
    }),
    { numRuns: 1_000, seed: 1 },
  );
});

test.each([
  ['lastzero(8)', lastzero(8)],
  ['indexer(13)', indexer(13)],
])('%s is the same search with helpers', (_name, program) => {
  const alone = runToEnd(new DporSearch(program));
  for (let seed = 1; seed <= 5; seed++) {
    expect(summary(withHelpers(program, seed))).toEqual(summary(alone));
  }
});

test('help does not change the estimate of what is left', () => {
  const alone = runToEnd(new DporSearch(lastzero(8)), 300);
  const together = withHelpers(lastzero(8), 1, 300);
  expect(together.coverage).toMatchObject({ kind: 'unfinished' });
  expect(summary(together)).toEqual(summary(alone));
});

// A read that ends its task where it comes first, and does not where it was foreseen: `look` tells the difference.
test('a step that was only foreseen sleeps with all that it will touch', () => {
  class Shared {
    readonly x = new Cell(0, 'x');
    readonly seen: string[] = [];
  }
  function* write({ x }: Shared): Body<void> {
    yield* x.write(1);
  }
  function* once({ x, seen }: Shared): Body<void> {
    const first = yield* x.read();
    seen.push(`once ${first}`);
    if (first === 1) yield* x.read();
  }
  function* twice({ x, seen }: Shared): Body<void> {
    seen.push(`twice ${yield* x.read()}`);
  }
  function* look({ seen }: Shared): Body<void> {
    const task = machineInForce().tasks[1];
    seen.push(`look ${yield* new Effect('read', task, 'read', () => task.state)}`);
  }
  const program = smallModel({
    setUp: () => new Shared(),
    tasks: { write, once, twice, look },
    judge: ({ seen }) => [[...seen].sort().join(', ')],
  });
  const all = runToEnd(new ExhaustiveSearch(program)).outcomes.map(({ title }) => title);
  const alone = runToEnd(new DporSearch(program));
  expect(alone.outcomes.map(({ title }) => title).sort()).toEqual([...all].sort());
  for (let seed = 1; seed <= 200; seed++) {
    expect(summary(withHelpers(program, seed))).toEqual(summary(alone));
  }
});

test('what helpers found beyond the budget is not taken in', () => {
  const program = lastzero(8);
  const search = new SharedSearch(program);
  search.most = 100;
  search.advance(1);
  const { number, part } = search.giveAway() as Parcel;
  search.takeBack(
    number,
    explorePart(program, part, {}, () => false),
  );
  while (search.statistics.executions < 100) search.advance(1_000);
  expect(search.statistics.executions).toBe(100);
});
