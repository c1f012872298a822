import type { Body } from '../../sim/call.ts';
import { machineInForce } from '../../sim/machine-in-force.ts';
import { taskMemory } from '../../kernel/fs/proc/array.ts';
import { BOOT_SECONDS } from '../../kernel/fs/proc/banner.ts';
import { machineMemory } from '../../kernel/fs/proc/memory.ts';
import { allTasks, priorityOf, stateOf, waitChannel } from '../../kernel/fs/proc/tasks.ts';
import { K } from '../../kernel/include/mm.ts';
import { current, PF_KTHREAD, type TaskStruct } from '../../kernel/include/sched.ts';
import { kernel } from '../../kernel/kernel.ts';
import { totalram_pages } from '../../kernel/mm/page_limit.ts';
import { nanosleep, print, STDERR, STDOUT } from '../userland/libc.ts';
import { dateText } from './date.ts';
import { withOptions, type Invocation, type Program } from './program.ts';
import { seconds, type Ns } from '../../base/brand.ts';

// Both read /proc in a real guest; the model's tools take the same values from the same functions.

/** What the columns are made of. */
interface Row {
  readonly task: TaskStruct;
  readonly vsz: number;
  readonly rss: number;
}

function* rowsOf(tasks: readonly TaskStruct[]): Body<readonly Row[]> {
  const rows: Row[] = [];
  for (const task of tasks) {
    const memory = yield* taskMemory(task);
    const rss = memory === null ? 0 : memory.anon + memory.file + memory.shmem;
    rows.push({ task, vsz: K(memory?.total ?? 0), rss: K(rss) });
  }
  return rows;
}

/** The words of the call, or the name in brackets where there are none. */
function commandOf(task: TaskStruct, row: Row): string {
  const kernelThread = (task.flags & PF_KTHREAD) !== 0;
  if (stateOf(task)[0] === 'Z') return `[${task.comm}] <defunct>`;
  if (kernelThread || row.vsz === 0) return `[${task.comm}]`;
  return task.arg_words.length > 0 ? task.arg_words.join(' ') : task.comm;
}

/** `Ss`, `R<`: the state with what else is worth a letter. */
function statOf(task: TaskStruct): string {
  const threads = task.signal.threads.length > 1 ? 'l' : '';
  const high = task.thread.standing.priority > 0 ? '<' : '';
  const leader = task.pid === SHELL_PID ? 's' : '';
  return `${stateOf(task)[0]}${high}${leader}${threads}`;
}

const SHELL_PID = 63;

const elapsed = (task: TaskStruct): number =>
  Math.max(0, Math.floor((machineInForce().now - task.start_time) / 1e9));

function elapsedText(task: TaskStruct): string {
  const total = elapsed(task);
  const text = `${String(Math.floor(total / 60) % 60).padStart(2, '0')}:${String(total % 60).padStart(2, '0')}`;
  return total < 3600 ? text : `${String(Math.floor(total / 3600)).padStart(2, '0')}:${text}`;
}

interface Column {
  readonly title: string;
  readonly width: number;
  readonly left?: boolean;
  readonly value: (row: Row) => string;
}

const memoryPercent = ({ rss }: Row): string => ((rss * 100) / K(totalram_pages())).toFixed(1);
const tty = ({ task }: Row): string => ((task.flags & PF_KTHREAD) !== 0 ? '?' : 'hvc0');
const start = ({ task }: Row): string => dateText(BOOT_SECONDS + Math.floor(task.start_time / 1e9), '%H:%M');

