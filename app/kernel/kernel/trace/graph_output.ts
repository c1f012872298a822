import type { TraceEntry } from './ring_buffer.ts';
import type { TraceArray } from './trace_array.ts';
import { delayMark, timeText } from './trace_time.ts';

/** Columns in which the task of a line is centred. */
const PROCINFO_LENGTH = 14;
const INDENT = 2;

interface CpuState {
  lastPid: number | null;
  depth: number;
  /** By depth: the function whose entry was printed there. */
  readonly open: (string | undefined)[];
}

/**
 * The text of function_graph: a leaf is one line, other functions have braces.
 *
 * Models: kernel/trace/trace_functions_graph.c. Leaves out: marks of interrupts, which are tasks of their own here,
 * and return values.
 */
export class GraphPrinter {
  private readonly cpus = new Map<number, CpuState>();

  constructor(private readonly trace: TraceArray) {}

  /** `sameCpu` looks at the next entry of the CPU, `skip` goes past it; `comment` is what an event says. */
  print(entry: TraceEntry, sameCpu: () => TraceEntry | null, skip: () => void, comment: string): string {
    const state = this.stateOf(entry.cpu);
    const prologue = this.verifyPid(entry, state) + this.prologue(entry);
    switch (entry.kind) {
      case 'graph_entry':
        return prologue + this.entry(entry, state, sameCpu, skip);
      case 'graph_return':
        return prologue + this.return(entry, state);
      default: {
        const indent = state.depth > 0 ? ' '.repeat((state.depth + 1) * INDENT) : '';
        const text = entry.kind === 'print' ? entry.text.replace(/\n$/, '') : comment;
        return `${prologue}${this.noDuration()}${indent}/* ${text} */\n`;
      }
    }
  }

  private entry(
    entry: TraceEntry,
    state: CpuState,
    sameCpu: () => TraceEntry | null,
    skip: () => void,
  ): string {
    const { depth, name, pid } = entry;
    const indent = ' '.repeat(depth * INDENT);
    const next = sameCpu();
    if (next?.kind === 'graph_return' && next.pid === pid && next.name === name) {
      skip();
      // Comments of a leaf stand as deep as itself.
      state.depth = depth - 1;
      state.open[depth] = undefined;
      return `${this.duration(next.time - next.calltime)}${indent}${name}();\n`;
    }
    state.depth = depth;
    state.open[depth] = name;
    return `${this.noDuration()}${indent}${name}() {\n`;
  }

  private return({ depth, name, time, calltime }: TraceEntry, state: CpuState): string {
    const matches = state.open[depth] === name;
    state.depth = depth - 1;
    state.open[depth] = undefined;
    const tail = matches && !this.trace.option('funcgraph-tail') ? '}' : `} /* ${name} */`;
    const overrun = this.trace.option('funcgraph-overrun') ? ' (Overruns: 0)\n' : '';
    return `${this.duration(time - calltime)}${' '.repeat(depth * INDENT)}${tail}\n${overrun}`;
  }

  private stateOf(cpu: number): CpuState {
    let state = this.cpus.get(cpu);
    if (state === undefined) this.cpus.set(cpu, (state = { lastPid: null, depth: 0, open: [] }));
    return state;
  }

  /** A rule where another task goes on on the CPU. */
  private verifyPid({ pid, comm, cpu }: TraceEntry, state: CpuState): string {
    const before = state.lastPid;
    state.lastPid = pid;
    if (before === null || before === pid) return '';
    const rule = ' ------------------------------------------';
    const from = task(this.trace.savedCommands.get(before) ?? '<...>', before);
    return `${rule}\n ${this.cpuText(cpu)}) ${from} => ${task(comm, pid)}\n${rule}\n\n`;
  }

  private prologue({ time, cpu, pid, comm, flags }: TraceEntry): string {
    const { trace } = this;
    if (!trace.option('context-info')) return '';
    return [
      trace.option('funcgraph-abstime') ? `${timeText(time)} |  ` : '',
      trace.option('funcgraph-cpu') ? ` ${this.cpuText(cpu)}) ` : '',
      trace.option('funcgraph-proc') ? `${task(comm, pid)} | ` : '',
      trace.option('latency-format') ? ` ${flags} | ` : '',
    ].join('');
  }

  private cpuText(cpu: number): string {
    const widest = String(Math.max(0, this.trace.buffers.length - 1)).length;
    return String(cpu).padStart(widest);
  }

  private noDuration(): string {
    return this.shows() ? '              |  ' : '';
  }

  private duration(ns: number): string {
    if (!this.shows()) return '';
    const mark = this.trace.option('funcgraph-overhead') ? delayMark(ns) : ' ';
    return `${mark} ${durationText(ns)}|  `;
  }

  private shows(): boolean {
    return this.trace.option('funcgraph-duration') && this.trace.option('context-info');
  }
}

/** trace_print_graph_duration(): at most seven digits, in a field of eight after which the bar comes. */
export function durationText(ns: number): string {
  const whole = String(Math.floor(ns / 1000));
  let digits = whole;
  if (whole.length < 7) {
    const room = Math.min(4, 7 - whole.length);
    digits += `.${String(ns % 1000)
      .padStart(3, '0')
      .slice(0, room)}`;
  }
  return `${digits} us ${' '.repeat(Math.max(0, 8 - digits.length))}`;
}

function task(comm: string, pid: number): string {
  const text = `${comm.slice(0, 7)}-${pid}`;
  const spaces = Math.max(0, PROCINFO_LENGTH - text.length);
  const left = Math.floor(spaces / 2);
  return ' '.repeat(left) + text + ' '.repeat(spaces - left);
}

export function graphHeader(trace: TraceArray): string[] {
  const part = (option: string, text: string): string => (trace.option(option) ? text : '');
  const latency = trace.option('latency-format') ? '||||   ' : '';
  const names = [
    part('funcgraph-abstime', '     TIME       '),
    part('funcgraph-cpu', ' CPU'),
    part('funcgraph-proc', '  TASK/PID       '),
    latency,
    part('funcgraph-duration', '  DURATION   '),
  ].join('');
  const bars = [
    part('funcgraph-abstime', '      |         '),
    part('funcgraph-cpu', ' |  '),
    part('funcgraph-proc', '   |    |        '),
    latency,
    part('funcgraph-duration', '   |   |      '),
  ].join('');
  return [`#${names}               FUNCTION CALLS`, `#${bars}               |   |   |   |`];
}
