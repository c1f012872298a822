import { textFrom } from '../../../kernel/kernel/trace/event_format.ts';
import { findEvent } from '../../../kernel/kernel/trace/event_table.ts';
import { durationText } from '../../../kernel/kernel/trace/graph_output.ts';
import { delayMark } from '../../../kernel/kernel/trace/trace_time.ts';
import { numberAt, type DatContent, type DatRecord } from './read-dat.ts';

export interface ReportOptions {
  /** Without the short forms that plugins have for some events. */
  readonly plain: boolean;
  /** Fields by their names. */
  readonly raw: boolean;
  /** With the columns of context right behind the CPU. */
  readonly latency: boolean;
  /** Nanoseconds. */
  readonly nanoseconds: boolean;
}

/** `trace-cmd report`: a line for each record, in order of time; the entry and the return of a leaf are one. */
export function reportLines(content: DatContent, options: ReportOptions): string[] {
  const leaves = options.raw ? new Map<DatRecord, DatRecord>() : leavesOf(content.records);
  const returns = new Set(leaves.values());
  return content.records
    .filter((record) => !returns.has(record))
    .map((record) => lineOf(content, record, options, leaves.get(record)));
}

/** Entries of functions whose return is the next record of the CPU, with that. */
function leavesOf(records: readonly DatRecord[]): Map<DatRecord, DatRecord> {
  const leaves = new Map<DatRecord, DatRecord>();
  const last: (DatRecord | undefined)[] = [];
  for (const record of records) {
    const before = last[record.cpu];
    last[record.cpu] = record;
    if (record.event?.name !== 'funcgraph_exit' || before?.event?.name !== 'funcgraph_entry') continue;
    if (before.pid === record.pid && before.values.get('func') === record.values.get('func'))
      leaves.set(before, record);
  }
  return leaves;
}

function lineOf(
  content: DatContent,
  record: DatRecord,
  options: ReportOptions,
  leaf: DatRecord | undefined,
): string {
  const { cpu, pid, time } = record;
  const comm = pid === 0 ? '<idle>' : (content.commands.get(pid) ?? '<...>');
  const where = options.latency
    ? `${String(pid).padEnd(5)} ${String(cpu).padStart(3)}${contextOf(record)}`
    : `${String(pid).padEnd(5)} [${String(cpu).padStart(3, '0')}]`;
  const name = `${record.event?.name ?? 'unknown'}:`;
  return `${comm.padStart(16)}-${where} ${timeOf(time, options.nanoseconds)}: ${name.padEnd(21)} ${bodyOf(content, record, options, leaf)}`;
}

function timeOf(time: number, nanoseconds: boolean): string {
  const seconds = Math.floor(time / 1e9);
  const rest = time - seconds * 1e9;
  // To the nearest microsecond, as trace-cmd rounds.
  const microseconds = Math.floor((rest + 500) / 1000);
  if (nanoseconds) return `${String(seconds).padStart(5)}.${String(rest).padStart(9, '0')}`;
  const carried = microseconds === 1_000_000 ? 1 : 0;
  return `${String(seconds + carried).padStart(5)}.${String(microseconds % 1_000_000).padStart(6, '0')}`;
}

/** `d..2`: irqs, need-resched, context, preempt-depth, migrate-disable. */
function contextOf({ flags, preempt }: DatRecord): string {
  const irqs = (flags & 0x01) !== 0 ? ((flags & 0x80) !== 0 ? 'D' : 'd') : (flags & 0x80) !== 0 ? 'b' : '.';
  const resched = (flags & 0x04) !== 0 ? 'N' : '.';
  const context =
    (flags & 0x08) !== 0 ? ((flags & 0x10) !== 0 ? 'H' : 'h') : (flags & 0x10) !== 0 ? 's' : '.';
  const digit = (value: number): string => (value === 0 ? '.' : value.toString(16));
  return `${irqs}${resched}${context}${digit(preempt & 15)}${digit(preempt >> 4)}`;
}

function bodyOf(
  content: DatContent,
  record: DatRecord,
  options: ReportOptions,
  leaf: DatRecord | undefined,
): string {
  const { event } = record;
  if (event === null) return `type=${record.type}`;
  if (options.raw) return rawOf(content, record);
  if (event.system === 'ftrace') return ftraceOf(content, record, leaf);
  const short = options.plain ? undefined : SHORT[`${event.system}:${event.name}`];
  if (short !== undefined) return short(record);
  const known = findEvent(event.system, event.name);
  return known === undefined ? `[FAILED TO PARSE]${rawOf(content, record)}` : textFrom(known, record.values);
}

/** Fields that hold places in the code. */
const SYMBOLS = new Set(['ip', 'parent_ip', 'func']);

