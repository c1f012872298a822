import { binaryText, bytesOfText } from '../../../base/byte-text.ts';
import { commonFields, valuesOf, type EventFormat } from './event_format.ts';
import { findEvent } from './event_table.ts';
import { symbolAddress } from '../kallsyms.ts';
import { BUFFER_PAGE, PAGE_HEADER, type CpuBuffer, type TraceEntry } from './ring_buffer.ts';

// The records of the ring buffer as `per_cpu/cpuN/trace_pipe_raw` hands them out: what trace-cmd copies into its files.

const LARGEST_SHORT = 28;
const TIME_EXTEND = 30;
const DELTA_BITS = 27;
const MOST_DELTA = 1 << DELTA_BITS;
const MOST_DATA = BUFFER_PAGE - PAGE_HEADER;

/** Types of ftrace's own records: enum trace_type. */
export const TYPE = { function: 1, stack: 4, print: 5, graph_return: 10, graph_entry: 11 } as const;

/** How many frames a record of a stack holds. */
const STACK_FRAMES = 8;

/** The next page of a CPU: as many of the oldest entries as it holds. '' if there are none. */
export function takePage(buffer: CpuBuffer): string {
  if (buffer.length === 0) return '';
  const start = buffer.at(0).time;
  let last = start;
  let data = '';
  while (buffer.length > 0) {
    const entry = buffer.at(0);
    const record = recordOf(entry, entry.time - last);
    if (data.length + record.length > MOST_DATA) break;
    data += record;
    last = entry.time;
    buffer.take();
  }
  return binaryText((little(start, 8) + little(data.length, 8) + data).padEnd(BUFFER_PAGE, '\0'));
}

/** A record with its header: kind or length in 5 bits, and the time since the record before it. */
function recordOf(entry: TraceEntry, delta: number): string {
  const payload = aligned(payloadOf(entry));
  const extend = delta < MOST_DELTA ? '' : timeExtend(delta);
  const own = delta < MOST_DELTA ? delta * 32 : 0;
  const words = payload.length / 4;
  if (words <= LARGEST_SHORT) return extend + little(words + own, 4) + payload;
  return extend + little(own, 4) + little(payload.length + 4, 4) + payload;
}

/** A difference in time that does not fit into a record: one of its own, after which that of the record is 0. */
function timeExtend(delta: number): string {
  return little(TIME_EXTEND + (delta % MOST_DELTA) * 32, 4) + little(Math.floor(delta / MOST_DELTA), 4);
}

const aligned = (payload: string): string => payload.padEnd(Math.ceil(payload.length / 4) * 4, '\0');

function payloadOf(entry: TraceEntry): string {
  switch (entry.kind) {
    case 'event': {
      const event = findEvent(entry.system, entry.name);
      return event === undefined ? '' : eventPayload(event, entry);
    }
    case 'function':
      return common(entry, TYPE.function) + address(entry.name) + address(entry.text);
    case 'graph_entry':
      return common(entry, TYPE.graph_entry) + address(entry.name) + little(entry.depth, 4);
    case 'graph_return':
      return [
        common(entry, TYPE.graph_return),
        ...[address(entry.name), little(entry.depth, 4), little(0, 4)],
        ...[little(entry.calltime, 8), little(entry.time, 8)],
      ].join('');
    case 'print':
      return `${common(entry, TYPE.print)}${address(entry.name)}${bytesOfText(entry.text)}\0`;
    case 'stack': {
      const frames = entry.frames.slice(0, STACK_FRAMES).map(({ symbol }) => address(symbol));
      const all = frames.join('').padEnd(STACK_FRAMES * 8, '\0');
      return `${common(entry, TYPE.stack)}${little(frames.length, 4)}\0\0\0\0${all}`;
    }
  }
}

function eventPayload(event: EventFormat, entry: TraceEntry): string {
  const values = valuesOf(event, entry.text);
  const bytes: string[] = [common(entry, event.id)];
  let at = bytes[0].length;
  const dynamic: string[] = [];
  const end = event.fields.reduce((most, { offset, size }) => Math.max(most, offset + size), at);
  let dynamicAt = end;
  for (const { name, type, length, offset, size } of event.fields) {
    bytes.push('\0'.repeat(offset - at));
    const value = values?.get(name) ?? 0n;
    if (type.startsWith('__data_loc')) {
      const text = `${typeof value === 'string' ? bytesOfText(value) : ''}\0`;
      bytes.push(little(dynamicAt + text.length * 0x10000, 4));
      dynamic.push(text);
      dynamicAt += text.length;
    } else if (length > 0)
      bytes.push(
        bytesOfText(String(value))
          .slice(0, length - 1)
          .padEnd(length, '\0'),
      );
    else bytes.push(big(typeof value === 'bigint' ? value : 0n, size));
    at = offset + size;
  }
  return bytes.join('') + dynamic.join('');
}

/** The fields that all records begin with. */
function common({ flags, pid }: TraceEntry, type: number): string {
  const sizes = commonFields.map(({ size }) => size);
  const preempt = depth(flags[3]) + depth(flags[4]) * 16;
  return [type, flagBits(flags), preempt, pid].map((value, i) => little(value, sizes[i])).join('');
}

const depth = (letter: string): number => (letter === '.' ? 0 : Number.parseInt(letter, 16) || 0);

/** enum trace_flag_type */
function flagBits([irqs, resched, context]: string): number {
  let bits = 0;
  if (irqs === 'd' || irqs === 'D') bits |= 0x01;
  if (irqs === 'b' || irqs === 'D') bits |= 0x80;
  if (resched === 'N' || resched === 'n') bits |= 0x04;
  if (context === 'h' || context === 'H') bits |= 0x08;
  if (context === 's' || context === 'H') bits |= 0x10;
  return bits;
}

const address = (symbol: string): string => big(symbolAddress(symbol), 8);

/** A whole number from 0 on, least byte first. */
export function little(value: number, size: number): string {
  let text = '';
  for (let rest = value, i = 0; i < size; i++, rest = Math.floor(rest / 256)) {
    text += String.fromCharCode(rest % 256);
  }
  return text;
}

function big(value: bigint, size: number): string {
  let text = '';
  for (let rest = BigInt.asUintN(size * 8, value), i = 0; i < size; i++, rest >>= 8n) {
    text += String.fromCharCode(Number(rest & 0xffn));
  }
  return text;
}

/** Formats that a page of records cannot be read without. */
export const PAGE_FORMAT = [
  '\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n',
  '\tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;\n',
  '\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;\n',
  `\tfield: char data;\toffset:16;\tsize:${MOST_DATA};\tsigned:0;\n`,
].join('');

export const RECORD_FORMAT = [
  '# compressed entry header\n',
  '\ttype_len    :    5 bits\n',
  '\ttime_delta  :   27 bits\n',
  '\tarray       :   32 bits\n\n',
  '\tpadding     : type == 29\n',
  '\ttime_extend : type == 30\n',
  '\ttime_stamp : type == 31\n',
  `\tdata max type_len  == ${LARGEST_SHORT}\n`,
].join('');
