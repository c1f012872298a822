import type { Body } from '../../../sim/call.ts';
import { strerror } from '../../../kernel/include/errno.ts';
import { current } from '../../../kernel/include/sched.ts';
import type { ShellHost } from '../../shell/shell.ts';
import { close, open, print, read, readAll, STDERR, STDOUT } from '../../userland/libc.ts';
import type { Invocation, Program } from '../program.ts';
import { readDat } from './read-dat.ts';
import { record, save, settingsFrom } from './record.ts';
import { reportLines } from './report.ts';
import { apply } from './settings.ts';
import { readTracing, reset, TRACING, writeTracing } from './tracefs.ts';

type Command = (args: readonly string[], invocation: Invocation) => Body<number>;

const SUMMARIES: readonly (readonly [name: string, summary: string])[] = [
  ['record', 'record a trace into a trace.dat file'],
  ['start', 'start tracing without recording into a file'],
  ['extract', 'extract a trace from the kernel'],
  ['stop', 'stop the kernel from recording trace data'],
  ['restart', 'restart the kernel trace data recording'],
  ['show', 'show the contents of the kernel tracing buffer'],
  ['reset', 'disable all kernel tracing and clear the trace buffers'],
  ['clear', 'clear the trace buffers'],
  ['report', 'read out the trace stored in a trace.dat file'],
  ['stream', 'Start tracing and read the output directly'],
  ['stat', 'show the status of the running tracing (ftrace) system'],
  ['list', 'list the available events, plugins or options'],
];

const usage = (): string =>
  `\ntrace-cmd version 3.1.6 (scythe)\n\nusage:\n  trace-cmd [COMMAND] ...\n\n  commands:\n${SUMMARIES.map(([name, summary]) => `     ${name} - ${summary}\n`).join('')}\n`;

function* report(args: readonly string[]): Body<number> {
  let path = 'trace.dat';
  const given = new Set<string>();
  for (let at = 0; at < args.length; at++) {
    const word = args[at];
    if (word === '-i') path = args[++at] ?? '';
    else if (/^-[NRlt]+$/.test(word)) for (const letter of word.slice(1)) given.add(letter);
    else if (word.startsWith('-')) {
      yield* print(STDERR, `trace-cmd: report: unrecognized option '${word}'\n`);
      return 1;
    } else path = word;
  }
  const fd = yield* open(path);
  const file = fd < 0 ? fd : yield* readAll(fd);
  if (fd >= 0) yield* close(fd);
  if (typeof file === 'number') {
    yield* print(STDERR, `trace-cmd: ${strerror(file)}\n  error reading file ${path}\n`);
    return 1;
  }
  const content = readDat(file);
  if (typeof content === 'string') {
    yield* print(STDERR, `trace-cmd: Invalid argument\n  error reading header for ${path}: ${content}\n`);
    return 1;
  }
  const lines = reportLines(content, {
    plain: given.has('N'),
    raw: given.has('R'),
    latency: given.has('l'),
    nanoseconds: given.has('t'),
  });
  let text = `cpus=${content.cpus}\n`;
  for (const line of lines) {
    text += `${line}\n`;
    if (text.length < 32_768) continue;
    if ((yield* print(STDOUT, text)) < 0) return 1;
    text = '';
  }
  return (yield* print(STDOUT, text)) < 0 ? 1 : 0;
}

function* start(args: readonly string[]): Body<number> {
  const settings = yield* settingsFrom(args);
  if (settings === null) return 1;
  const status = yield* apply(settings);
  if (status === 0) yield* writeTracing('tracing_on', '1');
  return status;
}

function* show(args: readonly string[]): Body<number> {
  const cpuAt = args.indexOf('-c');
  const place = cpuAt < 0 ? '' : `per_cpu/cpu${args[cpuAt + 1] ?? '0'}/`;
  return yield* copy(`${place}${args.includes('-p') ? 'trace_pipe' : 'trace'}`);
}

/** Prints a file of tracefs as it comes. */
function* copy(name: string): Body<number> {
  const fd = yield* open(`${TRACING}/${name}`);
  if (fd < 0) {
    yield* print(STDERR, `trace-cmd: ${strerror(fd)}\n  opening '${TRACING}/${name}'\n`);
    return 1;
  }
  for (;;) {
    const piece = yield* read(fd);
    if (typeof piece === 'number' || piece === '') break;
    if ((yield* print(STDOUT, piece)) < 0) return 1;
  }
  yield* close(fd);
  return 0;
}

function* stream(args: readonly string[]): Body<number> {
  const status = yield* start(args);
  return status === 0 ? yield* copy('trace_pipe') : status;
}

function* extract(args: readonly string[]): Body<number> {
  const settings = yield* settingsFrom(args);
  if (settings === null) return 1;
  yield* writeTracing('tracing_on', '0');
  const status = yield* save(settings.output, settings.quiet);
  yield* writeTracing('tracing_on', '1');
  return status;
}

