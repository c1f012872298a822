import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Body } from '../../sim/call.ts';
import { Cell } from '../../sim/cell.ts';
import { keepOnly } from '../../sim/keep-only.ts';
import { Lock } from '../../sim/lock.ts';
import { DporSearch } from '../dpor.ts';
import { ExhaustiveSearch } from '../exhaustive.ts';
import { classic } from '../programs/classics.ts';
import { smallModel } from '../small-model.ts';
import { runToEnd, type Search } from '../strategy.ts';
import { randomProgram, randomTasks } from '../testing/random-program.ts';
import { StateSearch } from './state-search.ts';

const titles = (search: Search): string[] => search.outcomes.map(({ title }) => title).sort();

test('finds the final states and outcomes that exhaustive search finds', { timeout: 60_000 }, () => {
  const property = fc.property(randomTasks, (tasks) => {
    const program = randomProgram(tasks);
    const all = runToEnd(new ExhaustiveSearch(program), MOST);
    fc.pre(all.finished);
    const states = runToEnd(new StateSearch(program));
    expect(states.coverage).toEqual({ kind: 'complete' });
    expect(titles(states)).toEqual(titles(all));
  });
  fc.assert(property, { numRuns: 400, seed: 20261121 });
});

const MOST = 3_000;

test('ends with the programs of the literature', () => {
  for (const name of ['readers:6', 'lastzero:5', 'indexer:12', 'filesystem:14']) {
    const program = classic(name);
    expect(program).not.toBeNull();
    if (program === null) continue;
    const states = runToEnd(new StateSearch(program));
    expect([name, states.coverage]).toEqual([name, { kind: 'complete' }]);
    expect(titles(states)).toEqual(titles(runToEnd(new DporSearch(program))));
  }
});

/** Some tasks that each count under a lock, which of them comes first they forget or not. */
const counters = (count: number, forgets: boolean) => {
  function* counter({ lock, x }: { lock: Lock; x: Cell<number> }): Body<void> {
    for (let round = 0; round < 2; round++) {
      yield* lock.acquire();
      yield* x.write((yield* x.read()) + 1);
      yield* lock.release();
      if (forgets) keepOnly(round);
    }
  }
  return smallModel({
    setUp: () => ({ lock: new Lock('lock'), x: new Cell(0, 'x') }),
    tasks: Object.fromEntries(Array.from({ length: count }, (_, i) => [`counter ${i}`, counter])),
    judge: ({ x }) => [`x is ${x.value}`],
  });
};

test('who came first is of no matter where tasks keep nothing of it', () => {
  const keeping = runToEnd(new StateSearch(counters(3, false)));
  const forgetting = runToEnd(new StateSearch(counters(3, true)));
  expect(titles(forgetting)).toEqual(['x is 6']);
  expect(titles(keeping)).toEqual(['x is 6']);
  // A state for each number of rounds that each of three tasks has done, and for who has the lock.
  expect(forgetting.statistics.states).toBeLessThan(30);
  expect(keeping.statistics.states).toBeGreaterThan(60);
  expect(forgetting.statistics.executions).toBeLessThan(keeping.statistics.executions);
});

test('what a lock keeps apart is not searched, and what it does not is', () => {
  const model = (locked: boolean) =>
    smallModel({
      setUp: () => ({ lock: new Lock('lock'), x: new Cell(0, 'x') }),
      tasks: Object.fromEntries(
        ['a', 'b'].map((name) => [
          name,
          function* ({ lock, x }: { lock: Lock; x: Cell<number> }): Body<void> {
            if (locked) yield* lock.acquire();
            yield* x.write((yield* x.read()) + 1);
            if (locked) yield* lock.release();
          },
        ]),
      ),
      judge: ({ x }) => (x.value === 2 ? [] : [`lost update: x is ${x.value}`]),
    });
  const apart = runToEnd(new StateSearch(model(true)));
  expect([titles(apart), apart.coverage.kind]).toEqual([[], 'complete']);
  expect(apart.statistics.states).toBeLessThan(6);
  expect(titles(runToEnd(new StateSearch(model(false))))).toEqual(['lost update: x is 1']);
});

test('begins anew where it turns out that a variable is shared after all', () => {
  // Only one order in very many lets b touch y at all, so that no random walk shows it.
  const rounds = 12;
  const program = smallModel({
    setUp: () => ({ x: new Cell(0, 'x'), y: new Cell(0, 'y') }),
    tasks: {
      a: function* ({ x, y }): Body<void> {
        for (let i = 1; i <= rounds; i++) yield* x.write(i);
        yield* y.write((yield* y.read()) + 1);
      },
      b: function* ({ x, y }): Body<void> {
        let inStep = true;
        for (let i = 1; i <= rounds && inStep; i++) inStep = (yield* x.read()) === i;
        if (inStep) yield* y.write((yield* y.read()) + 1);
      },
    },
    judge: ({ y }) => [`y is ${y.value}`],
  });
  const states = runToEnd(new StateSearch(program));
  expect(titles(states)).toEqual(titles(runToEnd(new DporSearch(program))));
});
