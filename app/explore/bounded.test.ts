import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type BoundKind, BoundedSearch } from './bounded.ts';
import { ExhaustiveSearch } from './exhaustive.ts';
import { runToEnd } from './strategy.ts';
import { countSwitches } from './switches.ts';
import { lostUpdate } from './testing/lost-update.ts';
import { randomProgram, randomTasks } from './testing/random-program.ts';

describe.each<BoundKind>(['preemptions', 'delays'])('a search by %s', (kind) => {
  test('without a last bound finds what plain enumeration finds', { timeout: 60_000 }, () => {
    fc.assert(
      fc.property(randomTasks, (tasks) => {
        const program = randomProgram(tasks);
        const all = runToEnd(new ExhaustiveSearch(program), 300);
        fc.pre(all.finished);
        const bounded = runToEnd(new BoundedSearch(program, kind));
        expect(bounded.coverage).toEqual({ kind: 'complete' });
        expect(new Set(bounded.outcomes.map(({ title }) => title))).toEqual(
          new Set(all.outcomes.map(({ title }) => title)),
        );
      }),
      { numRuns: 500, seed: 1 },
    );
  });
});

test('a bound leaves out nothing that needs no more preemptions', { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(randomTasks, fc.nat(2), (tasks, bound) => {
      const program = randomProgram(tasks);
      const needed = new Map<string, number>();
      const all = new ExhaustiveSearch({
        create: () => program.create(),
        judge: (machine) => {
          const titles = program.judge(machine);
          const { preemptions } = countSwitches(program, all.schedule());
          for (const title of titles) {
            needed.set(title, Math.min(needed.get(title) ?? Infinity, preemptions));
          }
          return titles;
        },
      });
      fc.pre(runToEnd(all, 300).finished);
      const bounded = runToEnd(new BoundedSearch(program, 'preemptions', { most: bound }));
      const within = [...needed].filter(([, preemptions]) => preemptions <= bound);
      expect(bounded.outcomes.map(({ title }) => title).sort()).toEqual(
        within.map(([title]) => title).sort(),
      );
    }),
    { numRuns: 300, seed: 1 },
  );
});

// Two increments one after the other lose nothing. One preemption between read and write loses one.
test('the first bound that shows a bug is the number of preemptions that it needs', () => {
  const none = runToEnd(new BoundedSearch(lostUpdate(2), 'preemptions', { most: 0 }));
  expect(none.outcomes).toEqual([]);
  expect(none.coverage).toEqual({ kind: 'complete within bound', bound: '0 preemptions' });

  const search = new BoundedSearch(lostUpdate(2), 'preemptions');
  while (search.outcomes.length === 0) search.advance(1);
  const [{ title, schedule }] = search.outcomes;
  expect({ title, bound: search.bound }).toEqual({ title: '1 lost', bound: 1 });
  expect(countSwitches(lostUpdate(2), schedule).preemptions).toBe(1);
});

// One task reads, the two others do all of their work, the first writes: two lost with one preemption. More
// preemptions lose no more, but only the search that left nothing out can say so.
test('a bound that leaves something out is named', () => {
  const titles = ['1 lost', '2 lost'];
  const bounded = runToEnd(new BoundedSearch(lostUpdate(3), 'preemptions', { most: 1 }));
  expect(bounded.coverage).toEqual({ kind: 'complete within bound', bound: '1 preemptions' });
  expect(bounded.outcomes.map(({ title }) => title).sort()).toEqual(titles);
  const complete = runToEnd(new BoundedSearch(lostUpdate(3), 'preemptions'));
  expect(complete.coverage).toEqual({ kind: 'complete' });
  expect(complete.outcomes.map(({ title }) => title).sort()).toEqual(titles);
});
