import { describe, expect, test } from 'vitest';
import { delay, delayUntil } from '../../../sim/delay.ts';
import { ms, ns, us } from '../../../base/brand.ts';
import { machineInForce } from '../../../sim/machine-in-force.ts';
import { RandomChooser } from '../../../sim/random.ts';
import { kernelGlobal } from '../../globals.ts';
import { current } from '../../include/sched.ts';
import { kfunc } from '../../kfunc.ts';
import { reserve } from '../../struct.ts';
import { runTasks, type TestTasks } from '../../testing/boot.ts';
import { bootTimed, bootWithThreads } from '../../testing/threads.ts';
import {
  add_timer,
  jiffies,
  mod_timer,
  msecs_to_jiffies,
  Timer,
  timer_delete,
  timer_delete_sync,
  timer_reduce,
  timer_setup,
  wheelExpiry,
} from './timer.ts';

/** When it fired, in microseconds, and as whom. */
const fired = kernelGlobal('timer_test_fired', () => [] as { at: number; comm: string }[]);

const test_timer_fn = kfunc('test_timer_fn', function* (_timer: Timer) {
  fired().push({ at: Math.floor(machineInForce().now / 1000), comm: current().comm });
});

const timer = kernelGlobal('timer_test_timer', () => {
  const made = new Timer(reserve('global', 'test_timer', 40));
  timer_setup(made, test_timer_fn);
  return made;
});

function inTime(tasks: TestTasks, PREEMPT_RT = false): { at: number; comm: string }[] {
  const { kernel, scheduler } = bootTimed({ config: { HZ: 1000, PREEMPT_RT } });
  runTasks(kernel, tasks, scheduler);
  return kernel.machine.inside(() => fired());
}

test('the wheel never fires early and rounds far timers up to its granularity', () => {
  expect(wheelExpiry(101, 100)).toBe(102);
  expect(wheelExpiry(162, 100)).toBe(163);
  expect(wheelExpiry(163, 100)).toBe(168);
  expect(wheelExpiry(2500, 0)).toBe(2560);
  expect(wheelExpiry(90, 100)).toBe(100);
});

describe('a timer', () => {
  test.each([
    [false, /^swapper\/\d$/],
    [true, /^ksoftirqd\/\d$/],
  ])('fires once, at a tick, in a soft interrupt (PREEMPT_RT: %s)', (rt, comm) => {
    const seen = inTime(
      {
        *task() {
          yield* delayUntil(us(10_500));
          yield* add_timer(timer(), jiffies() + 3);
        },
      },
      rt,
    );
    expect(seen).toHaveLength(1);
    expect(seen[0].at).toBeGreaterThanOrEqual(14_000);
    expect(seen[0].at).toBeLessThan(14_010);
    expect(seen[0].comm).toMatch(comm);
  });

  test('that is moved fires at its new time, earlier or later', () => {
    for (const [first, second, at] of [
      [3, 9, 20],
      [9, 3, 14],
    ]) {
      const seen = inTime({
        *task() {
          yield* delayUntil(us(10_500));
          yield* mod_timer(timer(), jiffies() + first);
          yield* delay(us(100));
          yield* mod_timer(timer(), jiffies() + second);
        },
      });
      expect(seen.map((one) => Math.floor(one.at / 1000))).toEqual([at]);
    }
  });

  test('is never put off by timer_reduce()', () => {
    const seen = inTime({
      *task() {
        yield* delayUntil(us(10_500));
        yield* timer_reduce(timer(), jiffies() + 3);
        yield* timer_reduce(timer(), jiffies() + 9);
      },
    });
    expect(seen.map((one) => Math.floor(one.at / 1000))).toEqual([14]);
  });

  test('that is deleted does not fire and can be armed again', () => {
    const seen = inTime({
      *task() {
        yield* mod_timer(timer(), jiffies() + 3);
        yield* delay(ms(1));
        expect(yield* timer_delete(timer())).toBe(true);
        yield* delay(ms(20));
        expect(yield* timer_delete(timer())).toBe(false);
        yield* mod_timer(timer(), jiffies() + 3);
      },
    });
    expect(seen).toHaveLength(1);
    expect(seen[0].at).toBeGreaterThan(21_000);
  });

  test.each(Array.from({ length: 20 }, (_, seed) => seed))(
    'is not running when timer_delete_sync() returns, and either fired or was pending (seed %i)',
    (seed) => {
      const kernel = bootWithThreads();
      let running = false;
      let calls = 0;
      let pending = false;
      const slow = kfunc(`test_slow_timer_${seed}`, function* (_timer: Timer) {
        running = true;
        calls++;
        for (let i = 0; i < 3; i++) yield* timer().running.read();
        running = false;
      });
      runTasks(
        kernel,
        {
          *task() {
            timer_setup(timer(), slow);
            yield* add_timer(timer(), jiffies() + 1);
            for (let i = 0; i < seed % 5; i++) yield* timer().running.read();
            pending = yield* timer_delete_sync(timer());
            expect(running).toBe(false);
          },
        },
        new RandomChooser(seed),
      );
      expect(calls).toBe(pending ? 0 : 1);
      expect(kernel.machine.enabled).toEqual([]);
    },
  );
});

test('milliseconds become jiffies without ending early', () => {
  const { kernel } = bootTimed({ config: { HZ: 250 } });
  expect(kernel.machine.inside(() => [0, 1, 4, 5, 2000].map(msecs_to_jiffies))).toEqual([0, 1, 1, 2, 500]);
  kernel.machine.now = ns(8_000_000);
  expect(kernel.machine.inside(() => jiffies())).toBe(2);
});
