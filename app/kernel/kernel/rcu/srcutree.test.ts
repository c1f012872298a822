import { describe, expect, test } from 'vitest';
import type { Ns } from '../../../base/brand.ts';
import type { Body } from '../../../sim/call.ts';
import { Cell } from '../../../sim/cell.ts';
import { delay, delayUntil } from '../../../sim/delay.ts';
import { describeWait, endingOf } from '../../../sim/ending.ts';
import { machineInForce } from '../../../sim/machine-in-force.ts';
import { RandomChooser } from '../../../sim/random.ts';
import { kernelGlobal } from '../../globals.ts';
import { kfunc } from '../../kfunc.ts';
import { reserve } from '../../struct.ts';
import { inTurn, runTasks } from '../../testing/boot.ts';
import { bootTimed, bootWithThreads } from '../../testing/threads.ts';
import { tickTime } from '../time/jiffies.ts';
import {
  call_srcu,
  RcuHead,
  srcu_barrier,
  srcu_read_lock,
  srcu_read_unlock,
  SrcuStruct,
  synchronize_srcu,
} from './srcutree.ts';

const ss = kernelGlobal('test_srcu', () => new SrcuStruct('test_srcu'));
const entered = kernelGlobal('test_srcu_entered', () => new Cell(false, 'entered'));
/** What happened, in order. */
const notes = kernelGlobal('test_srcu_notes', () => [] as string[]);

const note_callback = kfunc('note_callback', function* (head: RcuHead) {
  notes().push(head.container as string);
});

function newHead(name: string): RcuHead {
  return new RcuHead(reserve('global', name, 16), '', name);
}

function* note(text: string): Body<void> {
  notes().push(text);
}

const MS = 1_000_000;
const HZ = 1000;

/** Sleeps until shortly after a tick, so that what follows starts with a whole jiffy before it. */
function* afterTick(jiffy: number): Body<void> {
  yield* delayUntil((tickTime(jiffy) + 1000) as Ns);
}

describe('a grace period', () => {
  test('waits for readers that were there before, not for later ones', () => {
    const kernel = bootWithThreads();
    kernel.machine.inside(() => void ss());
    runTasks(
      kernel,
      {
        *early() {
          const idx = yield* srcu_read_lock(ss());
          yield* note('early in');
          yield* entered().write(true);
          for (let i = 0; i < 30; i++) yield* ss().srcu_gp_seq.read();
          yield* note('early out');
          yield* srcu_read_unlock(ss(), idx);
        },
        *waiter() {
          yield* entered().await((yes) => yes);
          yield* note('waits');
          yield* synchronize_srcu(ss());
          yield* note('passed');
        },
        *late() {
          yield* ss().srcu_idx.await((idx) => idx === 1);
          yield* srcu_read_lock(ss());
          yield* note('late in');
        },
      },
      inTurn,
    );
    const seen = kernel.machine.inside(() => notes());
    expect(seen.indexOf('early out')).toBeLessThan(seen.indexOf('passed'));
    expect(seen).toContain('late in');
    expect(endingOf(kernel.machine).kind).toBe('complete');
  });

  test.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'never runs a callback while a reader from before is inside (seeds of block %i)',
    (block) => {
      for (let seed = block * 100; seed < block * 100 + 25; seed++) {
        const kernel = bootWithThreads({ config: { PREEMPT_RT: seed % 2 === 0 } });
        const inside = new Set<string>();
        const violations: string[] = [];
        const called: string[] = [];
        const readers = (name: string) =>
          function* (): Body<void> {
            for (let i = 0; i < 3; i++) {
              const idx = yield* srcu_read_lock(ss());
              const section = `${name}${i}`;
              inside.add(section);
              yield* ss().srcu_gp_seq.read();
              inside.delete(section);
              yield* srcu_read_unlock(ss(), idx);
            }
          };
        const callers = (name: string) =>
          function* (): Body<void> {
            for (let i = 0; i < 2; i++) {
              // A look at who is inside, as of the call.
              yield* ss().srcu_gp_seq.read();
              const before = [...inside];
              const head = newHead(`${name}${i}`);
              const check = (): void => {
                violations.push(...before.filter((section) => inside.has(section)));
                called.push(head.container as string);
              };
              yield* call_srcu(ss(), head, (queued) => check_callback(queued, check));
            }
          };
        runTasks(
          kernel,
          {
            reader1: readers('a'),
            reader2: readers('b'),
            caller1: callers('x'),
            caller2: callers('y'),
            *waiter() {
              yield* ss().srcu_gp_seq.read();
              const before = [...inside];
              yield* synchronize_srcu(ss());
              violations.push(...before.filter((section) => inside.has(section)));
            },
          },
          new RandomChooser(seed),
        );
        expect(violations).toEqual([]);
        expect(called.sort((a, b) => (a < b ? -1 : 1))).toEqual(['x0', 'x1', 'y0', 'y1']);
        expect(endingOf(kernel.machine).kind).toBe('complete');
      }
    },
  );

  test('that is waited for by its own reader never ends', () => {
    const kernel = bootWithThreads();
    runTasks(kernel, {
      *victim() {
        yield* srcu_read_lock(ss());
        yield* synchronize_srcu(ss());
      },
    });
    expect(kernel.machine.enabled).toEqual([]);
    const ending = endingOf(kernel.machine, { matters: (task) => task.state === 'ready' });
    expect(ending.kind).toBe('deadlock');
    const waits = ending.kind === 'deadlock' ? ending.waits.map(describeWait) : [];
    expect(waits).toContain('victim waits for a grace period of test_srcu, held by itself');
    expect(
      waits.filter((wait) => wait.endsWith('waits for the readers of test_srcu, held by victim')),
    ).toHaveLength(1);
  });
});

