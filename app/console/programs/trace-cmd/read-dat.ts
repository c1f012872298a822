import { bytesOfText, textOfBytes, type Bytes } from '../../../base/byte-text.ts';
import type { FieldValue } from '../../../kernel/kernel/trace/event_format.ts';

/** A field of a record as the file's own formats declare it. */
export interface DatField {
  readonly name: string;
  readonly type: string;
  readonly offset: number;
  readonly size: number;
  readonly signed: boolean;
}

export interface DatEvent {
  readonly system: string;
  readonly name: string;
  readonly id: number;
  readonly fields: readonly DatField[];
}

export interface DatRecord {
  /** Nanoseconds. */
  readonly time: number;
  readonly cpu: number;
  readonly event: DatEvent | null;
  readonly type: number;
  readonly pid: number;
  readonly flags: number;
  readonly preempt: number;
  readonly values: ReadonlyMap<string, FieldValue>;
  /** From the first byte of the record on. */
  readonly bytes: Bytes;
}

export interface DatContent {
  readonly cpus: number;
  readonly records: readonly DatRecord[];
  readonly commands: ReadonlyMap<number, string>;
  /** By address, ascending. */
  readonly symbols: readonly (readonly [address: bigint, name: string])[];
  readonly events: readonly DatEvent[];
  readonly uname: string;
}

class Damaged extends Error {}

/** Reads a little-endian file piece by piece; beyond its end it is damaged. */
class Reader {
  at = 0;

  constructor(readonly text: string) {}

  take(size: number): string {
    if (size < 0 || this.at + size > this.text.length) throw new Damaged('the file ends too early');
    this.at += size;
    return this.text.slice(this.at - size, this.at);
  }

  number(size: number): number {
    return Number(numberAt(this.take(size), 0, size));
  }

  /** Up to a NUL. */
  word(): string {
    const end = this.text.indexOf('\0', this.at);
    if (end < 0) throw new Damaged('the file ends too early');
    const word = this.text.slice(this.at, end);
    this.at = end + 1;
    return word;
  }
}

export function numberAt(bytes: string, at: number, size: number, signed = false): bigint {
  let value = 0n;
  for (let i = size - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes.charCodeAt(at + i) & 0xff);
  return signed ? BigInt.asIntN(size * 8, value) : value;
}

/** Reads a trace.dat of version 6; a text is why it cannot be read. */
export function readDat(file: string): DatContent | string {
  try {
    return contentOf(new Reader(bytesOfText(file)));
  } catch (error) {
    if (error instanceof Damaged) return error.message;
    throw error;
  }
}

function contentOf(reader: Reader): DatContent {
  if (reader.take(3) !== '\x17\x08\x44' || reader.take(7) !== 'tracing')
    throw new Damaged('not a trace file');
  const version = reader.word();
  if (version !== '6')
    throw new Damaged(`version ${version} cannot be read here (trace-cmd convert --file-version 6)`);
  if (reader.number(1) !== 0) throw new Damaged('big endian files cannot be read');
  reader.take(1);
  const page = reader.number(4);
  for (let i = 0; i < 2; i++) {
    reader.word();
    reader.take(reader.number(8));
  }
  const events: DatEvent[] = formats(reader, 'ftrace');
  const systems = reader.number(4);
  for (let i = 0; i < systems; i++) events.push(...formats(reader, reader.word()));
  const symbols = symbolsOf(reader.take(reader.number(4)));
  reader.take(reader.number(4));
  const commands = new Map<number, string>();
  for (const line of reader.take(reader.number(8)).split('\n')) {
    const match = /^(\d+) (.*)$/.exec(line);
    if (match !== null) commands.set(Number(match[1]), textOfBytes(match[2]));
  }
  const cpus = reader.number(4);
  let uname = '';
  let tag = reader.take(10);
  if (tag === 'options  \0') {
    for (let id = reader.number(2); id !== 0; id = reader.number(2)) {
      const data = reader.take(reader.number(4));
      if (id === 5) uname = data.replace(/\0.*$/s, '');
    }
    tag = reader.take(10);
  }
  if (tag !== 'flyrecord\0') throw new Damaged('only recordings can be read');
  const byId = new Map(events.map((event) => [event.id, event]));
  const records: DatRecord[] = [];
  for (let cpu = 0; cpu < cpus; cpu++) {
    const offset = reader.number(8);
    const size = reader.number(8);
    for (let at = offset; at < offset + size && at + 16 <= reader.text.length; at += page) {
      readPage(reader.text.slice(at, at + page), cpu, byId, records);
    }
  }
  // Records of one CPU are in order already.
  records.sort((a, b) => a.time - b.time || a.cpu - b.cpu);
  return { cpus, records, commands, symbols, events, uname };
}

