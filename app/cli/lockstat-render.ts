import { microseconds } from '../kernel/kernel/locking/lockdep_proc.ts';
import { lockTimesOf, spreadOf, type Spread } from '../scenario/lock-times.ts';
import type { Run } from '../scenario/run.ts';

/** What `scythe run --lockstat --json` adds to the document; virtual nanoseconds. */
export function lockStatDocument(runs: readonly Run[]): object {
  return {
    classes: lockTimesOf(runs),
    times: Object.fromEntries(timesOf(runs).map(({ name, spread }) => [name, spread])),
  };
}

/** Percentiles over all iterations, in microseconds of virtual time. */
export function renderLockTimes(runs: readonly Run[]): string {
  const rows = lockTimesOf(runs).map(({ name, mode, wait, hold }) => [
    `${name}-${mode === 'write' ? 'W' : 'R'}`,
    ...cells(wait),
    ...cells(hold),
  ]);
  const head = ['class', ...columns('wait'), ...columns('hold')];
  const times = timesOf(runs).map(({ name, spread }) => [name, ...cells(spread)]);
  return [
    `lock times over ${runs.length} runs, in us of virtual time`,
    ...aligned([head, ...rows]),
    '',
    ...aligned([['function', ...columns('time')], ...times]),
    '',
  ]
    .map((line) => `${line}\n`)
    .join('');
}

interface Timed {
  readonly name: string;
  readonly spread: Spread;
}

function timesOf(runs: readonly Run[]): Timed[] {
  const all = [
    { name: 'exit_mmap', spread: spreadOf(runs.flatMap(({ timings }) => timings.exitNs)) },
    { name: '__oom_reap_task_mm', spread: spreadOf(runs.flatMap(({ timings }) => timings.reapNs)) },
  ];
  return all.filter(({ spread }) => spread.count > 0);
}

function columns(what: string): string[] {
  return [`${what}s`, 'p50', 'p90', 'p99', 'max'];
}

function cells({ count, p50, p90, p99, max }: Spread): string[] {
  return [String(count), ...[p50, p90, p99, max].map((ns) => (count === 0 ? '-' : microseconds(ns)))];
}

function aligned(table: readonly (readonly string[])[]): string[] {
  const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)));
  return table.map((row) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  '),
  );
}
