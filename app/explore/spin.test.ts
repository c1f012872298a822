import { expect, test } from 'vitest';
import type { Body } from '../sim/call.ts';
import { Cell } from '../sim/cell.ts';
import { changed } from '../sim/retry.ts';
import { DporSearch } from './dpor.ts';
import { smallModel } from './small-model.ts';
import { runToEnd } from './strategy.ts';

interface Flags {
  readonly ready: Cell<boolean>;
  readonly stop: Cell<boolean>;
}

const setUp = (): Flags => ({ ready: new Cell(false, 'ready'), stop: new Cell(false, 'stop') });

function* raise({ ready }: Flags): Body<void> {
  yield* ready.write(true);
}

function* end({ stop }: Flags): Body<void> {
  yield* stop.write(true);
}

function* spinner({ ready }: Flags): Body<void> {
  for (;;) {
    const seen = yield* ready.read();
    if (seen) return;
    yield* changed(ready, seen);
  }
}

function* spinnerOnTwo({ ready, stop }: Flags): Body<string> {
  for (;;) {
    const isReady = yield* ready.read();
    if (isReady) return 'ready';
    const isStopped = yield* stop.read();
    if (isStopped) return 'stopped';
    yield* changed(ready, isReady, stop, isStopped);
  }
}

function* endless({ ready }: Flags): Body<void> {
  while (!(yield* ready.read()));
}

// The first look comes before the write or after it.
test('a loop that waits for a change has one execution for each change that it can notice', () => {
  const search = runToEnd(new DporSearch(smallModel({ setUp, tasks: { spinner, raise } })));
  expect(search.coverage).toEqual({ kind: 'complete' });
  expect(search.statistics).toMatchObject({ executions: 2, blocked: 0 });
});

test('a loop over two cells ends, however the writes come', () => {
  const program = smallModel({
    setUp,
    tasks: { spinner: spinnerOnTwo, raise, end },
    judge: (_, machine) => [String(machine.tasks[0].result)],
  });
  const search = runToEnd(new DporSearch(program));
  expect(search.coverage).toEqual({ kind: 'complete' });
  expect(search.statistics.blocked).toBe(0);
  expect(search.outcomes.map(({ title }) => title).sort()).toEqual(['ready', 'stopped']);
});

test('a loop that nobody ends is a lost wake-up', () => {
  const search = runToEnd(new DporSearch(smallModel({ setUp, tasks: { spinner } })));
  expect(search.outcomes.map(({ title }) => title)).toEqual(['lost wake-up']);
});

test('a loop without it is cut off, and the search says so', () => {
  const search = runToEnd(
    new DporSearch(smallModel({ setUp, tasks: { endless, raise } }), { operationsPerExecution: 20 }),
    50,
  );
  expect(search.statistics.cut).toBeGreaterThan(0);
  expect(search.coverage).toEqual({ kind: 'complete within bound', bound: '20 operations per execution' });
});
