import { bytesOfText, type Bytes } from '../../../base/byte-text.ts';
import type { Body } from '../../../sim/call.ts';
import { little } from '../../../kernel/kernel/trace/raw_output.ts';
import { utsVersion } from '../../../kernel/fs/proc/banner.ts';
import { kernel } from '../../../kernel/kernel.ts';
import { close, open, readAll } from '../../userland/libc.ts';
import { names, readTracing } from './tracefs.ts';

// trace.dat, version 6, in the order of its parts (trace-cmd.dat.v6(5)).

const PAGE = 4096;
const OPTION = { cpuStat: 2, traceClock: 4, uname: 5, version: 9 } as const;

/** A text behind its length in 8 bytes. */
const long = (text: string): string => little(text.length, 8) + text;
/** A text behind its length in 4 bytes. */
const short = (text: string): string => little(text.length, 4) + text;

export interface CpuData {
  readonly pages: Bytes;
  readonly stats: string;
}

/** The contents of a trace.dat, and where each CPU's data begin in it. */
export interface DatFile {
  readonly content: Bytes;
  readonly offsets: readonly number[];
}

/** Makes a file of what was recorded, with the formats of the events of `systems`. */
export function* makeDat(systems: readonly string[], cpus: readonly CpuData[]): Body<DatFile> {
  const head = [
    '\x17\x08\x44tracing6\0',
    ...['\0', '\x08', little(PAGE, 4)],
    `header_page\0${long(yield* readTracing('events/header_page'))}`,
    `header_event\0${long(yield* readTracing('events/header_event'))}`,
    yield* formatsOf('ftrace'),
    little(systems.length, 4),
  ];
  for (const system of systems) head.push(`${system}\0${yield* formatsOf(system)}`);
  head.push(
    short(yield* readFile('/proc/kallsyms')),
    // No printk formats: events of the model carry their texts themselves.
    short(''),
    long(bytesOfText(yield* readTracing('saved_cmdlines'))),
    little(cpus.length, 4),
    'options  \0',
    ...cpus.map(({ stats }) => option(OPTION.cpuStat, `${stats}\0`)),
    option(OPTION.traceClock, `${yield* readTracing('trace_clock')}\0`),
    option(OPTION.uname, `Linux virtme-ng ${kernel().tree.release} ${utsVersion()} x86_64\0`),
    option(OPTION.version, 'scythe\0'),
    little(0, 2),
    'flyrecord\0',
  );
  const text = head.join('');
  const table = cpus.length * 16;
  let at = aligned(text.length + table);
  const start = at;
  const offsets: number[] = [];
  let rows = '';
  let data = '';
  for (const { pages } of cpus) {
    offsets.push(at);
    rows += little(at, 8) + little(pages.length, 8);
    data += pages;
    at += aligned(pages.length);
  }
  return { content: (text + rows).padEnd(start, '\0') + data, offsets };
}

const aligned = (size: number): number => Math.ceil(size / PAGE) * PAGE;
const option = (id: number, data: string): string => little(id, 2) + short(data);

/** The number of formats of a system, then each behind its length. */
function* formatsOf(system: string): Body<string> {
  const formats: string[] = [];
  for (const event of yield* names(`events/${system}`)) {
    const text = yield* readTracing(`events/${system}/${event}/format`);
    if (text !== '') formats.push(long(text));
  }
  return little(formats.length, 4) + formats.join('');
}

function* readFile(path: string): Body<string> {
  const fd = yield* open(path);
  if (fd < 0) return '';
  const text = yield* readAll(fd);
  yield* close(fd);
  return typeof text === 'string' ? bytesOfText(text) : '';
}
