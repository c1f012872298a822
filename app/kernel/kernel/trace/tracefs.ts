import { machineInForce } from '../../../sim/machine-in-force.ts';
import { EINVAL } from '../../include/errno.ts';
import { O_TRUNC, type FileOperations, type FileStruct } from '../../include/fs.ts';
import { kernel } from '../../kernel.ts';
import { kfunc } from '../../kfunc.ts';
import { kstrtoint } from '../../fs/debugfs/file.ts';
import {
  fixedDirectory,
  mountPseudo,
  shownBy,
  type PseudoDirectory,
  type PseudoFile,
} from '../../fs/pseudo.ts';
import { eventListFiles, eventsDirectory } from './event_files.ts';
import { TraceObserver, traceableFunctions } from './ftrace.ts';
import { changeFunctions, functionsText } from './function_filters.ts';
import { TRACE_CLOCKS, TRACE_OPTIONS, TRACER_OPTIONS, TRACERS } from './options.ts';
import { CpuBuffer } from './ring_buffer.ts';
import { global_trace, type FilterFile, type PidFile, type TraceArray } from './trace_array.ts';
import { traceText } from './trace_output.ts';
import { timeText } from './trace_time.ts';
import { tracePipe, tracePipeRaw } from './trace_pipe.ts';

// The files of tracefs. What they show and change is for debugging, and no part of what tasks share: reads and writes
// are no operations beyond those of any file.

/** The tracing of the kernel that runs, with what listens to the machine for it. */
function tracing(): TraceArray {
  const trace = global_trace();
  if (!watched.has(trace)) {
    const observer = new TraceObserver(trace, machineInForce());
    trace.onChange = () => {
      observer.update();
    };
    watched.add(trace);
  }
  return trace;
}

const watched = new WeakSet<TraceArray>();

type Show = (trace: TraceArray) => string;
/** Returns 0 or an error below 0. */
type Change = (trace: TraceArray, word: string, file: FileStruct) => number;

const simple_read = kfunc('tracing_simple_read', function* (show: Show) {
  return show(tracing());
});

const simple_write = kfunc(
  'tracing_simple_write',
  function* (change: Change, file: FileStruct, data: string) {
    const error = change(tracing(), data, file);
    return error < 0 ? error : data.length;
  },
);

function file(show: Show, change?: Change, rest: FileOperations = {}): PseudoFile {
  const write = change && { write: (open: FileStruct, data: string) => simple_write(change, open, data) };
  return shownBy(() => simple_read(show), { ...rest, ...write });
}

const flag = (name: string): PseudoFile =>
  file(
    (trace) => (trace.option(name) ? '1\n' : '0\n'),
    (trace, data) => setOption(trace, name, data.trim()),
  );

function setOption(trace: TraceArray, name: string, word: string): number {
  if (word !== '0' && word !== '1') return -EINVAL;
  trace.options.set(name, word === '1');
  return 0;
}

const optionNames = (trace: TraceArray): readonly string[] =>
  [...TRACE_OPTIONS, ...(TRACER_OPTIONS[trace.tracer] ?? [])].map(([name]) => name);

const current_tracer = file(
  (trace) => `${trace.tracer}\n`,
  (trace, data) => {
    const name = TRACERS.find((tracer) => tracer === data.trim());
    if (name === undefined) return -EINVAL;
    if (name !== trace.tracer) {
      // Another tracer cannot read what this one wrote.
      trace.clear();
      trace.tracer = name;
    }
    if (name !== 'nop') trace.expanded = true;
    trace.onChange();
    return 0;
  },
);

const trace_options = file(
  (trace) =>
    optionNames(trace)
      .map((name) => `${trace.option(name) ? '' : 'no'}${name}\n`)
      .join(''),
  (trace, data) => {
    const word = data.trim();
    const names = optionNames(trace);
    const name = names.includes(word) ? word : word.replace(/^no/, '');
    if (!names.includes(name)) return -EINVAL;
    trace.options.set(name, name === word);
    return 0;
  },
);

const tracing_on = file(
  (trace) => (trace.tracing_on ? '1\n' : '0\n'),
  (trace, data) => {
    const value = kstrtoint(data.trim());
    if (Number.isNaN(value)) return -EINVAL;
    trace.tracing_on = value !== 0;
    return 0;
  },
);

function sizeText(trace: TraceArray, cpus: number): string {
  const kb = trace.sizeKb * cpus;
  return trace.expanded ? `${kb}\n` : `${kb} (expanded: ${trace.expandedKb * cpus})\n`;
}