function rawOf(content: DatContent, { event, values, bytes }: DatRecord): string {
  return (event?.fields ?? [])
    .map(({ name, type, offset, size }) => {
      const value = values.get(name) ?? 0n;
      if (typeof value === 'string') return ` ${name}=${value}`;
      if (size > 8) {
        const shown = Array.from({ length: size }, (_, i) =>
          bytes
            .charCodeAt(offset + i)
            .toString(16)
            .padStart(2, '0'),
        );
        return ` ${name}=ARRAY[${shown.join(', ')}]`;
      }
      if (event?.system === 'ftrace' && SYMBOLS.has(name)) return ` ${name}=${symbolOf(content, value)}`;
      if (type.includes('*')) return ` ${name}=0x${BigInt.asUintN(64, value).toString(16)}`;
      // Of unsigned longs trace-cmd takes it that they are addresses or sets of bits.
      const hexadecimal = size === 8 && !type.startsWith('long');
      const width = zeroPadded(event, name);
      if (width > 0) return ` ${name}=${String(value).padStart(width, '0')}`;
      return ` ${name}=${hexadecimal ? BigInt.asUintN(64, value).toString(16) : String(value)}`;
    })
    .join('');
}

/** How wide a number is in the event's text, if zeros come before it: `%03d`. */
function zeroPadded(event: DatRecord['event'], field: string): number {
  const known = event === null ? undefined : findEvent(event.system, event.name);
  const at = known?.args.findIndex((arg) => arg.field === field) ?? -1;
  const conversion = at < 0 ? undefined : known?.text.match(/%[-#0]*\d*[a-z]+/g)?.[at];
  return Number(/^%0(\d+)d$/.exec(conversion ?? '')?.[1] ?? 0);
}

function symbolOf({ symbols }: DatContent, address: bigint): string {
  let low = 0;
  let high = symbols.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (symbols[middle][0] <= address) low = middle + 1;
    else high = middle;
  }
  return low === 0 ? `0x${address.toString(16)}` : symbols[low - 1][1];
}

function ftraceOf(
  content: DatContent,
  { event, values, bytes }: DatRecord,
  leaf: DatRecord | undefined,
): string {
  const number = (name: string, from = values): bigint => {
    const value = from.get(name);
    return typeof value === 'bigint' ? value : 0n;
  };
  const symbol = (name: string): string => symbolOf(content, number(name));
  const indent = (): string => '  '.repeat(Number(number('depth')));
  const duration = (from: DatRecord['values']): string =>
    durationOf(Number(number('rettime', from) - number('calltime', from)));
  switch (event?.name) {
    case 'function':
      return symbol('ip');
    case 'print':
      return `${symbol('ip')}: ${String(values.get('buf') ?? '').replace(/\n$/, '')}`;
    case 'funcgraph_entry':
      return leaf === undefined
        ? `${' '.repeat(13)}|  ${indent()}${symbol('func')}() {`
        : `${duration(leaf.values)}|  ${indent()}${symbol('func')}();`;
    case 'funcgraph_exit':
      return `${duration(values)}|  ${indent()}}`;
    case 'kernel_stack': {
      const frames = Array.from({ length: 8 }, (_, i) => numberAt(bytes, 16 + i * 8, 8));
      const lines = frames.map((at) =>
        at === 0n ? '=> 0' : `=> ${symbolOf(content, at)} (${at.toString(16)})`,
      );
      return ['<stack trace >', ...lines].join('\n');
    }
    default:
      return '';
  }
}

/** The overhead mark and the duration of function_graph, up to the bar. */
const durationOf = (ns: number): string => `${delayMark(ns)} ${durationText(ns).trimEnd().padEnd(11)}`;

const text = (record: DatRecord, field: string): string => String(record.values.get(field) ?? '');

/** Forms that trace-cmd's plugins have. */
const SHORT: Readonly<Record<string, (record: DatRecord) => string>> = {
  'sched:sched_switch': (record) =>
    `${text(record, 'prev_comm')}:${text(record, 'prev_pid')} [${text(record, 'prev_prio')}] ${stateLetter(record)} ==> ${text(record, 'next_comm')}:${text(record, 'next_pid')} [${text(record, 'next_prio')}]`,
  'sched:sched_wakeup': wakeup,
  'sched:sched_wakeup_new': wakeup,
};

function wakeup(record: DatRecord): string {
  const cpu = text(record, 'target_cpu').padStart(3, '0');
  return `${text(record, 'comm')}:${text(record, 'pid')} [${text(record, 'prio')}] CPU:${cpu}`;
}

/** Letters of states as the plugin has them, which is older than the kernel's own. */
function stateLetter(record: DatRecord): string {
  const value = record.values.get('prev_state');
  const state = typeof value === 'bigint' ? Number(BigInt.asUintN(8, value)) : 0;
  const letters = ['S', 'D', 'T', 't', 'Z', 'X', 'x', 'W'].filter((_, i) => (state & (1 << i)) !== 0);
  return letters.length === 0 ? 'R' : letters.join('|');
}
