import { expect, test } from 'vitest';
import { PctSearch } from './pct.ts';
import { RandomSearch } from './random.ts';
import { runToEnd, type Search } from './strategy.ts';
import { lostUpdate } from './testing/lost-update.ts';

const foundBy = (search: Search): unknown => {
  const { outcomes, statistics } = runToEnd(search, 200);
  return { outcomes, statistics };
};

test('one seed gives one search', () => {
  const program = lostUpdate(3);
  expect(foundBy(new RandomSearch(program, 7))).toEqual(foundBy(new RandomSearch(program, 7)));
  expect(foundBy(new PctSearch(program, 2, 7))).toEqual(foundBy(new PctSearch(program, 2, 7)));
});

test('random walks never claim to be complete', () => {
  const search = runToEnd(new RandomSearch(lostUpdate(2), 1), 1_000);
  expect(search.coverage).toEqual({ kind: 'unfinished', remaining: null });
  expect(search.outcomes.map(({ title }) => title)).toEqual(['1 lost']);
});

// 2 tasks, 4 operations, depth 2: at least one execution in 1/(2*4) = 8 shows the bug.
test('priorities keep their guarantee', () => {
  const search = runToEnd(new PctSearch(lostUpdate(2), 2, 1), 4_000);
  expect(search.guarantee).toBe('1/(2*4^1)');
  expect(search.outcomes[0]?.count).toBeGreaterThan(4_000 / 8);
});
