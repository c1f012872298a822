import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { us, type Ns } from '../base/brand.ts';
import type { Body } from './call.ts';
import { Cell } from './cell.ts';
import { charge, delay, delayUntil } from './delay.ts';
import { EventHash } from './event-hash.ts';
import { Lock } from './lock.ts';
import type { Machine } from './machine.ts';
import { machineInForce, runningTask } from './machine-in-force.ts';
import { Recorder, Replay } from './schedule.ts';
import { machineWith } from './testing/programs.ts';
import { TimedScheduler, type CostModel } from './timed.ts';

const each = (cost: number): CostModel['operation'] => ({
  read: cost,
  write: cost,
  rmw: cost,
  acquire: cost,
  release: cost,
  wait: cost,
  alloc: cost,
  free: cost,
  choose: cost,
  delay: cost,
  spawn: cost,
  exit: cost,
});
const costs: CostModel = { operation: each(10), contextSwitch: 0, wakeUp: 0, slice: 1000, jitter: 0 };

function run(machine: Machine, cpus: number, model = costs, seed = 1): void {
  const scheduler = new TimedScheduler(cpus, model, seed);
  machine.clock = scheduler;
  machine.run(scheduler);
}

const now = (): Ns => machineInForce().now;

describe('the timed scheduler', () => {
  test('runs tasks of different CPUs side by side', () => {
    const work = function* (x: Cell<number>): Body<Ns> {
      for (let i = 0; i < 10; i++) yield* x.read();
      return now();
    };
    const two = machineWith(() => new Cell(0, 'x'), { a: work, b: work });
    run(two.machine, 2);
    expect(two.machine.tasks.map((task) => task.result)).toEqual([100, 100]);
    const one = machineWith(() => new Cell(0, 'x'), { a: work, b: work });
    run(one.machine, 1);
    expect(one.machine.tasks.map((task) => task.result)).toEqual([100, 200]);
  });

  test('wakes sleepers of one CPU in the order of their moments, whoever ran last', () => {
    const { machine } = machineWith(() => new Cell(0, 'x'), {
      *last() {
        yield* delay(us(1));
        yield* delay(us(1));
        return now();
      },
      *later() {
        yield* delay(us(50));
        return now();
      },
    });
    run(machine, 1);
    expect(machine.tasks.map((task) => Math.floor((task.result as number) / 1000))).toEqual([2, 50]);
  });

  test('wakes a sleeper when its delay is over and not before', () => {
    const { machine } = machineWith(() => new Cell(0, 'x'), {
      a: function* () {
        yield* delay(us(5));
        return now();
      },
    });
    run(machine, 1);
    expect(machine.tasks[0]?.result).toBe(5010);
  });

  test('charges computing with the next operation', () => {
    const { machine } = machineWith(() => new Cell(0, 'x'), {
      a: function* (x) {
        charge(500);
        yield* x.read();
        return now();
      },
    });
    run(machine, 1);
    expect(machine.tasks[0]?.result).toBe(510);
  });

  test('lets a task of higher priority take the CPU, but not within a shield', () => {
    for (const shield of [-1, 0]) {
      const order: string[] = [];
      const { machine } = machineWith(() => new Cell(0, 'x'), {
        low: function* (x) {
          runningTask().standing.shield = shield;
          for (let i = 0; i < 10; i++) yield* x.read();
          order.push('low');
        },
        high: function* (x) {
          runningTask().standing.priority = 1;
          yield* delayUntil(us(0.03));
          yield* x.read();
          order.push('high');
        },
      });
      run(machine, 1);
      expect(order).toEqual(shield < 0 ? ['high', 'low'] : ['low', 'high']);
    }
  });

  test('lets a soft interrupt through a shield against threads only', () => {
    for (const shield of [0, 1]) {
      const order: string[] = [];
      const { machine } = machineWith(() => new Cell(0, 'x'), {
        thread: function* (x) {
          runningTask().standing.shield = shield;
          for (let i = 0; i < 10; i++) yield* x.read();
          order.push('thread');
        },
        timer: function* (x) {
          runningTask().standing.level = 1;
          yield* delayUntil(us(0.03));
          yield* x.read();
          order.push('timer');
        },
      });
      run(machine, 1);
      expect(order).toEqual(shield === 0 ? ['timer', 'thread'] : ['thread', 'timer']);
    }
  });

  test('takes turns among equals when slices end', () => {
    const turns: string[] = [];
    const work = function* (x: Cell<number>): Body<void> {
      for (let i = 0; i < 4; i++) {
        yield* x.read();
        turns.push(runningTask().label);
      }
    };
    const { machine } = machineWith(() => new Cell(0, 'x'), { a: work, b: work });
    run(machine, 1, { ...costs, slice: 20 });
    expect(turns.join('')).toBe('aabbaabb');
  });

  test('keeps a CPU busy for a shielded task that waits for a lock', () => {
    const { machine } = machineWith(() => ({ l: new Lock('l'), x: new Cell(0, 'x') }), {
      holder: function* ({ l, x }) {
        runningTask().standing.pinnedTo = 0;
        yield* l.acquire();
        for (let i = 0; i < 10; i++) yield* x.read();
        yield* l.release();
      },
      spinner: function* ({ l, x }) {
        runningTask().standing.pinnedTo = 1;
        runningTask().standing.shield = 0;
        yield* x.read();
        yield* l.acquire();
        runningTask().standing.shield = -1;
        return now();
      },
      other: function* ({ x }) {
        runningTask().standing.pinnedTo = 1;
        yield* delayUntil(us(0.03));
        yield* x.read();
        return now();
      },
    });
    run(machine, 2);
    const [, spinner, other] = machine.tasks;
    expect(Number(spinner?.result)).toBeLessThan(Number(other?.result));
  });

  test('never lets time run back, and replays to the same times', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 3 }), (seed, cpus) => {
        const work = function* (shared: { l: Lock; x: Cell<number> }): Body<void> {
          for (let i = 0; i < 4; i++) {
            yield* shared.l.acquire();
            yield* shared.x.write((yield* shared.x.read()) + 1);
            yield* shared.l.release();
            yield* delay(us(1));
          }
        };
        const program = () =>
          machineWith(() => ({ l: new Lock('l'), x: new Cell(0, 'x') }), { a: work, b: work, c: work });
        const model = { ...costs, jitter: 128, wakeUp: 30, contextSwitch: 50 };

        const first = program();
        const hash = new EventHash(first.machine);
        let last = 0;
        let backwards = false;
        first.machine.observer = {
          ...{ entered: hash.entered.bind(hash), left: hash.left.bind(hash), ended: hash.ended.bind(hash) },
          operation: (task, operation, result) => {
            hash.operation(task, operation, result);
            backwards ||= first.machine.now < last;
            last = first.machine.now;
          },
        };
        const scheduler = new TimedScheduler(cpus, model, seed);
        const recorder = new Recorder(scheduler);
        first.machine.clock = scheduler;
        first.machine.run(recorder);

        const second = program();
        const again = new EventHash(second.machine);
        second.machine.observer = again;
        const follower = new TimedScheduler(cpus, model, seed);
        second.machine.clock = follower;
        second.machine.run(new Replay(recorder.schedule, follower));
        return !backwards && first.shared.x.value === 12 && hash.digest() === again.digest();
      }),
      { numRuns: 50 },
    );
  });
});
