import { expect, test } from 'vitest';
import { Cell } from '../../sim/cell.ts';
import { Call, FunctionSymbol, type Body } from '../../sim/call.ts';
import { delay } from '../../sim/delay.ts';
import { ns } from '../../base/brand.ts';
import { Lock } from '../../sim/lock.ts';
import { Machine } from '../../sim/machine.ts';
import type { OperationKind } from '../../sim/operation.ts';
import { TimedScheduler } from '../../sim/timed.ts';
import { TraceRecorder } from './recorder.ts';
import type { TraceData } from './trace-data.ts';
import { bareView, type TraceView } from './view.ts';

const KINDS: OperationKind[] = [
  'read',
  'write',
  'rmw',
  'acquire',
  'release',
  'wait',
  'alloc',
  'free',
  'choose',
  'delay',
  'spawn',
  'exit',
];
/** Every operation takes 10 ns, and nothing else takes time. */
const costs = {
  operation: Object.fromEntries(KINDS.map((kind) => [kind, kind === 'delay' ? 0 : 10])) as Record<
    OperationKind,
    number
  >,
  ...{ contextSwitch: 0, wakeUp: 0, slice: 1000, jitter: 0 },
};

const view: TraceView = {
  ...bareView,
  holdersOf: (object) =>
    object instanceof Lock ? object.holders().map((task) => ({ task, shared: false })) : null,
};

/** Runs tasks in time on so many CPUs and gives what was recorded. */
function recorded(cpus: number, setUp: () => Record<string, () => Body<unknown>>): TraceData {
  const machine = new Machine();
  const scheduler = new TimedScheduler(cpus, costs, 1);
  machine.clock = scheduler;
  const recorder = new TraceRecorder(cpus, view);
  machine.observer = recorder;
  machine.inside(() => {
    for (const [label, body] of Object.entries(setUp())) machine.spawn({ label, body });
  });
  machine.run(scheduler);
  return recorder.finish('test', []);
}

/** `task state: running 0-10` */
function slicesOf({ tracks, slices, strings }: TraceData, kind: string): string[] {
  const byId = new Map(tracks.map((track) => [track.id, track]));
  return Array.from(slices.track, (id, i) => ({ track: byId.get(id), i }))
    .filter(({ track }) => track?.kind === kind)
    .map(({ track, i }) => {
      const above = byId.get(track?.parent ?? -1)?.name ?? '';
      const who = kind.startsWith('task') ? above : (track?.name ?? '');
      return `${who}: ${strings[slices.name[i]]} ${slices.startNs[i]}-${slices.endNs[i]}`;
    });
}

function* takes(lock: Lock, cell: Cell<number>): Body<void> {
  yield* lock.acquire();
  yield* cell.write(1);
  yield* lock.release();
}

// CPU0 a                     CPU1 b
//   acquire       0-10         acquire: waits from 0
//   write        10-20
//   release      20-30         acquire      30-40, write, release
test('a task that waits for a lock is blocked until it gets it, and an arrow says by whom', () => {
  const trace = recorded(2, () => {
    const lock = new Lock('lock');
    const cell = new Cell(0, 'x');
    return { a: () => takes(lock, cell), b: () => takes(lock, cell) };
  });
  expect(slicesOf(trace, 'task-state')).toEqual([
    'b: runnable 0-10',
    'a: running 0-30',
    'b: blocked 10-30',
    'b: running 30-60',
  ]);
  expect(slicesOf(trace, 'cpu')).toEqual(['CPU0: a 0-30', 'CPU1: b 30-60']);
  expect(slicesOf(trace, 'lock')).toEqual(['lock: a 10-30', 'lock: b 10-40', 'lock: b 40-60']);
  const { fromNs, toNs, fromStep, toStep } = trace.flows;
  expect([fromNs[0], toNs[0], fromStep[0], toStep[0]]).toEqual([30, 30, 3, 4]);
  expect([...trace.steps.task]).toEqual([-1, 0, 0, 0, 1, 1, 1]);
  expect([...trace.steps.timeNs]).toEqual([0, 10, 20, 30, 40, 50, 60]);
});

test('a sleep that ends by itself is shown as one', () => {
  const trace = recorded(1, () => ({
    sleeper: function* () {
      const cell = new Cell(0, 'x');
      yield* cell.write(1);
      yield* delay(ns(100));
      yield* cell.write(2);
    },
  }));
  expect(slicesOf(trace, 'task-state')).toEqual([
    'sleeper: running 0-10',
    'sleeper: sleeping 10-110',
    'sleeper: running 110-120',
  ]);
});

test('functions are slices inside each other', () => {
  const cells: Cell<number>[] = [];
  const inner = new FunctionSymbol('inner', function* () {
    yield* cells[0].write(1);
  });
  const outer = new FunctionSymbol('outer', function* () {
    yield* cells[0].read();
    yield* new Call<void>(inner, []);
    yield* cells[0].read();
  });
  const trace = recorded(1, () => {
    cells[0] = new Cell(0, 'x');
    return { task: () => new Call<void>(outer, []) as unknown as Body<unknown> };
  });
  expect(slicesOf(trace, 'task-calls')).toEqual(['task: outer 0-30', 'task: inner 10-20']);
  expect([...trace.slices.step].slice(0, 2)).toEqual([0, 1]);
});
