import { bytesOfText, type Bytes } from '../../../base/byte-text.ts';
import type { Body } from '../../../sim/call.ts';
import { strerror } from '../../../kernel/include/errno.ts';
import { O_APPEND, O_NONBLOCK, O_RDONLY, O_TRUNC, O_WRONLY } from '../../../kernel/include/fs.ts';
import { close, listDirectory, open, print, read, readAll, STDERR } from '../../userland/libc.ts';

export const TRACING = '/sys/kernel/tracing';

/** The text of a file of tracefs; '' if there is none. */
export function* readTracing(name: string): Body<string> {
  const fd = yield* open(`${TRACING}/${name}`, O_RDONLY);
  if (fd < 0) return '';
  const text = yield* readAll(fd);
  yield* close(fd);
  return typeof text === 'string' ? text : '';
}

/** Writes to a file of tracefs. Return: 0 or an error below 0. */
export function* writeTracing(name: string, text: string, append = false): Body<number> {
  const fd = yield* open(`${TRACING}/${name}`, O_WRONLY | (append ? O_APPEND : O_TRUNC));
  if (fd < 0) return fd;
  const error = text === '' ? 0 : yield* print(fd, text);
  yield* close(fd);
  return error;
}

/** All pages of records that a CPU has right now. */
export function* takePages(cpu: number): Body<Bytes> {
  const fd = yield* open(`${TRACING}/per_cpu/cpu${cpu}/trace_pipe_raw`, O_RDONLY | O_NONBLOCK);
  if (fd < 0) return '';
  let pages = '';
  for (;;) {
    const page = yield* read(fd, 4096);
    if (typeof page === 'number' || page === '') break;
    pages += bytesOfText(page);
  }
  yield* close(fd);
  return pages;
}

export function* names(directory: string): Body<readonly string[]> {
  const found = yield* listDirectory(`${TRACING}/${directory}`);
  return typeof found === 'number' ? [] : found;
}

export function* cpuCount(): Body<number> {
  return (yield* names('per_cpu')).length;
}

/** A complaint, with two blanks before it, as trace-cmd has them. */
export function* complain(text: string, error?: number): Body<void> {
  yield* print(
    STDERR,
    error === undefined ? `trace-cmd: ${text}\n` : `trace-cmd: ${strerror(error)}\n  ${text}\n`,
  );
}

/** reset: nothing is traced any more, and the buffers are empty. */
export function* reset(): Body<void> {
  yield* writeTracing('tracing_on', '0');
  yield* writeTracing('current_tracer', 'nop');
  yield* writeTracing('events/enable', '0');
  for (const system of yield* names('events')) {
    for (const event of yield* names(`events/${system}`))
      yield* writeTracing(`events/${system}/${event}/filter`, '0');
  }
  for (const list of ['set_ftrace_filter', 'set_ftrace_notrace', 'set_graph_function', 'set_graph_notrace']) {
    yield* writeTracing(list, '');
  }
  for (const list of ['set_ftrace_pid', 'set_event_pid']) yield* writeTracing(list, '');
  yield* writeTracing('max_graph_depth', '0');
  yield* writeTracing('trace', '');
}