const check_callback = kfunc('check_callback', function* (_head: RcuHead, check: () => void) {
  check();
});

describe('srcu_barrier()', () => {
  test('returns at once if no callback is queued, even inside a reader', () => {
    const kernel = bootWithThreads();
    runTasks(kernel, {
      *task() {
        const idx = yield* srcu_read_lock(ss());
        yield* srcu_barrier(ss());
        yield* note('through');
        yield* srcu_read_unlock(ss(), idx);
      },
    });
    expect(kernel.machine.inside(() => notes())).toEqual(['through']);
    expect(endingOf(kernel.machine).kind).toBe('complete');
  });

  test.each([1, 2, 3, 4, 5, 6])('waits for the callbacks queued before it (seed %i)', (seed) => {
    const kernel = bootWithThreads();
    runTasks(
      kernel,
      {
        *task() {
          yield* call_srcu(ss(), newHead('one'), note_callback);
          yield* call_srcu(ss(), newHead('two'), note_callback);
          yield* srcu_barrier(ss());
          yield* note('through');
        },
      },
      new RandomChooser(seed),
    );
    expect(kernel.machine.inside(() => notes())).toEqual(['one', 'two', 'through']);
  });
});

/** When a callback that is queued right after tick 10 is called, in jiffies after that tick. */
function callbackDelay(hz: 100 | 250 | 300 | 1000, readerLeaves: number | null, PREEMPT_RT = false): number {
  const { kernel, scheduler } = bootTimed({ config: { HZ: hz, PREEMPT_RT } });
  let called = 0;
  const period = 1_000_000_000 / hz;
  runTasks(
    kernel,
    {
      *reader() {
        yield* delayUntil(tickTime(9));
        const idx = yield* srcu_read_lock(ss());
        yield* delayUntil(readerLeaves === null ? tickTime(9) : (((10 + readerLeaves) * period) as Ns));
        yield* srcu_read_unlock(ss(), idx);
      },
      *caller() {
        yield* afterTick(10);
        yield* call_srcu(ss(), newHead('late'), (head) =>
          check_callback(head, () => {
            called = machineInForce().now;
          }),
        );
      },
    },
    scheduler,
  );
  return called / period - 10;
}

describe('in virtual time', () => {
  test.each([100, 250, 300, 1000] as const)(
    'an idle srcu calls back at the fourth tick: one jiffy each for the scan and the callback, HZ=%i',
    (hz) => {
      for (const rt of [false, true]) {
        const elapsed = callbackDelay(hz, null, rt);
        expect(elapsed).toBeGreaterThanOrEqual(4);
        expect(elapsed).toBeLessThan(4.2);
      }
    },
  );

  // A timer of n jiffies that is armed at a tick fires n + 1 ticks later, so the scans come at 2, 5, 11, 22, 33 …
  // jiffies after the start of the grace period and the callbacks two jiffies after the scan that succeeds.
  test.each([
    [1.5, 4],
    [2.5, 7],
    [6, 13],
    [12, 24],
    [25, 35],
    [40, 46],
    [50, 57],
  ])('a reader that leaves after %d jiffies lets the callback run at tick %i', (leaves, tick) => {
    const elapsed = callbackDelay(HZ, leaves);
    expect(elapsed).toBeGreaterThanOrEqual(tick);
    expect(elapsed).toBeLessThan(tick + 0.2);
  });

  test('synchronize_srcu() of an idle srcu takes far less than a millisecond', () => {
    const { kernel, scheduler } = bootTimed();
    let took = 0;
    runTasks(
      kernel,
      {
        *task() {
          yield* delay(MS as Ns);
          const start = machineInForce().now;
          yield* synchronize_srcu(ss());
          took = machineInForce().now - start;
        },
      },
      scheduler,
    );
    expect(took).toBeGreaterThan(0);
    expect(took).toBeLessThan(MS / 10);
  });

  test('synchronize_srcu() right after a grace period is not expedited', () => {
    const { kernel, scheduler } = bootTimed({ config: { HZ: 1000 } });
    let took = 0;
    runTasks(
      kernel,
      {
        *task() {
          yield* delay(MS as Ns);
          yield* synchronize_srcu(ss());
          const start = machineInForce().now;
          yield* synchronize_srcu(ss());
          took = machineInForce().now - start;
        },
      },
      scheduler,
    );
    expect(took).toBeGreaterThan(2 * MS);
  });
});
