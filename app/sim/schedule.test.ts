import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Body } from './call.ts';
import { Cell } from './cell.ts';
import { choose } from './choose.ts';
import { EventHash } from './event-hash.ts';
import { RandomChooser } from './random.ts';
import { Divergence, formatSchedule, parseSchedule, Recorder, Replay } from './schedule.ts';
import { machineWith } from './testing/programs.ts';

const worker = function* (x: Cell<number>): Body<void> {
  for (let i = 0; i < 5; i++) {
    const amount = yield* choose('amount', 3);
    yield* x.write((yield* x.read()) + amount);
  }
};
const program = () => machineWith(() => new Cell(0, 'x'), { a: worker, b: worker, c: worker });

describe('a schedule', () => {
  test('that was recorded replays to the same events', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const first = program();
        const hash = new EventHash(first.machine);
        first.machine.observer = hash;
        const recorder = new Recorder(new RandomChooser(seed));
        first.machine.run(recorder);

        const second = program();
        const again = new EventHash(second.machine);
        second.machine.observer = again;
        second.machine.run(new Replay(recorder.schedule));
        return again.digest() === hash.digest() && second.shared.value === first.shared.value;
      }),
    );
  });

  test('survives being written and read', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(9)), (schedule) => {
        expect(parseSchedule(formatSchedule(schedule))).toEqual(schedule);
      }),
    );
  });

  test('is written with repetitions folded', () => {
    expect(formatSchedule([1, 1, 1, 2, 0, 0])).toBe('1*3 2 0*2');
  });

  test.each(['1 x', '1*', '-1', '1.5', '1*999999999'])('is not read from %j', (text) => {
    expect(parseSchedule(text)).toBeNull();
  });

  test('that names a task that cannot run is refused with the step', () => {
    expect(() => program().machine.run(new Replay([0, 0, 7]))).toThrow(Divergence);
    expect(() => program().machine.run(new Replay([0, 0, 7]))).toThrow('at step 1: there is no task 7');
  });
});
