import { describe, expect, test } from 'vitest';
import type { Body } from '../../sim/call.ts';
import { delay } from '../../sim/delay.ts';
import { ms } from '../../base/brand.ts';
import { endingOf } from '../../sim/ending.ts';
import { machineInForce } from '../../sim/machine-in-force.ts';
import { RandomChooser } from '../../sim/random.ts';
import { Cell } from '../../sim/cell.ts';
import { kernelGlobal } from '../globals.ts';
import { current } from '../include/sched.ts';
import { kfunc } from '../kfunc.ts';
import { reserve } from '../struct.ts';
import { StepClock } from '../../sim/step-clock.ts';
import type { Clock } from '../../sim/chooser.ts';
import { runTasks, type TestOptions } from '../testing/boot.ts';
import { bootTimed, bootWithThreads } from '../testing/threads.ts';
import {
  DECLARE_WORK,
  DelayedWork,
  flush_delayed_work,
  flush_work,
  INIT_DELAYED_WORK,
  queue_delayed_work,
  queue_work_on,
  schedule_work,
  system_wq,
  type Work,
} from './workqueue.ts';

interface Log {
  runs: number;
  at: number;
  inside: number;
  worst: number;
  workers: string[];
}

const log = kernelGlobal('workqueue_test_log', (): Log => ({
  runs: 0,
  at: 0,
  inside: 0,
  worst: 0,
  workers: [],
}));
/** Time that is none of a search's, but as little worth: any task may come next. */
const steps = new StepClock();
const clock: Clock = {
  account: (task, machine) => {
    steps.account(task, machine);
  },
};
const kinds: [string, TestOptions][] = [
  ['in a search', {}],
  ['in a pool', { clock }],
];

const gate = kernelGlobal('workqueue_test_gate', () => new Cell(false, 'gate'));

const test_work_fn = kfunc('test_work_fn', function* (_work: Work) {
  const seen = log();
  seen.inside++;
  seen.worst = Math.max(seen.worst, seen.inside);
  yield* gate().read();
  yield* gate().read();
  seen.inside--;
  seen.runs++;
  seen.at = machineInForce().now;
  seen.workers.push(current().comm);
});

const blocking_work_fn = kfunc('test_blocking_work_fn', function* (_work: Work) {
  yield* gate().await((open) => open);
});

const work = kernelGlobal('workqueue_test_work', () => DECLARE_WORK('test_work', test_work_fn));
const blockers = kernelGlobal('workqueue_test_blockers', () =>
  [0, 1, 2, 3].map((i) => DECLARE_WORK(`blocker${i}`, blocking_work_fn)),
);
const delayed = kernelGlobal('workqueue_test_delayed', () => {
  const made = new DelayedWork('test_delayed', reserve('global', 'test_delayed', 100));
  INIT_DELAYED_WORK(made, test_work_fn);
  return made;
});

const seeds = Array.from({ length: 20 }, (_, seed) => seed);

describe.each(kinds)('a work item %s', (_, options) => {
  test.each(seeds)('runs after it was queued, never twice at once, on whatever CPUs (seed %i)', (seed) => {
    const kernel = bootWithThreads(options);
    let queued = 0;
    const queuer = (cpu: number) =>
      function* (): Body<void> {
        for (let i = 0; i < 3; i++) if (yield* queue_work_on(cpu, system_wq(), work())) queued++;
      };
    runTasks(kernel, { a: queuer(0), b: queuer(1) }, new RandomChooser(seed));
    const seen = kernel.machine.inside(() => log());
    expect(seen.worst).toBe(1);
    expect(seen.runs).toBe(queued);
    expect(endingOf(kernel.machine).kind).toBe('complete');
  });

  test.each(seeds)('is through when flush_work() returns (seed %i)', (seed) => {
    const kernel = bootWithThreads(options);
    runTasks(
      kernel,
      {
        *task() {
          yield* schedule_work(work());
          yield* flush_work(work());
          expect(log().runs).toBe(1);
          expect(yield* flush_work(work())).toBe(false);
        },
      },
      new RandomChooser(seed),
    );
    expect(endingOf(kernel.machine).kind).toBe('complete');
  });

  test('does not wait for others that sleep: the pool gets another worker', () => {
    const kernel = bootWithThreads({ ...options, cpus: 1 });
    runTasks(kernel, {
      *task() {
        for (const blocker of blockers()) yield* schedule_work(blocker);
        yield* schedule_work(work());
        yield* flush_work(work());
        yield* gate().write(true);
      },
    });
    const seen = kernel.machine.inside(() => log());
    expect(seen.runs).toBe(1);
    expect(seen.workers[0]).toMatch(/^kworker\/0:\d$/);
    expect(endingOf(kernel.machine).kind).toBe('complete');
  });
});

describe('delayed work', () => {
  test('runs at the tick after its delay, or at once when it is flushed', () => {
    for (const [flush, least, most] of [
      [false, 6, 6.1],
      [true, 1, 1.1],
    ] as const) {
      const { kernel, scheduler } = bootTimed({ config: { HZ: 1000 } });
      runTasks(
        kernel,
        {
          *task() {
            yield* delay(ms(1));
            yield* queue_delayed_work(system_wq(), delayed(), 4);
            if (flush) yield* flush_delayed_work(delayed());
          },
        },
        scheduler,
      );
      const seen = kernel.machine.inside(() => log());
      expect(seen.runs).toBe(1);
      expect(seen.at / ms(1)).toBeGreaterThanOrEqual(least);
      expect(seen.at / ms(1)).toBeLessThan(most);
    }
  });
});
