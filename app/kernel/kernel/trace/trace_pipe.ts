import type { Body } from '../../../sim/call.ts';
import { BlockingEffect } from '../../../sim/operation.ts';
import type { SimObject } from '../../../sim/object.ts';
import { EAGAIN, EINTR } from '../../include/errno.ts';
import { O_NONBLOCK, type FileStruct } from '../../include/fs.ts';
import { current, TASK_INTERRUPTIBLE, TASK_RUNNING, TIF_SIGPENDING } from '../../include/sched.ts';
import { kfunc } from '../../kfunc.ts';
import { set_current_state } from '../sched/core.ts';
import type { PseudoFile } from '../../fs/pseudo.ts';
import { takePage } from './raw_output.ts';
import type { CpuBuffer } from './ring_buffer.ts';
import { global_trace } from './trace_array.ts';
import { EntryPrinter } from './trace_output.ts';

/**
 * Sleeps until something is there that no task tells of by an operation (a line of the log, an entry of the trace),
 * or a signal is pending. Who adds to it wakes `queue` in the machine.
 *
 * Return: false if a signal ended it.
 */
export function* waitForMore(queue: SimObject, isThere: () => boolean): Body<boolean> {
  const me = current();
  const signalled = (): boolean => (me.thread_flags.value & (1 << TIF_SIGPENDING)) !== 0;
  yield* set_current_state(TASK_INTERRUPTIBLE);
  yield* new BlockingEffect<void>(
    'wait',
    queue,
    'read',
    () => isThere() || signalled(),
    () => {},
    me.thread_flags,
  );
  yield* set_current_state(TASK_RUNNING);
  me.sleep_state = TASK_RUNNING;
  return isThere() || !signalled();
}

/** What a reader of `trace_pipe` has printed so far, as it goes on from there. */
interface PipeReader {
  readonly printer: EntryPrinter;
  rest: string;
  read: boolean;
}

const readers = new WeakMap<FileStruct, PipeReader>();

/** tracing_wait_pipe() - wait for an entry; the pipe ends once tracing is off and something was read. */
function* wait(file: FileStruct, isThere: () => boolean, reader: PipeReader | null): Body<number> {
  const trace = global_trace();
  while (!isThere()) {
    if ((file.f_flags & O_NONBLOCK) !== 0) return -EAGAIN;
    if (!trace.tracing_on && reader?.read === true) return 0;
    if (!(yield* waitForMore(trace.waitQueue(), isThere))) return -EINTR;
  }
  return 1;
}

/** tracing_read_pipe() - the entries as they come; what was read is gone. */
const tracing_read_pipe = kfunc(
  'tracing_read_pipe',
  function* (file: FileStruct, size: number, buffers: readonly CpuBuffer[]) {
    const trace = global_trace();
    let reader = readers.get(file);
    if (reader === undefined) {
      readers.set(file, (reader = { printer: new EntryPrinter(trace, []), rest: '', read: false }));
    }
    if (reader.rest === '') {
      const error = yield* wait(file, () => buffers.some(({ length }) => length > 0), reader);
      if (error < 0) return error;
      if (error === 0) return '';
    }
    while (reader.rest.length < size) {
      const line = takeLine(buffers, reader.printer);
      if (line === '') break;
      reader.rest += line;
    }
    reader.read = true;
    const part = reader.rest.slice(0, size);
    reader.rest = reader.rest.slice(size);
    return part;
  },
);

/** The oldest entry of all, printed and taken out; '' if there is none. */
function takeLine(buffers: readonly CpuBuffer[], printer: EntryPrinter): string {
  let oldest: CpuBuffer | null = null;
  for (const buffer of buffers) {
    if (buffer.length === 0) continue;
    if (oldest === null || buffer.at(0).time < oldest.at(0).time) oldest = buffer;
  }
  if (oldest === null) return '';
  const from = oldest;
  const lost = from.lost > 0 ? `CPU:${from.cpu} [LOST ${from.lost} EVENTS]\n` : '';
  from.lost = 0;
  const entry = from.take();
  const text = printer.print(
    entry,
    () => (from.length > 0 ? from.at(0) : null),
    () => from.take(),
    () => (from.length > 0 ? from.at(0) : null),
  );
  return lost + text;
}

export function tracePipe(buffers: () => readonly CpuBuffer[]): PseudoFile {
  return {
    kind: 'regular',
    fops: { read: (file, size) => tracing_read_pipe(file, size, buffers()) },
  };
}

/** tracing_buffers_read() - a page of records. */
const tracing_buffers_read = kfunc('tracing_buffers_read', function* (file: FileStruct, buffer: CpuBuffer) {
  const error = yield* wait(file, () => buffer.length > 0, null);
  return error < 0 ? error : takePage(buffer);
});

export function tracePipeRaw(buffer: () => CpuBuffer): PseudoFile {
  return { kind: 'regular', fops: { read: (file) => tracing_buffers_read(file, buffer()) } };
}
