import { expect, test } from 'vitest';
import { rowsOf } from './rows.ts';

const line = (text: string, level = 6, step = 0) => ({ text, level, step, nowNs: 0, task: 0 });
const lines = [line('booted'), line('BUG: sleeping', 3, 5), line('Call Trace:', 4, 5), line('bye', 7, 9)];
const reports = [{ title: 'BUG: sleeping', line: 1, lines: 2, step: 5, nowNs: 0, task: 0 }];
const all = { lines, reports, folded: new Set<number>(), level: 7, filter: '' };
const texts = (wishes: Partial<typeof all>) => rowsOf({ ...all, ...wishes }).map(({ text }) => text);

test('all lines are shown, and the first of a report folds it', () => {
  const rows = rowsOf(all);
  expect(rows.map(({ head }) => head)).toEqual([false, true, false, false]);
  expect(rows.map(({ report }) => report)).toEqual([null, 0, 0, null]);
});

test('a folded report keeps its first line', () => {
  expect(texts({ folded: new Set([1]) })).toEqual(['booted', 'BUG: sleeping', 'bye']);
});

test('a level leaves out what is less important, but no line of a report', () => {
  expect(texts({ level: 3 })).toEqual(['BUG: sleeping', 'Call Trace:']);
});

test('a filter finds folded lines too', () => {
  expect(texts({ folded: new Set([1]), filter: 'trace' })).toEqual(['Call Trace:']);
});