/** Columns by their names in -o. */
const COLUMNS: Readonly<Record<string, Column>> = {
  args: { title: 'COMMAND', width: 27, left: true, value: (row) => commandOf(row.task, row) },
  bsdstart: { title: 'START', width: 5, left: true, value: start },
  bsdtime: { title: 'TIME', width: 6, value: () => '0:00' },
  cmd: { title: 'CMD', width: 27, left: true, value: (row) => commandOf(row.task, row) },
  comm: { title: 'COMMAND', width: 15, left: true, value: ({ task }) => task.comm },
  command: { title: 'COMMAND', width: 27, left: true, value: (row) => commandOf(row.task, row) },
  cpu: { title: 'CPU', width: 3, value: ({ task }) => String(task.thread.cpu % kernel().cpus) },
  etime: { title: 'ELAPSED', width: 11, value: ({ task }) => elapsedText(task) },
  nlwp: { title: 'NLWP', width: 4, value: ({ task }) => String(Math.max(1, task.signal.threads.length)) },
  ni: { title: 'NI', width: 3, value: () => '0' },
  pcpu: { title: '%CPU', width: 4, value: () => '0.0' },
  pgid: { title: 'PGID', width: 7, value: ({ task }) => String(task.tgid) },
  pid: { title: 'PID', width: 7, value: ({ task }) => String(task.pid) },
  pmem: { title: '%MEM', width: 4, value: memoryPercent },
  ppid: { title: 'PPID', width: 7, value: ({ task }) => String(task.ppid) },
  pri: { title: 'PRI', width: 3, value: ({ task }) => String(139 - priorityOf(task)) },
  psr: { title: 'PSR', width: 3, value: ({ task }) => String(task.thread.cpu % kernel().cpus) },
  rss: { title: 'RSS', width: 5, value: ({ rss }) => String(rss) },
  s: { title: 'S', width: 1, left: true, value: ({ task }) => stateOf(task)[0] },
  start: { title: 'STARTED', width: 8, value: start },
  stat: { title: 'STAT', width: 4, left: true, value: ({ task }) => statOf(task) },
  state: { title: 'S', width: 1, left: true, value: ({ task }) => stateOf(task)[0] },
  stime: { title: 'STIME', width: 5, left: true, value: start },
  tid: { title: 'TID', width: 7, value: ({ task }) => String(task.pid) },
  time: { title: 'TIME', width: 8, value: () => '00:00:00' },
  tty: { title: 'TTY', width: 8, left: true, value: tty },
  user: { title: 'USER', width: 8, left: true, value: ({ task }) => (task.uid === 0 ? 'root' : 'user') },
  uid: { title: 'UID', width: 5, value: ({ task }) => String(task.uid) },
  vsz: { title: 'VSZ', width: 6, value: ({ vsz }) => String(vsz) },
  wchan: { title: 'WCHAN', width: 6, left: true, value: ({ task }) => waitChannel(task) || '-' },
};

const ALIASES: Readonly<Record<string, string>> = {
  '%cpu': 'pcpu',
  '%mem': 'pmem',
  ucmd: 'comm',
  ucomm: 'comm',
  pgrp: 'pgid',
  vsize: 'vsz',
  rssize: 'rss',
  euser: 'user',
  spid: 'tid',
  lwp: 'tid',
};

const DEFAULT = ['pid', 'tty', 'time', 'cmd'];
const FULL = ['user', 'pid', 'ppid', 'ni', 'stime', 'tty', 'time', 'cmd'];
const BSD = ['user', 'pid', 'pcpu', 'pmem', 'vsz', 'rss', 'tty', 'stat', 'bsdstart', 'bsdtime', 'command'];
const LONG = ['s', 'uid', 'pid', 'ppid', 'pri', 'ni', 'vsz', 'wchan', 'tty', 'time', 'cmd'];

interface Wishes {
  all: boolean;
  threads: boolean;
  columns: (readonly [name: string, title: string | null])[];
  pids: Set<number> | null;
  comms: Set<string> | null;
  titles: boolean;
  sort: string | null;
}

