import { config, kernel } from '../../kernel.ts';
import { formatEntry } from '../../stack.ts';
import { addressOfSymbol } from '../kallsyms.ts';
import { GraphPrinter, graphHeader } from './graph_output.ts';
import { MergedEntries, type CpuBuffer, type TraceEntry } from './ring_buffer.ts';
import type { TraceArray } from './trace_array.ts';
import { delayMark, timeText } from './trace_time.ts';

// The text of `trace` and `trace_pipe`. Models: kernel/trace/trace.c and trace_output.c.

/** The whole file `trace`: of all CPUs, or of one. */
export function traceText(trace: TraceArray, buffers: readonly CpuBuffer[]): string {
  const lines = [header(trace, buffers)];
  const entries = new MergedEntries(buffers);
  const printer = new EntryPrinter(trace, buffers);
  for (let next = entries.peek(); next !== null; next = entries.peek()) {
    entries.advance(next.buffer);
    const { buffer } = next;
    lines.push(
      printer.print(
        next.entry,
        () => entries.peekIn(buffer),
        () => entries.advance(buffer),
        () => entries.peek()?.entry ?? null,
      ),
    );
  }
  return lines.join('');
}

/** Prints entries one after the other, with what belongs between them. */
export class EntryPrinter {
  private readonly graph: GraphPrinter;
  private readonly started = new Set<number>();
  private printed = 0;
  private readonly annotate: boolean;
  private readonly from: number;

  constructor(
    private readonly trace: TraceArray,
    private readonly buffers: readonly CpuBuffer[],
  ) {
    this.graph = new GraphPrinter(trace);
    this.annotate = trace.option('annotate') && buffers.some(({ overrun }) => overrun > 0);
    this.from = Math.min(...buffers.map((buffer) => (buffer.length > 0 ? buffer.at(0).time : Infinity)));
  }

  /** `sameCpu` looks at the next entry of the CPU, `skip` goes past it, `next` looks at the next one of all. */
  print(
    entry: TraceEntry,
    sameCpu: () => TraceEntry | null,
    skip: () => void,
    next: () => TraceEntry | null,
  ): string {
    const begin = this.cpuStarts(entry);
    this.printed++;
    const { trace } = this;
    if (trace.tracer === 'function_graph' && entry.kind !== 'function' && entry.kind !== 'stack') {
      return begin + this.graph.print(entry, sameCpu, skip, bodyOf(trace, entry));
    }
    if (!trace.option('context-info')) return `${begin}${bodyOf(trace, entry)}\n`;
    const context = trace.option('latency-format')
      ? this.latencyContext(entry, next()?.time ?? entry.time)
      : contextColumns(trace, entry);
    return `${begin}${context}${bodyOf(trace, entry)}\n`;
  }

  private cpuStarts(entry: TraceEntry): string {
    if (!this.annotate || this.started.has(entry.cpu)) return '';
    this.started.add(entry.cpu);
    return this.printed > 0 ? `##### CPU ${entry.cpu} buffer started ####\n` : '';
  }

  private latencyContext(entry: TraceEntry, nextTime: number): string {
    const { comm, pid, cpu, flags, time } = entry;
    const since = Math.floor((time - this.from) / 1000);
    const who = `${comm.slice(0, 8).padStart(8)}-${String(pid).padEnd(7)} ${String(cpu).padStart(3)}`;
    return `${who}${flags} ${String(since).padStart(4)}us${delayMark(nextTime - time)}: `;
  }
}

/** `     kworker/0:0-9       [000] b...2    23.755086: ` */
export function contextColumns(trace: TraceArray, { comm, pid, tgid, cpu, flags, time }: TraceEntry): string {
  const tgidColumn = trace.option('record-tgid')
    ? `(${tgid === 0 ? '-------' : String(tgid).padStart(7)}) `
    : '';
  const irq = trace.option('irq-info') ? flags : '';
  const who = `${comm.padStart(16)}-${String(pid).padEnd(7)}`;
  return `${who} ${tgidColumn}[${String(cpu).padStart(3, '0')}] ${irq} ${timeText(time)}: `;
}