const buffer_size_kb = (which: (trace: TraceArray) => readonly CpuBuffer[]): PseudoFile =>
  file(
    (trace) => (trace.expanded ? `${Math.floor(which(trace)[0].size / 1024)}\n` : sizeText(trace, 1)),
    (trace, data) => {
      const kb = kstrtoint(data.trim());
      if (Number.isNaN(kb) || kb <= 0) return -EINVAL;
      trace.expanded = true;
      for (const buffer of which(trace)) {
        buffer.clear();
        // Whole pages.
        buffer.size = Math.ceil(kb / 4) * 4096;
      }
      return 0;
    },
  );

const trace_clock = file(
  (trace) => `${TRACE_CLOCKS.map((name) => (name === trace.clock ? `[${name}]` : name)).join(' ')}\n`,
  (trace, data) => {
    const name = data.trim();
    if (!TRACE_CLOCKS.includes(name)) return -EINVAL;
    trace.clock = name;
    // What was recorded by another clock would mean nothing.
    trace.clear();
    return 0;
  },
);

/** tracing_mark_write() - a line of the user's among the others. -EINVAL while the option `markers` is off. */
const tracing_mark_write = kfunc('tracing_mark_write', function* (data: string) {
  const trace = tracing();
  if (!trace.option('markers')) return -EINVAL;
  trace.print(data);
  return data.length;
});

const trace_marker: PseudoFile = {
  kind: 'regular',
  fops: { write: (_open, data) => tracing_mark_write(data) },
};

const functionList = (name: FilterFile): PseudoFile =>
  file(
    (trace) => functionsText(trace, name),
    (trace, data) => changeFunctions(trace, name, data),
    { open: (_inode, open) => emptied(open, (trace) => (trace.filters[name] = null)) },
  );

const pidList = (name: PidFile): PseudoFile =>
  file(
    (trace) => {
      const { [name]: pids } = trace.pids;
      if (pids === null) return name === 'set_ftrace_pid' ? 'no pid\n' : '';
      return [...pids]
        .sort((a, b) => a - b)
        .map((pid) => `${pid}\n`)
        .join('');
    },
    (trace, data) => {
      const pids = new Set(trace.pids[name] ?? []);
      for (const word of data.split(/\s+/)) {
        if (word === '') continue;
        const pid = kstrtoint(word);
        if (Number.isNaN(pid) || pid < 0) return -EINVAL;
        pids.add(pid);
      }
      trace.pids[name] = pids.size === 0 ? null : pids;
      return 0;
    },
    { open: (_inode, open) => emptied(open, (trace) => (trace.pids[name] = null)) },
  );

/** Opening with O_TRUNC (`>` of a shell) empties a list, or the whole buffer. */
const emptied = kfunc(
  'ftrace_regex_open',
  function* (open: FileStruct, clear: (trace: TraceArray) => unknown) {
    if ((open.f_flags & O_TRUNC) !== 0) clear(tracing());
    return 0;
  },
);

const traceFile = (which: (trace: TraceArray) => readonly CpuBuffer[]): PseudoFile =>
  file(
    (trace) => traceText(trace, which(trace)),
    () => 0,
    {
      open: (_inode, open) => emptied(open, (trace) => which(trace).forEach((buffer) => buffer.clear())),
    },
  );

function cpuDirectory(cpu: number): PseudoDirectory {
  const one = (trace: TraceArray): readonly CpuBuffer[] => [trace.buffers[cpu]];
  return fixedDirectory({
    buffer_size_kb: buffer_size_kb(one),
    stats: file((trace) => statsText(trace.buffers[cpu])),
    trace: traceFile(one),
    trace_pipe: tracePipe(() => one(tracing())),
    trace_pipe_raw: tracePipeRaw(() => tracing().buffers[cpu]),
  });
}

/** tracing_stats_read() */
function statsText(buffer: CpuBuffer): string {
  const oldest = buffer.length > 0 ? buffer.at(0).time : 0;
  return [
    ...[
      `entries: ${buffer.length}`,
      `overrun: ${buffer.overrun}`,
      'commit overrun: 0',
      `bytes: ${buffer.bytes}`,
    ],
    ...[`oldest event ts: ${timeText(oldest)}`, `now ts: ${timeText(machineInForce().now)}`],
    ...[`dropped events: ${buffer.dropped}`, `read events: ${buffer.taken}`],
  ]
    .map((line) => `${line}\n`)
    .join('');
}

