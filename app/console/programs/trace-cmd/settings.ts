import type { Body } from '../../../sim/call.ts';
import { strerror } from '../../../kernel/include/errno.ts';
import { print, STDERR } from '../../userland/libc.ts';
import { complain, readTracing, writeTracing } from './tracefs.ts';

/** What record, start and stream are told. */
export interface Settings {
  readonly events: { readonly pattern: string; filter: string | null }[];
  tracer: string | null;
  readonly functions: string[];
  readonly notrace: string[];
  readonly graphs: string[];
  readonly options: string[];
  readonly pids: string[];
  onlyCommand: boolean;
  bufferKb: string | null;
  clock: string | null;
  depth: string | null;
  output: string;
  quiet: boolean;
  readonly command: string[];
}

const VALUED = new Set([
  '-e',
  '-f',
  '-p',
  '-l',
  '-n',
  '-g',
  '-O',
  '-P',
  '-b',
  '-C',
  '-o',
  '-s',
  '-m',
  '-r',
  '--max-graph-depth',
  '--file-version',
  '--compression',
  '-t',
]);

/** Reads the options of record, start and stream; a text is what is wrong with them. */
export function settingsOf(args: readonly string[]): Settings | string {
  const settings: Settings = {
    ...{ events: [], tracer: null, functions: [], notrace: [], graphs: [], options: [], pids: [] },
    ...{
      onlyCommand: false,
      bufferKb: null,
      clock: null,
      depth: null,
      output: 'trace.dat',
      quiet: false,
      command: [],
    },
  };
  let at = 0;
  for (; at < args.length; at++) {
    const word = args[at];
    if (word === '--') {
      at++;
      break;
    }
    if (!word.startsWith('-')) break;
    const flag = word.startsWith('--') ? word : word.slice(0, 2);
    let value = '';
    if (VALUED.has(flag)) {
      value = word.length > flag.length ? word.slice(flag.length) : (args[++at] ?? '');
      if (value === '') return `option requires an argument -- '${flag.replace(/^-+/, '')}'`;
    }
    switch (flag) {
      case '-e':
        settings.events.push({ pattern: value, filter: null });
        break;
      case '-f': {
        const last = settings.events.at(-1);
        if (last === undefined) return 'filter must come after event';
        last.filter = last.filter === null ? value : `(${last.filter})&&(${value})`;
        break;
      }
      case '-a':
        settings.events.push({ pattern: 'all', filter: null });
        break;
      case '-p':
        settings.tracer = value;
        break;
      case '-l':
        settings.functions.push(value);
        break;
      case '-n':
        settings.notrace.push(value);
        break;
      case '-g':
        settings.graphs.push(value);
        break;
      case '-O':
        settings.options.push(value);
        break;
      case '-T':
        settings.options.push('stacktrace');
        break;
      case '-P':
        settings.pids.push(...value.split(','));
        break;
      case '-F':
        settings.onlyCommand = true;
        break;
      case '-b':
        settings.bufferKb = value;
        break;
      case '-C':
        settings.clock = value;
        break;
      case '--max-graph-depth':
        settings.depth = value;
        break;
      case '-o':
        settings.output = value;
        break;
      case '-q':
        settings.quiet = true;
        break;
      case '--file-version':
        if (value !== '6') return 'only file version 6 can be written here';
        break;
      case '-s':
      case '-m':
      case '-r':
      case '-t':
      case '--compression':
      case '-c':
      case '-d':
      case '-i':
      case '-D':
        break;
      default:
        return `unrecognized option '${word}'`;
    }
  }
  settings.command.push(...args.slice(at));
  return settings;
}

/** Puts settings in force. Return: 0, or 1 after a complaint. */
export function* apply(settings: Settings): Body<number> {
  const { tracer, functions, notrace, graphs, options, pids, bufferKb, clock, depth } = settings;
  if (bufferKb !== null) yield* writeTracing('buffer_size_kb', bufferKb);
  if (clock !== null && (yield* writeTracing('trace_clock', clock)) < 0) {
    yield* complain(`unknown clock ${clock}`, -22);
    return 1;
  }
  for (const option of options) {
    if ((yield* writeTracing('trace_options', option)) < 0) {
      yield* complain(`option ${option} not found`, -22);
      return 1;
    }
  }
  if (depth !== null) yield* writeTracing('max_graph_depth', depth);
  const lists: readonly (readonly [string, readonly string[]])[] = [
    ['set_ftrace_filter', functions],
    ['set_ftrace_notrace', notrace],
    ['set_graph_function', graphs],
    ['set_event_pid', pids],
    ['set_ftrace_pid', pids],
  ];
  for (const [file, words] of lists) {
    for (const word of words) {
      const error = yield* writeTracing(file, word, true);
      if (error >= 0) continue;
      yield* complain(`can not write ${word} to ${file}`, error);
      return 1;
    }
  }
  for (const { pattern, filter } of settings.events) {
    const status = yield* enableEvents(pattern, filter);
    if (status !== 0) return status;
  }
  if (tracer === null) return 0;
  const error = yield* writeTracing('current_tracer', tracer);
  if (error >= 0) return 0;
  yield* complain(`Plugin '${tracer}' does not exist`, error);
  return 1;
}

/** `oom`, `oom:mark_victim`, `sched:*`, `all`. */
function* enableEvents(pattern: string, filter: string | null): Body<number> {
  const [system, event] = pattern.includes(':') ? pattern.split(':') : pattern.split('/');
  const all = (yield* readTracing('available_events')).split('\n').filter((line) => line !== '');
  const glob = (text: string, word: string): boolean =>
    new RegExp(
      `^${word
        .replace(/[\\^$.+()|{}]/g, '\\$&')
        .replaceAll('*', '.*')
        .replaceAll('?', '.')}$`,
    ).test(text);
  const found = all.filter((line) => {
    const [of, name] = line.split(':');
    if (pattern === 'all') return true;
    return event === undefined
      ? glob(of, system) || glob(name, system)
      : glob(of, system) && glob(name, event === '' ? '*' : event);
  });
  if (found.length === 0) {
    yield* complain(`No events enabled with ${pattern}`, -2);
    return 1;
  }
  for (const line of found) {
    const directory = `events/${line.replace(':', '/')}`;
    if (filter !== null) {
      const error = yield* writeTracing(`${directory}/filter`, filter);
      if (error < 0) {
        const why = yield* readTracing(`${directory}/filter`);
        yield* print(
          STDERR,
          `trace-cmd: ${strerror(error)}\n  Failed filter of /sys/kernel/tracing/${directory}/filter\n\n${why}\n`,
        );
        return 1;
      }
    }
    yield* writeTracing(`${directory}/enable`, '1');
  }
  return 0;
}

/** Systems that have an enabled event. */
export function* enabledSystems(): Body<readonly string[]> {
  const lines = (yield* readTracing('set_event')).split('\n').filter((line) => line !== '');
  return [...new Set(lines.map((line) => line.split(':')[0]))];
}