/** What comes after the columns of context, without a newline at the end. */
function bodyOf(trace: TraceArray, entry: TraceEntry): string {
  switch (entry.kind) {
    case 'function':
      return trace.option('print-parent')
        ? `${symbolText(trace, entry.name)} <-${symbolText(trace, entry.text)}`
        : symbolText(trace, entry.name);
    case 'print':
      return `${entry.name}: ${entry.text.replace(/\n$/, '')}`;
    case 'stack': {
      const offset = trace.option('sym-offset');
      const frames = entry.frames.map((frame) => ` => ${offset ? formatEntry(frame) : frame.symbol}`);
      return ['<stack trace>', ...frames].join('\n');
    }
    case 'graph_entry':
      return `graph_ent: func=${entry.name}`;
    case 'graph_return':
      return `graph_ret: func=${entry.name}`;
    case 'event':
      return `${entry.name}: ${entry.text}`;
  }
}

function symbolText(trace: TraceArray, name: string): string {
  const offset = trace.option('sym-offset') ? '+0x0' : '';
  return trace.option('sym-addr') ? `${name}${offset} <${addressOfSymbol(name)}>` : `${name}${offset}`;
}

function header(trace: TraceArray, buffers: readonly CpuBuffer[]): string {
  const lines = [`# tracer: ${trace.tracer}`, '#'];
  if (trace.option('context-info')) {
    const latency = trace.option('latency-format');
    if (trace.tracer === 'function_graph') lines.push(...graphHeader(trace));
    else if (latency) {
      if (buffers.some(({ length }) => length > 0)) lines.push(...latencyHeader(trace, buffers));
    } else lines.push(...defaultHeader(trace, buffers));
  }
  return lines.map((line) => `${line}\n`).join('');
}

function defaultHeader(trace: TraceArray, buffers: readonly CpuBuffer[]): string[] {
  const entries = buffers.reduce((sum, { length }) => sum + length, 0);
  const written = buffers.reduce((sum, { length, overrun }) => sum + length + overrun, 0);
  const tgid = trace.option('record-tgid');
  const counts = [`# entries-in-buffer/entries-written: ${entries}/${written}   #P:${kernel().cpus}`, '#'];
  if (!trace.option('irq-info')) {
    const [name, bar] = tgid ? ['   TGID   ', '     |    '] : ['', ''];
    return [
      ...counts,
      `#           TASK-PID    ${name} CPU#     TIMESTAMP  FUNCTION`,
      `#              | |      ${bar}   |         |         |`,
    ];
  }
  const space = ' '.repeat(tgid ? 12 : 2);
  return [
    ...counts,
    `#                            ${space}  _-----=> irqs-off/BH-disabled`,
    `#                            ${space} / _----=> need-resched`,
    `#                            ${space}| / _---=> hardirq/softirq`,
    `#                            ${space}|| / _--=> preempt-depth`,
    `#                            ${space}||| / _-=> migrate-disable`,
    `#                            ${space}|||| /     delay`,
    `#           TASK-PID  ${tgid ? '     TGID   ' : '  '} CPU#  |||||  TIMESTAMP  FUNCTION`,
    `#              | |    ${tgid ? '       |    ' : '  '}   |   |||||     |         |`,
  ];
}

/** print_trace_header() and print_lat_help_header(). No latency is measured here: it is always 0. */
function latencyHeader(trace: TraceArray, buffers: readonly CpuBuffer[]): string[] {
  const entries = buffers.reduce((sum, { length }) => sum + length, 0);
  const written = buffers.reduce((sum, { length, overrun }) => sum + length + overrun, 0);
  const model = config().PREEMPT_RT ? 'preempt_rt' : 'preempt';
  const { cpus, tree } = kernel();
  return [
    `# ${trace.tracer} latency trace v1.1.5 on ${tree.release}`,
    '# --------------------------------------------------------------------',
    `# latency: 0 us, #${entries}/${written}, CPU#0 | (M:${model} VP:0, KP:0, SP:0 HP:0 #P:${cpus})`,
    '#    -----------------',
    '#    | task: -0 (uid:0 nice:0 policy:0 rt_prio:0)',
    '#    -----------------',
    '#',
    '#                    _------=> CPU#            ',
    '#                   / _-----=> irqs-off/BH-disabled',
    '#                  | / _----=> need-resched    ',
    '#                  || / _---=> hardirq/softirq ',
    '#                  ||| / _--=> preempt-depth   ',
    '#                  |||| / _-=> migrate-disable ',
    '#                  ||||| /     delay           ',
    '#  cmd     pid     |||||| time  |   caller     ',
    '#     \\   /        ||||||  \\    |    /       ',
  ];
}
