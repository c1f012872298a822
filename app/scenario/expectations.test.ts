import { describe, expect, test } from 'vitest';
import { judge, matches, type Evidence, type Happening } from './expectations.ts';

const event = (name: string, text = '', task = 'oom_reaper'): Happening => ({
  kind: 'event',
  name,
  text,
  task,
});
const line = (text: string): Happening => ({ kind: 'log', name: '', text, task: 'sh' });

const quiet: Evidence = {
  titles: [],
  settled: true,
  ending: 'every task ended',
  happenings: [],
  timings: { reapNs: [], exitNs: [], callbackNs: [], runNs: 0 },
  valuesOf: () => null,
};

describe('titles', () => {
  test('a clean run has no report and an undisturbed end', () => {
    expect(judge({ clean: true }, quiet)).toEqual([]);
    expect(judge({ clean: true }, { ...quiet, titles: ['KASAN: x'] })).toEqual([
      'expected no report, got "KASAN: x"',
    ]);
    expect(judge({ clean: true }, { ...quiet, settled: false, ending: 'deadlock' })).toHaveLength(1);
  });

  test('some titles must appear and some must not', () => {
    const titles = { must: ['BUG: sleeping * in kvm*'], mustNot: ['KASAN: *'] };
    expect(judge({ titles }, { ...quiet, titles: ['BUG: sleeping function in kvm_x'] })).toEqual([]);
    expect(judge({ titles }, { ...quiet, titles: ['KASAN: y'] })).toEqual([
      'expected "BUG: sleeping * in kvm*", which did not appear',
      '"KASAN: y" must not appear',
    ]);
  });

  test('a star stands for any text, the empty one too', () => {
    expect(matches('a*c', 'ac')).toBe(true);
    expect(matches('a*b*c', 'a-b-b-c')).toBe(true);
    expect(matches('a*a', 'a')).toBe(false);
    expect(matches('*', '')).toBe(true);
    expect(matches('a.c', 'abc')).toBe(false);
  });
});

describe('events', () => {
  const happenings = [
    event('oom:mark_victim'),
    line('reaped process 66'),
    event('mmap:exit_mmap', 'DESTROY', 'cat'),
  ];

  test('what is named happens in that order, whatever else happens', () => {
    const events = ['oom:mark_victim', { event: 'exit_mmap', task: 'cat', text: 'DEST' }];
    expect(judge({ events }, { ...quiet, happenings })).toEqual([]);
    expect(judge({ events: ['oom:mark_victim', { log: 'reaped' }] }, { ...quiet, happenings })).toEqual([]);
  });

  test('a wrong order is told from an absence', () => {
    expect(judge({ events: [{ log: 'reaped' }, 'oom:mark_victim'] }, { ...quiet, happenings })).toEqual([
      'event 2, "oom:mark_victim", comes before the one above it',
    ]);
    expect(judge({ events: ['oom:wake_reaper'] }, { ...quiet, happenings })).toEqual([
      'event 1, "oom:wake_reaper", did not happen',
    ]);
  });
});

test('a field is compared in all objects that have it', () => {
  const final = ['count == 0'];
  expect(judge({ final }, { ...quiet, valuesOf: () => [0, 0] })).toEqual([]);
  expect(judge({ final }, { ...quiet, valuesOf: () => [0, 2] })).toEqual([
    '"count == 0" does not hold: it is 2',
  ]);
  expect(judge({ final }, { ...quiet, valuesOf: () => [] })).toEqual([
    '"count == 0": nothing has this field at the end',
  ]);
});

test('times have bounds', () => {
  const timings = { reapNs: [3_000_000], exitNs: [], callbackNs: [], runNs: 5 };
  const within = { reap: { min: '1ms', max: '2ms' }, callback: { max: '1s' } };
  expect(judge({ within }, { ...quiet, timings })).toEqual([
    'reap took 3 ms, expected at most 2ms',
    'nothing to time: no callback happened',
  ]);
});
