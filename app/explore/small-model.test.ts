import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Body } from '../sim/call.ts';
import { Cell } from '../sim/cell.ts';
import { Memory } from '../sim/memory.ts';
import { DporSearch } from './dpor.ts';
import { minimise } from './minimise.ts';
import { smallModel } from './small-model.ts';
import { runToEnd } from './strategy.ts';

class Thing {
  readonly memory = new Memory('slab', 'thing', 64, 0);
  readonly users = new Cell(2, 'users', this.memory);
}

function* put(thing: Thing): Body<void> {
  yield* thing.users.update((users) => users - 1);
  if ((yield* thing.users.read()) === 0) yield* thing.memory.free();
}

function* putAndTest(thing: Thing): Body<void> {
  const left = (yield* thing.users.update((users) => users - 1)) - 1;
  if (left === 0) yield* thing.memory.free();
}

// The decrements come in two orders. Whoever decrements first may look before the other decrements: all is
// well. Else both see zero and free: both look before either frees, or one looks after the other has freed,
// each with either of them first. 2 * (1 + 4) executions.
test('docs/small-models.md: two operations leave room for a use after free', () => {
  const program = smallModel({
    setUp: () => new Thing(),
    tasks: { CPU0: put, CPU1: put },
  });
  const search = runToEnd(new DporSearch(program));
  expect(search.coverage).toEqual({ kind: 'complete' });
  expect(search.statistics.executions).toBe(10);
  expect(search.outcomes).toMatchObject([
    { title: 'use after free of thing by CPU0', count: 4 },
    { title: 'use after free of thing by CPU1', count: 4 },
  ]);
  for (const { title, schedule } of search.outcomes) {
    expect(minimise(program, title, schedule)).toMatchObject({ switches: 2 });
  }
});

test('docs/small-models.md: one operation does not', () => {
  const program = smallModel({ setUp: () => new Thing(), tasks: { CPU0: putAndTest, CPU1: putAndTest } });
  const search = runToEnd(new DporSearch(program));
  expect(search.coverage).toEqual({ kind: 'complete' });
  expect(search.statistics.executions).toBe(2);
  expect(search.outcomes).toEqual([]);
});

test('the program in docs/small-models.md is the one tested here', () => {
  const lines = (path: string): string[] =>
    readFileSync(new URL(path, import.meta.url), 'utf8')
      .split('\n')
      .map((line) => line.trim());
  const page = lines('../../docs/small-models.md');
  const snippet = page.slice(page.indexOf('```ts') + 1, page.indexOf('```')).filter((line) => line !== '');
  const tested = new Set(lines('./small-model.test.ts'));
  expect(snippet.length).toBeGreaterThan(10);
  expect(snippet.filter((line) => !tested.has(line))).toEqual([]);
});
