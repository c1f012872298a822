import type { Body } from '../../sim/call.ts';
import { seconds, type Ns } from '../../base/brand.ts';
import { bytesOfText, textOfBytes } from '../../base/byte-text.ts';
import { gunzipStored } from '../../base/gzip.ts';
import { machineInForce } from '../../sim/machine-in-force.ts';
import { utsVersion } from '../../kernel/fs/proc/banner.ts';
import { machineMemory } from '../../kernel/fs/proc/memory.ts';
import { strerror } from '../../kernel/include/errno.ts';
import { O_WRONLY } from '../../kernel/include/fs.ts';
import { current } from '../../kernel/include/sched.ts';
import { K } from '../../kernel/include/mm.ts';
import { kernel } from '../../kernel/kernel.ts';
import {
  close,
  listDirectory,
  nanosleep,
  open,
  print,
  readAll,
  STDERR,
  STDIN,
  STDOUT,
} from '../userland/libc.ts';
import { failure } from './files.ts';
import { byText } from './lines.ts';
import { dateText, now } from './date.ts';
import { withOptions } from './program.ts';

export const sleep = withOptions(
  { name: 'sleep', summary: 'Waits.', operands: 'SECONDS...', options: [] },
  function* ({ operands }) {
    let duration = 0;
    for (const word of operands) {
      const nanoseconds = durationOf(word);
      if (nanoseconds === null) {
        yield* print(STDERR, `sleep: invalid time interval '${word}'\n`);
        return 1;
      }
      duration += nanoseconds;
    }
    if (operands.length === 0) {
      yield* print(STDERR, 'sleep: missing operand\n');
      return 1;
    }
    yield* nanosleep(duration as Ns);
    return 0;
  },
);

/** `0.6`, `2m`, `infinity` in nanoseconds; null for anything else. */
export function durationOf(word: string): number | null {
  if (/^inf(inity)?$/.test(word)) return FOREVER;
  const match = /^(\d+)(?:\.(\d{1,9}))?([smhd]?)$/.exec(word) ?? /^()\.(\d{1,9})([smhd]?)$/.exec(word);
  if (match === null) return null;
  const unit = { '': 1, s: 1, m: 60, h: 3600, d: 86400 }[match[3]] ?? 1;
  const fraction = Number((match[2] ?? '').padEnd(9, '0'));
  return (seconds(Number(match[1])) + fraction) * unit;
}

/** Three months: no run of the model takes so long. */
const FOREVER = 8_000_000e9;

/** The name of the guest, as virtme-ng hands it over. */
const hostName = (): string => kernel().append.get('virtme_hostname') ?? 'virtme-ng';

export const uname = withOptions(
  {
    name: 'uname',
    summary: 'Prints what system this is.',
    options: [
      { flag: '-a', long: '--all', description: 'everything' },
      { flag: '-s', long: '--kernel-name', description: "the kernel's name" },
      { flag: '-n', long: '--nodename', description: 'the host name' },
      { flag: '-r', long: '--kernel-release', description: "the kernel's release" },
      { flag: '-v', long: '--kernel-version', description: "the kernel's build" },
      { flag: '-m', long: '--machine', description: 'the machine' },
      { flag: '-p', long: '--processor', description: 'the processor' },
      { flag: '-i', long: '--hardware-platform', description: 'the platform' },
      { flag: '-o', long: '--operating-system', description: 'the operating system' },
    ],
  },
  function* (options) {
    const all = options.has('-a');
    const parts = [
      ['-s', 'Linux'],
      ['-n', hostName()],
      ['-r', kernel().tree.release],
      ['-v', utsVersion()],
      ['-m', 'x86_64'],
      ['-o', 'GNU/Linux'],
    ].filter(([flag]) => all || options.has(flag));
    for (const flag of ['-p', '-i']) if (options.has(flag) && !all) parts.push([flag, 'unknown']);
    yield* print(STDOUT, `${parts.length === 0 ? 'Linux' : parts.map(([, text]) => text).join(' ')}\n`);
    return 0;
  },
);

export const nproc = withOptions(
  {
    name: 'nproc',
    summary: 'Prints how many CPUs there are.',
    options: [{ flag: '--all', description: 'all, as it is anyway' }],
  },
  function* () {
    yield* print(STDOUT, `${kernel().cpus}\n`);
    return 0;
  },
);

export const hostname = withOptions(
  {
    name: 'hostname',
    summary: "Prints the host's name.",
    options: [{ flag: '-s', description: 'the first part of it, which is all' }],
  },
  function* () {
    yield* print(STDOUT, `${hostName()}\n`);
    return 0;
  },
);

const userName = (environment: ReadonlyMap<string, string>): string =>
  current().uid === 0 ? 'root' : (environment.get('USER') ?? 'user');

