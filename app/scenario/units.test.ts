import { expect, test } from 'vitest';
import {
  formatDuration,
  holds,
  parseCondition,
  parseDuration,
  parsePercent,
  parseRatio,
  parseSize,
} from './units.ts';

test('durations are whole nanoseconds', () => {
  expect(parseDuration('57ms')).toBe(57_000_000);
  expect(parseDuration('1.5s')).toBe(1_500_000_000);
  expect(parseDuration('0.1us')).toBe(100);
  expect(parseDuration('2min')).toBe(120_000_000_000);
  expect(parseDuration('5')).toBeNull();
  expect(parseDuration('-5s')).toBeNull();
});

test('durations are printed in the unit that suits them', () => {
  expect(formatDuration(3_141_593)).toBe('3.142 ms');
  expect(formatDuration(57_000_000)).toBe('57 ms');
  expect(formatDuration(1_500_000_000)).toBe('1.5 s');
  expect(formatDuration(20_000)).toBe('20 us');
  expect(formatDuration(20)).toBe('20 ns');
});

test('sizes, percentages and ratios have their forms', () => {
  expect(parseSize('512M')).toBe(512 * 1024 * 1024);
  expect(parseSize('2GB')).toBeNull();
  expect(parsePercent('100%')).toBe(256);
  expect(parsePercent('101%')).toBeNull();
  expect(parseRatio('1/4')).toEqual({ numerator: 1, denominator: 4 });
  expect(parseRatio('5/4')).toBeNull();
  expect(parseRatio('0/0')).toBeNull();
});

test('conditions compare a name with a number', () => {
  const condition = parseCondition('kvm.mn_active_invalidate_count == 0');
  expect(condition).toEqual({ name: 'kvm.mn_active_invalidate_count', operator: '==', value: 0 });
  expect(holds(parseCondition('x <= 3')!, 3)).toBe(true);
  expect(holds(parseCondition('x != 3')!, 3)).toBe(false);
  expect(parseCondition('x = 3')).toBeNull();
});