/** ps knows three ways to say the same: `-ef`, `aux`, `-eo pid,comm`. A text is what is wrong. */
function wishesOf(args: readonly string[]): Wishes | string {
  const wishes: Wishes = {
    all: false,
    threads: false,
    columns: [],
    pids: null,
    comms: null,
    titles: true,
    sort: null,
  };
  const use = (names: readonly string[]): void => {
    if (wishes.columns.length === 0) wishes.columns = names.map((name) => [name, null] as const);
  };
  const columns = (list: string): string | null => {
    for (const word of list.split(/[ ,]/)) {
      if (word === '') continue;
      const [given, ...title] = word.split('=');
      const name = ALIASES[given] ?? given.replace(/:\d+$/, '');
      if (!(name in COLUMNS)) return `error: unknown user-defined format specifier "${given}"`;
      wishes.columns.push([name, word.includes('=') ? title.join('=') : null]);
    }
    return null;
  };
  for (let at = 0; at < args.length; at++) {
    const word = args[at];
    if (/^\d+(,\d+)*$/.test(word)) {
      wishes.pids = new Set([...(wishes.pids ?? []), ...word.split(',').map(Number)]);
      continue;
    }
    if (word.startsWith('--')) {
      const [name, value = args[++at] ?? ''] = word.split('=');
      if (name === '--no-headers' || name === '--no-heading') {
        wishes.titles = false;
        if (!word.includes('=')) at--;
      } else if (name === '--sort') wishes.sort = value;
      else if (name === '--pid' || name === '--ppid') wishes.pids = new Set(value.split(',').map(Number));
      else return 'error: unknown gnu long option';
      continue;
    }
    const letters = word.replace(/^-/, '');
    for (let i = 0; i < letters.length; i++) {
      const letter = letters[i];
      const dashed = word.startsWith('-');
      const value = (): string => {
        const rest = letters.slice(i + 1);
        i = letters.length;
        return rest === '' ? (args[++at] ?? '') : rest;
      };
      if (letter === 'e' || letter === 'A' || letter === 'a' || letter === 'x') wishes.all = true;
      else if (letter === 'f') use(FULL);
      else if (letter === 'F') use(FULL);
      else if (letter === 'u' && !dashed) use(BSD);
      else if (letter === 'l') use(LONG);
      else if (letter === 'L' || letter === 'T' || letter === 'H' || letter === 'm') wishes.threads = true;
      else if (letter === 'w') continue;
      else if (letter === 'o') {
        const problem = columns(value());
        if (problem !== null) return problem;
      } else if (letter === 'p') wishes.pids = new Set(value().split(/[ ,]/).map(Number));
      else if (letter === 'C') wishes.comms = new Set(value().split(','));
      else return `error: unsupported option (BSD syntax) '${letter}'`;
    }
  }
  use(DEFAULT);
  return wishes;
}

function* taskList({ all, pids, comms, threads }: Wishes): Body<readonly TaskStruct[]> {
  const tasks = yield* allTasks();
  const mine = current();
  const chosen = tasks.filter((task) => {
    if (pids !== null) return pids.has(task.pid);
    if (comms !== null) return comms.has(task.comm);
    return all || ((task.flags & PF_KTHREAD) === 0 && task.uid === mine.uid);
  });
  return threads
    ? chosen.flatMap((task) => (task.signal.threads.length > 0 ? task.signal.threads : [task]))
    : chosen;
}

function sorted(rows: readonly Row[], key: string | null): readonly Row[] {
  if (key === null) return rows;
  const name = key.replace(/^[-+]/, '');
  const column = COLUMNS[ALIASES[name] ?? name];
  if (column === undefined) return rows;
  const sign = key.startsWith('-') ? -1 : 1;
  const number = (row: Row): number => Number(column.value(row));
  return [...rows].sort((a, b) => {
    const [x, y] = [column.value(a), column.value(b)];
    const order = Number.isNaN(number(a)) ? (x < y ? -1 : x > y ? 1 : 0) : number(a) - number(b);
    return sign * order || a.task.pid - b.task.pid;
  });
}

/** Columns beside each other; the last one is as wide as it likes. */
function table(rows: readonly Row[], wishes: Wishes): string {
  const shown = wishes.columns.map(([name, title]) => ({
    ...COLUMNS[name],
    title: title ?? COLUMNS[name].title,
  }));
  const cells = rows.map((row) => shown.map(({ value }) => value(row)));
  const widths = shown.map(({ width, title }, i) =>
    Math.max(width, title.length, ...cells.map((line) => (i === shown.length - 1 ? 0 : line[i].length))),
  );
  const line = (texts: readonly string[]): string =>
    texts
      .map((text, i) => (shown[i].left === true ? text.padEnd(widths[i]) : text.padStart(widths[i])))
      .join(' ')
      .trimEnd();
  const titles =
    wishes.titles && shown.some(({ title }) => title !== '') ? [line(shown.map(({ title }) => title))] : [];
  return [...titles, ...cells.map(line)].map((text) => `${text}\n`).join('');
}

export const ps: Program = {
  name: 'ps',
  summary: 'Lists processes.',
  operands: '[aux | -ef | -eo COLUMNS]...',
  options: [
    { flag: '-e', description: 'all processes' },
    { flag: '-f', description: 'more columns' },
    { flag: '-L', description: 'their threads' },
    { flag: '-o', value: 'COLUMNS', description: `of ${Object.keys(COLUMNS).join(', ')}` },
    { flag: '-p', value: 'PIDS', description: 'only these' },
    { flag: '-C', value: 'NAMES', description: 'only processes of these names' },
    { flag: '--sort', value: 'COLUMN', description: 'in order of a column, with - the other way round' },
    { flag: 'aux', description: 'all processes with their memory and states' },
  ],
  *main(invocation: Invocation): Body<number> {
    return yield* psBody.main(invocation);
  },
};