const cpuDirectories = new Map<number, PseudoDirectory>();

const per_cpu: PseudoDirectory = {
  kind: 'directory',
  *lookup(name) {
    const cpu = /^cpu(\d+)$/.exec(name);
    if (cpu === null || Number(cpu[1]) >= kernel().cpus) return null;
    let directory = cpuDirectories.get(Number(cpu[1]));
    if (directory === undefined)
      cpuDirectories.set(Number(cpu[1]), (directory = cpuDirectory(Number(cpu[1]))));
    return directory;
  },
  *names() {
    return Array.from({ length: kernel().cpus }, (_, cpu) => `cpu${cpu}`);
  },
};

const options = fixedDirectory(
  Object.fromEntries(
    [...TRACE_OPTIONS, ...Object.values(TRACER_OPTIONS).flat()].map(([name]) => [name, flag(name)]),
  ),
);

const number = (
  read: (trace: TraceArray) => number,
  write: (trace: TraceArray, value: number) => void,
): PseudoFile =>
  file(
    (trace) => `${read(trace)}\n`,
    (trace, data) => {
      const value = kstrtoint(data.trim());
      if (Number.isNaN(value) || value < 0) return -EINVAL;
      write(trace, value);
      return 0;
    },
  );

const README = `tracing mini-HOWTO:

# echo 0 > tracing_on : quick way to disable tracing
# echo 1 > tracing_on : quick way to re-enable tracing

  trace\t\t\t- what is in the buffer, in order of time; writing empties it
  trace_pipe\t\t- the same as it comes; reading takes it out
  available_tracers\t- nop, function and function_graph
  current_tracer\t- the tracer in use
  available_events\t- events that can be written to set_event
  events/<system>/<event>/filter - a condition on the event's fields, e.g. pid == 64 && comm ~ "kvm*"
  set_ftrace_filter\t- functions that are traced; names and patterns, one after the other
  set_graph_function\t- functions in which a graph begins
  trace_marker\t\t- writes are seen in the trace
  error_log\t\t- why the last filters were refused
`;

const everyCpu = (trace: TraceArray): readonly CpuBuffer[] => trace.buffers;

const tracefs = fixedDirectory({
  ...eventListFiles(),
  README: file(() => README),
  available_filter_functions: file(() =>
    traceableFunctions()
      .map((name) => `${name}\n`)
      .join(''),
  ),
  available_tracers: file(() => `${TRACERS.join(' ')}\n`),
  buffer_size_kb: buffer_size_kb(everyCpu),
  buffer_total_size_kb: file((trace) => sizeText(trace, trace.buffers.length)),
  current_tracer,
  enabled_functions: file((trace) => enabledFunctions(trace)),
  error_log: file(
    (trace) => trace.errors.join(''),
    () => 0,
    { open: (_inode, open) => emptied(open, (trace) => (trace.errors.length = 0)) },
  ),
  events: eventsDirectory,
  max_graph_depth: number(
    (trace) => trace.max_graph_depth,
    (trace, value) => (trace.max_graph_depth = value),
  ),
  options,
  per_cpu,
  saved_cmdlines: file((trace) =>
    [...trace.savedCommands]
      .sort(([a], [b]) => a - b)
      .map(([pid, comm]) => `${pid} ${comm}\n`)
      .join(''),
  ),
  set_event_pid: pidList('set_event_pid'),
  set_ftrace_filter: functionList('set_ftrace_filter'),
  set_ftrace_notrace: functionList('set_ftrace_notrace'),
  set_ftrace_pid: pidList('set_ftrace_pid'),
  set_graph_function: functionList('set_graph_function'),
  set_graph_notrace: functionList('set_graph_notrace'),
  trace: traceFile(everyCpu),
  trace_clock,
  trace_marker,
  trace_options,
  trace_pipe: tracePipe(() => tracing().buffers),
  tracing_on,
});

/** The functions that the current tracer looks at. */
function enabledFunctions(trace: TraceArray): string {
  if (trace.tracer === 'nop') return '';
  const { set_ftrace_filter, set_ftrace_notrace } = trace.filters;
  return traceableFunctions()
    .filter((name) => set_ftrace_filter?.has(name) !== false && set_ftrace_notrace?.has(name) !== true)
    .map((name) => `${name} (1)\n`)
    .join('');
}

mountPseudo('/sys/kernel/tracing', tracefs);
mountPseudo('/sys/kernel/debug', fixedDirectory({ tracing: tracefs }));
