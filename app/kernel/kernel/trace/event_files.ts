import { machineInForce } from '../../../sim/machine-in-force.ts';
import type { FileOperations } from '../../include/fs.ts';
import { EINVAL } from '../../include/errno.ts';
import { kfunc } from '../../kfunc.ts';
import {
  fixedDirectory,
  shownBy,
  type Entries,
  type PseudoDirectory,
  type PseudoFile,
} from '../../fs/pseudo.ts';
import { formatFile, type EventFormat } from './event_format.ts';
import { eventSystems, ftraceEvents, kernelText, traceEvents } from './event_table.ts';
import { globPattern, parseFilter } from './filter.ts';
import { PAGE_FORMAT, RECORD_FORMAT } from './raw_output.ts';
import { timeText } from './trace_time.ts';
import { global_trace, type TraceArray } from './trace_array.ts';

const seq_text = kfunc('trace_seq_show', function* (text: () => string) {
  return text();
});

const constant = (text: string): PseudoFile => shownBy(() => seq_text(() => text));

/** event_enable_read(): `0`, `1`, or `X` where the events of a directory differ. */
const system_enable_read = kfunc('system_enable_read', function* (events: readonly EventFormat[]) {
  const trace = global_trace();
  const on = events.filter((event) => trace.stateOf(event).enabled).length;
  return on === 0 ? '0\n' : on === events.length ? '1\n' : 'X\n';
});

const system_enable_write = kfunc(
  'event_enable_write',
  function* (events: readonly EventFormat[], data: string) {
    const word = data.trim();
    if (word !== '0' && word !== '1') return -EINVAL;
    const trace = global_trace();
    for (const event of events) trace.enable(event, word === '1');
    return data.length;
  },
);

const enableFile = (events: () => readonly EventFormat[]): PseudoFile =>
  shownBy(() => system_enable_read(events()), {
    write: (_file, data) => system_enable_write(events(), data),
  });

const event_filter_read = kfunc('event_filter_read', function* (event: EventFormat) {
  return `${global_trace().stateOf(event).filterText ?? 'none'}\n`.replace(/\n\n$/, '\n');
});

/**
 * event_filter_write() - `0` takes the filter away. A filter that is wrong is refused, and the file shows where.
 *
 * Return: the length; -EINVAL.
 */
const event_filter_write = kfunc('event_filter_write', function* (event: EventFormat, data: string) {
  const state = global_trace().stateOf(event);
  const text = data.trim();
  if (text === '0') {
    state.filter = null;
    state.filterText = null;
    return data.length;
  }
  const parsed = parseFilter(text, event.fields);
  if (typeof parsed === 'function') {
    state.filter = parsed;
    state.filterText = text;
    return data.length;
  }
  state.filter = null;
  state.filterText = refused(text, parsed.error, parsed.position);
  logError(global_trace(), 'event filter parse error', parsed.error, text, parsed.position);
  return -EINVAL;
});

/** append_filter_err() */
function refused(text: string, error: string, position: number): string {
  const at = Math.min(position, text.length);
  return `${text}\n${'^'.padStart(at === 0 ? 0 : at + 1)}\nparse_error: ${error}\n`;
}

/** tracing_log_err(): what `error_log` shows; it keeps the last eight. */
export function logError(
  trace: TraceArray,
  where: string,
  error: string,
  command: string,
  position: number,
): void {
  const { now } = machineInForce();
  const prefix = '  Command: ';
  const marker = ' '.repeat(prefix.length + position);
  trace.errors.push(`[${timeText(now)}] ${where}: error: ${error}\n${prefix}${command}\n${marker}^\n`);
  if (trace.errors.length > 8) trace.errors.shift();
}

function eventDirectory(event: EventFormat): PseudoDirectory {
  return fixedDirectory({
    enable: enableFile(() => [event]),
    filter: shownBy(() => event_filter_read(event), {
      write: (_file, data) => event_filter_write(event, data),
    }),
    format: constant(formatFile(event, kernelText(event))),
    id: constant(`${event.id}\n`),
  });
}

