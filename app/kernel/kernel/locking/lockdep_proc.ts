import { hashText } from '../../../base/hash.ts';
import type { Kernel } from '../../kernel.ts';
import { debug_locks } from '../../lib/debug_locks.ts';
import { formatEntry, type StackEntry } from '../../stack.ts';
import { lockStatistics, type LockClassStats, type LockPoint } from './lock_stat.ts';
import type { LockTime } from './lock_time.ts';

/** The width of a line: a name of 40, then twelve columns of 14 with a blank before each. */
const WIDTH = 40 + 1 + 12 * (14 + 1);

const COLUMNS = [
  'con-bounces',
  'contentions',
  'waittime-min',
  'waittime-max',
  'waittime-total',
  'waittime-avg',
  'acq-bounces',
  'acquisitions',
  'holdtime-min',
  'holdtime-max',
  'holdtime-total',
  'holdtime-avg',
];

/**
 * lock_stat_text() - what /proc/lock_stat shows: times in microseconds, the class with most contentions first.
 *
 * Models: kernel/locking/lockdep_proc.c, version 0.4. Classes with equally many contentions stand in order of their
 * first use, where the kernel's sort does as it likes.
 */
export function lock_stat_text(of: Kernel): string {
  return of.machine.inside(ls_show_text);
}

/** The same for the kernel that runs. */
export function ls_show_text(): string {
  const classes = lockStatistics().classes.toSorted((a, b) => b.contentions - a.contentions);
  return [...seq_header(), ...classes.flatMap(seq_stats)].map((line) => `${line}\n`).join('');
}

function seq_header(): string[] {
  const warning = '*WARNING* lock debugging disabled!! - possibly due to a lockdep warning';
  const head = ['class name'.padStart(40), ...COLUMNS.map((column) => column.padStart(14))].join(' ');
  const rule = '-'.repeat(WIDTH);
  return ['lock_stat version 0.4', ...(debug_locks() ? [] : [warning]), rule, head, rule, ''];
}

function seq_stats(stats: LockClassStats): string[] {
  const version = stats.subclass === 0 ? '' : `/${stats.subclass}`;
  const name = stats.name.slice(0, 37 - version.length) + version;
  const { read, write } = stats.hold;
  const lines: string[] = [];
  if (write.count > 0) {
    lines.push(counts(read.count > 0 ? `${name.padStart(38)}-W` : name.padStart(40), stats, 'write'));
  }
  if (read.count > 0) lines.push(counts(`${name.padStart(38)}-R`, stats, 'read'));
  if (stats.contentions === 0) return lines;

  const length = name.length + (read.count > 0 ? 2 : 0);
  const dashes = `${' '.repeat(40 - length)}${'-'.repeat(length)}`;
  lines.push(
    ...points(name, dashes, stats.contentionPoints),
    ...points(name, dashes, stats.contendingPoints),
  );
  if (stats.contendingPoints.length > 0) lines.push('', '.'.repeat(WIDTH), '');
  return lines;
}

function counts(label: string, stats: LockClassStats, mode: 'read' | 'write'): string {
  const contended = String(stats.contendedBounces[mode]).padStart(14);
  const acquired = String(stats.acquiredBounces[mode]).padStart(14);
  return `${label}:${contended} ${times(stats.wait[mode])} ${acquired} ${times(stats.hold[mode])}`;
}

/** seq_lock_time() */
function times({ count, min, max, total }: LockTime): string {
  const average = count === 0 ? 0 : Math.floor(total / count);
  const all = [min, max, total, average].map((ns) => microseconds(ns).padStart(14));
  return [String(count).padStart(14), ...all].join(' ');
}

/** snprint_time() - two decimals, rounded. */
export function microseconds(ns: number): string {
  const rounded = Math.round(ns) + 5;
  return `${Math.floor(rounded / 1000)}.${String(Math.floor((rounded % 1000) / 10)).padStart(2, '0')}`;
}

function points(name: string, dashes: string, all: readonly LockPoint[]): string[] {
  if (all.length === 0) return [];
  const lines = all.map(({ at, count }) =>
    [name.padStart(40), String(count).padStart(14), pointer(at).padStart(29), formatEntry(at)].join(' '),
  );
  return [dashes, ...lines];
}

/** `%p` of a place in the code: a hash in place of the address. */
function pointer(at: StackEntry): string {
  return `[<00000000${hashText(formatEntry(at)).toString(16).padStart(8, '0')}>]`;
}