/** What differs from how tracing is at boot. */
function* stat(): Body<number> {
  const parts: string[] = [];
  const tracer = (yield* readTracing('current_tracer')).trim();
  if (tracer !== 'nop') parts.push(`Tracer: ${tracer}\n`);
  const events = (yield* readTracing('set_event')).split('\n').filter((line) => line !== '');
  if (events.length > 0) parts.push(`Events:\n${yield* eventTree(events)}`);
  for (const [file, title, none] of LISTS) {
    const text = yield* readTracing(file);
    if (text !== '' && text !== none && !text.startsWith('#')) parts.push(`${title}:\n${indent(text)}`);
  }
  const size = (yield* readTracing('buffer_size_kb')).trim();
  parts.push(`Buffer size in kilobytes (per cpu):\n   ${size}\n`);
  parts.push(`Buffer total size in kilobytes:\n   ${(yield* readTracing('buffer_total_size_kb')).trim()}\n`);
  if ((yield* readTracing('tracing_on')).trim() === '0') parts.push('Tracing is disabled\n');
  yield* print(STDOUT, `${parts.join('\n')}\n`);
  return 0;
}

const LISTS: readonly (readonly [file: string, title: string, none: string])[] = [
  ['set_ftrace_filter', 'Filter', ''],
  ['set_ftrace_notrace', 'No Trace', ''],
  ['set_graph_function', 'Graph functions', ''],
  ['set_ftrace_pid', 'Filtered PIDs', 'no pid\n'],
  ['set_event_pid', 'Filtered event PIDs', ''],
];

const indent = (text: string): string => text.replace(/^(?=.)/gm, '   ');

function* eventTree(events: readonly string[]): Body<string> {
  let text = '';
  for (const system of new Set(events.map((line) => line.split(':')[0]))) {
    const mine = events.filter((line) => line.startsWith(`${system}:`));
    const whole = (yield* readTracing(`events/${system}/enable`)).trim() === '1';
    if (whole) text += `    ${system}\n`;
    else for (const line of mine) text += `    ${line}\n`;
    for (const line of mine) {
      const filter = (yield* readTracing(`events/${line.replace(':', '/')}/filter`)).trim();
      if (filter !== 'none') text += `        filter: ${filter}\n`;
    }
  }
  return text;
}

function* list(args: readonly string[]): Body<number> {
  const wants = (flag: string): boolean => args.includes(flag) || args.length === 0;
  const pattern = args.find((word) => !word.startsWith('-'));
  const chosen = (text: string): string =>
    pattern === undefined
      ? text
      : text
          .split('\n')
          .filter((line) => new RegExp(pattern.replace(/[\\+()|{}[\]]/g, '\\$&')).test(line))
          .map((line) => `${line}\n`)
          .join('');
  let text = '';
  if (wants('-e'))
    text += `${args.length === 0 ? 'events:\n' : ''}${chosen(yield* readTracing('available_events'))}`;
  if (wants('-t') || args.includes('-p')) {
    text += `${args.length === 0 ? '\ntracers:\n' : ''}${(yield* readTracing('available_tracers'))
      .trim()
      .split(' ')
      .map((name) => `${name}\n`)
      .join('')}`;
  }
  if (wants('-o')) text += `${args.length === 0 ? '\noptions:\n' : ''}${yield* readTracing('trace_options')}`;
  if (args.includes('-f')) text += chosen(yield* readTracing('available_filter_functions'));
  if (args.includes('-C')) text += yield* readTracing('trace_clock');
  yield* print(STDOUT, text);
  return 0;
}

function* nothingElse(file: string, text: string): Body<number> {
  return (yield* writeTracing(file, text)) < 0 ? 1 : 0;
}

/** trace-cmd: the usual front end of tracefs. */
export function trace_cmd(find: ShellHost['findProgram']): Program {
  const commands: Readonly<Record<string, Command>> = {
    record: (args, invocation) => record(find, args, invocation),
    report,
    start,
    stream,
    extract,
    show,
    stat,
    list,
    stop: () => nothingElse('tracing_on', '0'),
    restart: () => nothingElse('tracing_on', '1'),
    clear: () => nothingElse('trace', ''),
    *reset() {
      yield* reset();
      yield* writeTracing('tracing_on', '1');
      return 0;
    },
  };
  return {
    ...{
      name: 'trace-cmd',
      summary: 'Records and shows traces of the kernel.',
      operands: 'COMMAND [OPTION]...',
    },
    options: [
      {
        flag: '-e',
        value: 'EVENT',
        description: 'record, start: trace this event, `oom` or `sched:sched_switch`',
      },
      { flag: '-f', value: 'FILTER', description: 'record, start: of the event before it' },
      { flag: '-p', value: 'TRACER', description: 'record, start: function or function_graph' },
      { flag: '-l', value: 'FUNCTION', description: 'record, start: only these functions' },
      { flag: '-g', value: 'FUNCTION', description: 'record, start: graphs begin there' },
      { flag: '-F', description: 'record: only what the command does' },
      { flag: '-o', value: 'FILE', description: 'record, extract: where to (trace.dat)' },
      { flag: '-i', value: 'FILE', description: 'report: what to read (trace.dat)' },
    ],
    *main(invocation) {
      const [name = '', ...args] = invocation.args;
      current().arg_words = [invocation.name, ...invocation.args];
      const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
      if (command !== undefined) return yield* command(args, invocation);
      if (name === '--version') {
        yield* print(STDOUT, 'trace-cmd version 3.1.6 (scythe)\n');
        return 0;
      }
      if (name === '' || name === '--help' || name === '-h') {
        yield* print(STDOUT, usage());
        return name === '' ? 1 : 0;
      }
      yield* print(STDERR, `\ntrace-cmd: No such file or directory\n  unknown command: ${name}\n`);
      return 1;
    },
  };
}