function formats(reader: Reader, system: string): DatEvent[] {
  const count = reader.number(4);
  const events: DatEvent[] = [];
  for (let i = 0; i < count; i++) {
    const text = reader.take(reader.number(8));
    const fields: DatField[] = [];
    const pattern = /\tfield:(.+?);\toffset:(\d+);\tsize:(\d+);\tsigned:(\d);/g;
    for (const [, declaration, offset, size, signed] of text.matchAll(pattern)) {
      const name = /(\w+)(?:\[\w*\])?$/.exec(declaration)?.[1] ?? '';
      const type =
        declaration.slice(0, declaration.lastIndexOf(name)) + (/\[\w+\]$/.test(declaration) ? '[]' : '');
      fields.push({ name, type, offset: Number(offset), size: Number(size), signed: signed === '1' });
    }
    const [, name] = /^name: (\S+)/m.exec(text) ?? [];
    const [, id] = /^ID: (\d+)/m.exec(text) ?? [];
    if (name === undefined || id === undefined) throw new Damaged('a format without a name');
    events.push({
      system,
      name,
      id: Number(id),
      fields: fields.filter((field) => !field.name.startsWith('common_')),
    });
  }
  return events;
}

function symbolsOf(text: string): (readonly [bigint, string])[] {
  const symbols: (readonly [bigint, string])[] = [];
  for (const line of text.split('\n')) {
    const match = /^([0-9a-f]{1,16}) \S (\S+)/.exec(line);
    if (match !== null) symbols.push([BigInt(`0x${match[1]}`), match[2]]);
  }
  return symbols.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

/** The records of one page of a ring buffer. */
function readPage(page: string, cpu: number, byId: ReadonlyMap<number, DatEvent>, into: DatRecord[]): void {
  let time = Number(numberAt(page, 0, 8));
  const commit = Number(numberAt(page, 8, 8)) & 0xfffff;
  const end = Math.min(16 + commit, page.length);
  for (let at = 16; at + 4 <= end;) {
    const head = Number(numberAt(page, at, 4));
    const kind = head & 31;
    const delta = Math.floor(head / 32);
    at += 4;
    if (kind === 30) {
      time += delta + Number(numberAt(page, at, 4)) * 0x8000000;
      at += 4;
      continue;
    }
    if (kind === 31) {
      time = delta + Number(numberAt(page, at, 4)) * 0x8000000;
      at += 4;
      continue;
    }
    time += delta;
    if (kind === 29) {
      at += Math.max(4, Number(numberAt(page, at, 4)));
      continue;
    }
    const size = kind === 0 ? Number(numberAt(page, at, 4)) - 4 : kind * 4;
    if (kind === 0) at += 4;
    if (size < 8 || at + size > page.length) return;
    into.push(recordOf(page.slice(at, at + size), time, cpu, byId));
    at += size;
  }
}

function recordOf(bytes: string, time: number, cpu: number, byId: ReadonlyMap<number, DatEvent>): DatRecord {
  const type = Number(numberAt(bytes, 0, 2));
  const event = byId.get(type) ?? null;
  const values = new Map<string, FieldValue>();
  for (const field of event?.fields ?? []) values.set(field.name, valueOf(field, bytes));
  return {
    ...{ time, cpu, event, type, values, bytes },
    flags: bytes.charCodeAt(2),
    preempt: bytes.charCodeAt(3),
    pid: Number(numberAt(bytes, 4, 4, true)),
  };
}

function valueOf({ type, offset, size, signed }: DatField, bytes: string): FieldValue {
  if (type.startsWith('__data_loc')) {
    const place = Number(numberAt(bytes, offset, 4));
    const at = place & 0xffff;
    return textAt(bytes, at, at + (place >>> 16));
  }
  if (/^char\b.*\[\]$/.test(type) || (size === 0 && type.startsWith('char'))) {
    return textAt(bytes, offset, size === 0 ? bytes.length : offset + size);
  }
  return size === 0 || size > 8 ? 0n : numberAt(bytes, offset, size, signed);
}

function textAt(bytes: string, from: number, to: number): string {
  const text = bytes.slice(from, to);
  const end = text.indexOf('\0');
  return textOfBytes(end < 0 ? text : text.slice(0, end));
}
