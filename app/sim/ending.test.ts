import { describe, expect, test } from 'vitest';
import type { Body } from './call.ts';
import { Cell } from './cell.ts';
import { describeWait, endingOf } from './ending.ts';
import { Lock } from './lock.ts';
import { abandon } from './spawn.ts';
import { firstOf, inOrder, machineWith } from './testing/programs.ts';

const nested = (first: 'l' | 'm', second: 'l' | 'm') =>
  function* (locks: { l: Lock; m: Lock }): Body<void> {
    yield* locks[first].acquire();
    yield* locks[second].acquire();
    yield* locks[second].release();
    yield* locks[first].release();
  };

describe('a run', () => {
  // a: takes l        b: takes m
  // a: wants m        b: wants l
  test('in which two tasks wait for each other is a deadlock that names the cycle', () => {
    const { machine } = machineWith(() => ({ l: new Lock('l'), m: new Lock('m') }), {
      a: nested('l', 'm'),
      b: nested('m', 'l'),
    });
    machine.run(inOrder('a b'));
    const ending = endingOf(machine);
    expect(ending.kind).toBe('deadlock');
    if (ending.kind !== 'deadlock') return;
    expect(ending.cycle.map(describeWait)).toEqual(['a waits for m, held by b', 'b waits for l, held by a']);
  });

  test('in which the same tasks come one after the other is complete', () => {
    const { machine } = machineWith(() => ({ l: new Lock('l'), m: new Lock('m') }), {
      a: nested('l', 'm'),
      b: nested('m', 'l'),
    });
    machine.run(firstOf);
    expect(endingOf(machine)).toEqual({ kind: 'complete' });
  });

  test('in which a task takes its own lock again is a deadlock with itself', () => {
    const { machine } = machineWith(() => new Lock('l'), {
      a: function* (l) {
        yield* l.acquire();
        yield* l.acquire();
      },
    });
    machine.run(firstOf);
    const ending = endingOf(machine);
    expect(ending.kind === 'deadlock' && ending.cycle.map(describeWait)).toEqual([
      'a waits for l, held by itself',
    ]);
  });

  test('in which the holder is gone is a deadlock that says so', () => {
    const { machine } = machineWith(() => new Lock('l'), {
      a: function* (l) {
        yield* l.acquire();
        yield* abandon();
      },
      b: function* (l) {
        yield* l.acquire();
      },
    });
    machine.run(firstOf);
    const ending = endingOf(machine);
    expect(ending.kind === 'deadlock' && ending.cycle.map(describeWait)).toEqual([
      'b waits for l, held by a (abandoned)',
    ]);
  });

  // waiter: sees 0              waker: writes 1 before anybody waits
  // waiter: waits for a change that was there already
  test('in which nobody is left to wake a waiter is a lost wake-up', () => {
    const { machine } = machineWith(() => ({ flag: new Cell(0, 'flag'), wake: new Cell(0, 'wake') }), {
      waiter: function* ({ flag, wake }) {
        if ((yield* flag.read()) === 1) return;
        yield* wake.write(0);
        yield* wake.await((value) => value === 1);
      },
      waker: function* ({ flag, wake }) {
        yield* flag.write(1);
        yield* wake.write(1);
      },
    });
    machine.run(inOrder('waiter waker waker waiter'));
    const ending = endingOf(machine);
    expect(ending.kind === 'lost wake-up' && ending.waits.map(describeWait)).toEqual([
      'waiter waits for wake',
    ]);
  });

  test('in which only daemons wait is complete', () => {
    const { machine } = machineWith(() => new Cell(0, 'work'), {
      a: function* (work) {
        yield* work.await((value) => value > 0);
      },
    });
    for (const task of machine.tasks) task.daemon = true;
    machine.run(firstOf);
    expect(endingOf(machine)).toEqual({ kind: 'complete' });
  });

  test('that the chooser left is stopped', () => {
    const { machine } = machineWith(() => new Cell(0, 'x'), {
      a: function* (x) {
        yield* x.read();
        yield* x.read();
      },
    });
    machine.run(firstOf, 1);
    expect(endingOf(machine)).toEqual({ kind: 'stopped' });
  });
});