/** Its options are none that the usual parser could read. */
const psBody: Program = {
  ...ps,
  *main({ args }) {
    current().arg_words = ['ps', ...args];
    if (args.includes('--help')) {
      const rows = ps.options.map(
        ({ flag, value, description }) => `  ${`${flag} ${value ?? ''}`.padEnd(12)} ${description}\n`,
      );
      yield* print(STDOUT, `usage: ps ${ps.operands ?? ''}\n${ps.summary}\n${rows.join('')}`);
      return 0;
    }
    const wishes = wishesOf(args);
    if (typeof wishes === 'string') {
      yield* print(STDERR, `${wishes}\n\nUsage:\n ps [options]\n`);
      return 1;
    }
    const rows = sorted(yield* rowsOf(yield* taskList(wishes)), wishes.sort);
    yield* print(STDOUT, table(rows, wishes));
    return rows.length === 0 ? 1 : 0;
  },
};

export const top = withOptions(
  {
    name: 'top',
    summary: 'Shows what the machine does: memory and processes, again and again.',
    options: [
      { flag: '-b', description: 'in batch mode, as it always is' },
      { flag: '-n', value: 'N', description: 'so many times', default: '' },
      { flag: '-d', value: 'SECONDS', description: 'with so long in between', default: 3 },
      { flag: '-H', description: 'threads' },
      { flag: '-w', value: 'COLUMNS', description: 'accepted', default: '' },
    ],
  },
  function* (options) {
    const times = options.text('-n');
    const rounds = times === undefined ? Infinity : Number(times);
    for (let i = 0; i < rounds; i++) {
      if (i > 0) yield* nanosleep(Math.floor(options.number('-d') * seconds(1)) as Ns);
      const error = yield* print(STDOUT, (i > 0 ? '\n' : '') + (yield* topText()));
      if (error < 0) return 1;
    }
    return 0;
  },
);

function* topText(): Body<string> {
  const tasks = yield* allTasks();
  const rows = yield* rowsOf(tasks);
  const memory = yield* machineMemory();
  const count = (letters: string): number =>
    tasks.filter((task) => letters.includes(stateOf(task)[0])).length;
  const mib = (pages: number): string => (K(pages) / 1024).toFixed(1).padStart(8);
  const uptime = Math.floor(machineInForce().now / 1e9);
  const clock = dateText(BOOT_SECONDS + uptime, '%T');
  const load = `${count('RD')}.00`;
  const used = memory.total - memory.free - memory.shmem;
  const head = [
    `top - ${clock} up ${Math.floor(uptime / 60)} min,  1 user,  load average: ${load}, ${load}, ${load}`,
    `Tasks: ${String(tasks.length).padStart(3)} total, ${String(count('R')).padStart(3)} running, ${String(count('SDI')).padStart(3)} sleeping, ${String(count('T')).padStart(3)} stopped, ${String(count('Z')).padStart(3)} zombie`,
    '%Cpu(s):  0.0 us,  0.0 sy,  0.0 ni,100.0 id,  0.0 wa,  0.0 hi,  0.0 si,  0.0 st',
    `MiB Mem : ${mib(memory.total)} total, ${mib(memory.free)} free, ${mib(used)} used, ${mib(memory.shmem)} buff/cache`,
    `MiB Swap: ${mib(memory.swapTotal)} total, ${mib(memory.swapFree)} free, ${mib(memory.swapTotal - memory.swapFree)} used. ${mib(memory.free)} avail Mem`,
    '',
    '    PID USER      PR  NI    VIRT    RES    SHR S  %CPU  %MEM     TIME+ COMMAND',
  ];
  const lines = rows.map((row) => {
    const { task, vsz, rss } = row;
    const priority = priorityOf(task);
    const pr = priority < 100 ? (priority === 0 ? 'rt' : String(priority - 100)) : String(priority - 100);
    return [
      String(task.pid).padStart(7),
      'root'.padEnd(8),
      pr.padStart(3),
      '0'.padStart(3),
      ...[String(vsz).padStart(7), String(rss).padStart(6), '0'.padStart(6), stateOf(task)[0]],
      ...['0.0'.padStart(5), memoryPercent(row).padStart(5), '0:00.00'.padStart(9), task.comm],
    ].join(' ');
  });
  return `${[...head, ...lines].join('\n')}\n`;
}