export const whoami = withOptions(
  { name: 'whoami', summary: "Prints the user's name.", options: [] },
  function* (_options, { environment }) {
    yield* print(STDOUT, `${userName(environment)}\n`);
    return 0;
  },
);

export const id = withOptions(
  {
    name: 'id',
    summary: 'Prints who the user is.',
    options: [
      { flag: '-u', long: '--user', description: 'only the number' },
      { flag: '-g', long: '--group', description: 'only the number of the group' },
      { flag: '-n', long: '--name', description: 'with -u or -g the name' },
    ],
  },
  function* (options, { environment }) {
    const { uid } = current();
    const name = userName(environment);
    const one = options.has('-n') ? name : String(uid);
    const whole = `uid=${uid}(${name}) gid=${uid}(${name}) groups=${uid}(${name})`;
    yield* print(STDOUT, `${options.has('-u') || options.has('-g') ? one : whole}\n`);
    return 0;
  },
);

export const printenv = withOptions(
  { name: 'printenv', summary: 'Prints variables of the environment.', operands: '[NAME]...', options: [] },
  function* ({ operands }, { environment }) {
    if (operands.length === 0) {
      for (const [name, value] of environment) yield* print(STDOUT, `${name}=${value}\n`);
      return 0;
    }
    let status = 0;
    for (const name of operands) {
      const value = environment.get(name);
      if (value === undefined) status = 1;
      else yield* print(STDOUT, `${value}\n`);
    }
    return status;
  },
);

export const free = withOptions(
  {
    name: 'free',
    summary: 'Shows how much memory there is.',
    options: [
      { flag: '-b', long: '--bytes', description: 'in bytes' },
      { flag: '-k', long: '--kibi', description: 'in KiB, as it is anyway' },
      { flag: '-m', long: '--mebi', description: 'in MiB' },
      { flag: '-g', long: '--gibi', description: 'in GiB' },
      { flag: '-h', long: '--human', description: 'in what suits each number' },
      { flag: '-t', long: '--total', description: 'with a line of sums' },
      { flag: '-w', long: '--wide', description: 'accepted' },
    ],
  },
  function* (options) {
    const { total, free: left, shmem, swapTotal, swapFree } = yield* machineMemory();
    const shift = options.has('-g') ? 20 : options.has('-m') ? 10 : 0;
    const show = (pages: number): string => {
      const kB = K(pages);
      if (options.has('-h')) return human(kB);
      return String(options.has('-b') ? kB * 1024 : Math.floor(kB / (1 << shift)));
    };
    const used = total - left - shmem;
    const row = (name: string, pages: readonly number[]): string =>
      `${name.padEnd(8)}${pages.map((value) => show(value).padStart(12)).join('')}\n`;
    const titles = ['total', 'used', 'free', 'shared', 'buff/cache', 'available'];
    let text = `${' '.repeat(8)}${titles.map((title) => title.padStart(12)).join('')}\n`;
    text += row('Mem:', [total, used, left, shmem, shmem, left]);
    text += row('Swap:', [swapTotal, swapTotal - swapFree, swapFree]);
    if (options.has('-t'))
      text += row('Total:', [total + swapTotal, used + swapTotal - swapFree, left + swapFree]);
    yield* print(STDOUT, text);
    return 0;
  },
);

/** `1.9Gi`, `220Ki`: three digits and a unit. */
function human(kB: number): string {
  if (kB === 0) return '0B';
  let value = kB;
  let unit = 0;
  for (; value >= 1024 && unit < 3; unit++) value /= 1024;
  return `${value < 10 ? value.toFixed(1) : Math.floor(value)}${['Ki', 'Mi', 'Gi', 'Ti'][unit]}`;
}

export const uptime = withOptions(
  {
    name: 'uptime',
    summary: 'Shows for how long the guest has been up.',
    options: [
      { flag: '-p', long: '--pretty', description: 'in words' },
      { flag: '-s', long: '--since', description: 'since when' },
    ],
  },
  function* (options) {
    const up = Math.floor(machineInForce().now / 1e9);
    const clock = now().seconds;
    if (options.has('-s')) yield* print(STDOUT, `${dateText(clock - up, '%F %T')}\n`);
    else if (options.has('-p')) {
      const minutes = Math.floor(up / 60);
      yield* print(STDOUT, `up ${minutes} minute${minutes === 1 ? '' : 's'}\n`);
    } else {
      const load = yield* readWhole('/proc/loadavg');
      const [one, five, fifteen] = load.split(' ');
      yield* print(
        STDOUT,
        ` ${dateText(clock, '%T')} up ${Math.floor(up / 60)} min,  1 user,  load average: ${one}, ${five}, ${fifteen}\n`,
      );
    }
    return 0;
  },
);