const ofSystem = (system: string): readonly EventFormat[] =>
  traceEvents.filter((event) => event.system === system);

/** subsystem_filter_write() - one filter for all events of a system that have its fields. */
const subsystem_filter_write = kfunc('subsystem_filter_write', function* (system: string, data: string) {
  const text = data.trim();
  let any = text === '0';
  for (const event of ofSystem(system)) {
    const state = global_trace().stateOf(event);
    const parsed = text === '0' ? null : parseFilter(text, event.fields);
    if (parsed !== null && typeof parsed !== 'function') continue;
    any = true;
    state.filter = parsed;
    state.filterText = parsed === null ? null : text;
  }
  if (any) return data.length;
  const error = "Couldn't find or set field in one of a subsystem's events";
  logError(global_trace(), 'event filter parse error', error, text, 0);
  return -EINVAL;
});

const filterHelp = kfunc('subsystem_filter_read', function* () {
  return '### global filter ###\n# Use this to set filters for multiple events.\n# Only events with the given fields will be affected.\n# If no events are modified, an error message will be displayed here\n';
});

function systemDirectory(system: string): PseudoDirectory {
  return fixedDirectory({
    ...Object.fromEntries(ofSystem(system).map((event) => [event.name, eventDirectory(event)])),
    enable: enableFile(() => ofSystem(system)),
    filter: shownBy(() => filterHelp(), {
      write: (_file, data) => subsystem_filter_write(system, data),
    }),
  });
}

/** events/ftrace: records that no event stands for; they can be read, not enabled. */
const ftraceDirectory = fixedDirectory(
  Object.fromEntries(
    ftraceEvents.map((event) => [
      event.name,
      fixedDirectory({ format: constant(formatFile(event)), id: constant(`${event.id}\n`) }),
    ]),
  ),
);

export const eventsDirectory = fixedDirectory({
  ...Object.fromEntries(eventSystems.map((system) => [system, systemDirectory(system)])),
  ftrace: ftraceDirectory,
  enable: enableFile(() => traceEvents),
  header_page: constant(PAGE_FORMAT),
  header_event: constant(RECORD_FORMAT),
});

const s_events = kfunc('t_show', function* (onlyEnabled: boolean) {
  const trace = global_trace();
  return traceEvents
    .filter((event) => !onlyEnabled || trace.stateOf(event).enabled)
    .map(({ system, name }) => `${system}:${name}\n`)
    .join('');
});

/** ftrace_event_write() - `oom:*`, `oom`, `mark_victim`, `!sched:sched_switch`, several between blanks. */
const ftrace_event_write = kfunc('ftrace_event_write', function* (data: string) {
  const trace = global_trace();
  for (const word of data.split(/\s+/)) {
    if (word === '') continue;
    const on = !word.startsWith('!');
    const found = matching(on ? word : word.slice(1));
    if (found.length === 0) return -EINVAL;
    for (const event of found) trace.enable(event, on);
  }
  return data.length;
});

function matching(word: string): readonly EventFormat[] {
  const [first, second] = word.split(':');
  const [system, name] = second === undefined ? [null, null] : [first, second];
  const glob = (pattern: string, text: string): boolean => pattern === '' || globPattern(pattern).test(text);
  return traceEvents.filter((event) =>
    system !== null && name !== null
      ? glob(system, event.system) && glob(name, event.name)
      : glob(first, event.system) || glob(first, event.name),
  );
}

const setEventOperations: FileOperations = {
  // Opening it for writing without appending switches all events off first.
  open: (_inode, file) => ftrace_event_set_open(file.f_flags),
  write: (_file, data) => ftrace_event_write(data),
};

const ftrace_event_set_open = kfunc('ftrace_event_set_open', function* (flags: number) {
  const O_TRUNC = 0o1000;
  if ((flags & O_TRUNC) !== 0) for (const event of traceEvents) global_trace().enable(event, false);
  return 0;
});

export const eventListFiles = (): Entries => ({
  available_events: shownBy(() => s_events(false)),
  set_event: shownBy(() => s_events(true), setEventOperations),
});