function* readWhole(path: string): Body<string> {
  const fd = yield* open(path);
  if (fd < 0) return '';
  const text = yield* readAll(fd);
  yield* close(fd);
  return typeof text === 'string' ? text : '';
}

export const sysctl = withOptions(
  {
    name: 'sysctl',
    summary: 'Reads and changes settings of the kernel.',
    operands: '[NAME[=VALUE]]...',
    permutes: true,
    options: [
      { flag: '-a', long: '--all', description: 'all settings' },
      { flag: '-n', long: '--values', description: 'only values' },
      { flag: '-q', long: '--quiet', description: 'say nothing of what is changed' },
      { flag: '-w', long: '--write', description: 'accepted' },
    ],
  },
  function* (options) {
    const names = options.has('-a') ? yield* settingsBelow('/proc/sys') : options.operands;
    if (names.length === 0) {
      yield* print(STDERR, 'sysctl: no variables specified\n');
      return 1;
    }
    let status = 0;
    for (const word of names) {
      const at = word.indexOf('=');
      const name = (at < 0 ? word : word.slice(0, at)).trim().replaceAll('/', '.');
      const path = `/proc/sys/${name.replaceAll('.', '/')}`;
      const fd = yield* open(path, at < 0 ? undefined : O_WRONLY);
      if (fd < 0) {
        yield* print(STDERR, `sysctl: cannot stat ${path}: ${strerror(fd)}\n`);
        status = 255;
        continue;
      }
      let value: string | number = word.slice(at + 1).trim();
      const error = at < 0 ? 0 : yield* print(fd, `${value}\n`);
      if (at < 0) value = yield* readAll(fd);
      yield* close(fd);
      if (error < 0) {
        yield* print(STDERR, `sysctl: setting key "${name}": ${strerror(error)}\n`);
        status = 255;
      } else if (!(options.has('-q') && at >= 0)) {
        const text = String(value).trimEnd();
        yield* print(STDOUT, options.has('-n') ? `${text}\n` : `${name} = ${text}\n`);
      }
    }
    return status;
  },
);

function* settingsBelow(path: string): Body<string[]> {
  const names = yield* listDirectory(path);
  if (typeof names === 'number') return [path.slice('/proc/sys/'.length).replaceAll('/', '.')];
  const all: string[] = [];
  for (const name of [...names].sort(byText)) all.push(...(yield* settingsBelow(`${path}/${name}`)));
  return all;
}

export const zcat = withOptions(
  {
    name: 'zcat',
    summary: 'Prints gzip files, which must be stored without compression.',
    operands: '[FILE]...',
    options: [{ flag: '-f', description: 'print other files as they are' }],
  },
  function* (options) {
    let status = 0;
    for (const path of options.operands.length === 0 ? ['-'] : options.operands) {
      const fd = path === '-' ? STDIN : yield* open(path);
      if (fd < 0) {
        status = yield* failure('gzip', path, fd);
        continue;
      }
      const text = yield* readAll(fd);
      if (fd !== STDIN) yield* close(fd);
      if (typeof text === 'number') {
        status = yield* failure('gzip', path, text);
        continue;
      }
      const unpacked = gunzipStored(bytesOfText(text));
      if ('data' in unpacked) yield* print(STDOUT, textOfBytes(unpacked.data));
      else if (options.has('-f')) yield* print(STDOUT, text);
      else {
        yield* print(STDERR, `\ngzip: ${path === '-' ? 'stdin' : path}: ${unpacked.error}\n`);
        status = 1;
      }
    }
    return status;
  },
);

export const lscpu = withOptions(
  { name: 'lscpu', summary: 'Shows what CPUs there are.', options: [] },
  function* () {
    const { cpus } = kernel();
    const rows: readonly (readonly [string, string])[] = [
      ['Architecture', 'x86_64'],
      ['  CPU op-mode(s)', '32-bit, 64-bit'],
      ['  Address sizes', '52 bits physical, 57 bits virtual'],
      ['  Byte Order', 'Little Endian'],
      ['CPU(s)', String(cpus)],
      ['  On-line CPU(s) list', cpus === 1 ? '0' : `0-${cpus - 1}`],
      ['Vendor ID', 'AuthenticAMD'],
      ['  Model name', 'QEMU TCG CPU version 2.5+'],
      ['    Thread(s) per core', '1'],
      ['    Core(s) per socket', String(cpus)],
      ['Virtualization features', ''],
      ['  Virtualization', 'AMD-V'],
    ];
    const width = Math.max(...rows.map(([name]) => name.length)) + 2;
    yield* print(
      STDOUT,
      rows.map(([name, value]) => `${`${name}:`.padEnd(width)}${value}`.trimEnd() + '\n').join(''),
    );
    return 0;
  },
);
