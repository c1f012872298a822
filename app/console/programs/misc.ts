import { O_RDONLY } from '../../kernel/include/fs.ts';
import { kernel_power_off, kernel_restart } from '../../kernel/kernel/reboot.ts';
import { syscall } from '../../kernel/arch/x86/entry/common.ts';
import { machineMemory } from '../../kernel/fs/proc/memory.ts';
import { allTasks, stateOf } from '../../kernel/fs/proc/tasks.ts';
import { K } from '../../kernel/include/mm.ts';
import { seconds, type Ns } from '../../base/brand.ts';
import { stat } from '../userland/files.ts';
import { close, nanosleep, open, print, readAll, STDERR, STDOUT } from '../userland/libc.ts';
import { eachFile } from './files.ts';
import { withOptions, type Program } from './program.ts';

export const yes = withOptions(
  { name: 'yes', summary: 'Prints a line again and again.', operands: '[WORD]...', options: [] },
  function* ({ operands }) {
    const text = `${operands.length === 0 ? 'y' : operands.join(' ')}\n`.repeat(64);
    for (;;) if ((yield* print(STDOUT, text)) < 0) return 1;
  },
);

const pager = (name: string): Program =>
  withOptions(
    {
      name,
      summary: 'Prints files; there is no paging.',
      operands: '[FILE]...',
      permutes: true,
      options: [
        { flag: '-R', description: 'accepted' },
        { flag: '-F', description: 'accepted' },
        { flag: '-X', description: 'accepted' },
        { flag: '-S', description: 'accepted' },
      ],
    },
    function* (options) {
      return yield* eachFile(name, options.operands, function* (piece) {
        return (yield* print(STDOUT, piece)) >= 0;
      });
    },
  );

const screen = (name: string, summary: string, text: string): Program =>
  withOptions({ name, summary, options: [] }, function* () {
    yield* print(STDOUT, text);
    return 0;
  });

export const mount = withOptions(
  {
    name: 'mount',
    summary: 'Shows what is mounted. The model mounts all that it has at boot; more cannot be mounted.',
    operands: '[-t TYPE] [DEVICE DIRECTORY]',
    permutes: true,
    options: [
      { flag: '-t', value: 'TYPE', description: 'only this type', default: '' },
      { flag: '-o', value: 'OPTIONS', description: 'accepted', default: '' },
      { flag: '-a', description: 'accepted' },
    ],
  },
  function* (options) {
    const fd = yield* open('/proc/mounts', O_RDONLY);
    const table = fd < 0 ? '' : yield* readAll(fd);
    if (fd >= 0) yield* close(fd);
    const rows =
      typeof table === 'string'
        ? table
            .split('\n')
            .filter((line) => line !== '')
            .map((line) => line.split(' '))
        : [];
    const type = options.text('-t');
    const [device, directory] = options.operands;
    if (device === undefined) {
      for (const [from, at, kind, rights] of rows) {
        if (type === undefined || kind === type)
          yield* print(STDOUT, `${from} on ${at} type ${kind} (${rights})\n`);
      }
      return 0;
    }
    const at = directory ?? device;
    const there = rows.find((row) => row[1] === at.replace(/(.)\/$/, '$1'));
    // What is mounted there already may be mounted again, as scripts do to be sure.
    if (there !== undefined && (type === undefined ? directory === undefined : there[2] === type)) return 0;
    const exists = yield* stat(at);
    const why =
      typeof exists === 'number'
        ? 'mount point does not exist.'
        : `unknown filesystem type '${type ?? 'auto'}'.`;
    yield* print(STDERR, `mount: ${at}: ${why}\n`);
    return 32;
  },
);

export const umount = withOptions(
  {
    name: 'umount',
    summary: 'Takes a file system away; those that the model has are in use.',
    operands: 'DIRECTORY',
    options: [],
  },
  function* ({ operands }) {
    const [at] = operands;
    if (at === undefined) {
      yield* print(STDERR, 'umount: bad usage\n');
      return 1;
    }
    const exists = yield* stat(at);
    const why = typeof exists === 'number' ? 'no mount point specified.' : 'target is busy.';
    yield* print(STDERR, `umount: ${at}: ${why}\n`);
    return 32;
  },
);

const shutdown = (name: string, summary: string, restart: boolean): Program =>
  withOptions(
    {
      name,
      summary,
      operands: '[WHEN]',
      options: [
        { flag: '-f', long: '--force', description: 'accepted' },
        { flag: '-h', description: 'accepted' },
        { flag: '-p', description: 'accepted' },
        { flag: '-n', description: 'accepted' },
      ],
    },
    function* () {
      return yield* syscall('reboot', () => (restart ? kernel_restart() : kernel_power_off()));
    },
  );

export const vmstat = withOptions(
  {
    name: 'vmstat',
    summary: 'Shows processes and memory, every DELAY seconds.',
    operands: '[DELAY [COUNT]]',
    options: [],
  },
  function* ({ operands }) {
    const [delay, count] = operands.map(Number);
    const rounds = operands.length === 0 ? 1 : operands.length === 1 ? Infinity : count;
    yield* print(
      STDOUT,
      'procs -----------memory---------- ---swap-- -----io---- -system-- ------cpu-----\n r  b   swpd   free   buff  cache   si   so    bi    bo   in   cs us sy id wa st\n',
    );
    for (let i = 0; i < rounds; i++) {
      if (i > 0) yield* nanosleep(Math.floor(delay * seconds(1)) as Ns);
      const { free, shmem, swapTotal, swapFree } = yield* machineMemory();
      const states = (yield* allTasks()).map((task) => stateOf(task)[0]);
      const running = states.filter((letter) => letter === 'R').length;
      const blocked = states.filter((letter) => letter === 'D').length;
      const pad = (value: number, width: number): string => String(value).padStart(width);
      const memory = [K(swapTotal - swapFree), K(free), 0, K(shmem)].map((kB) => pad(kB, 6)).join(' ');
      const line = `${pad(running, 2)} ${pad(blocked, 2)} ${memory}    0    0     0     0    0    0  0  0 100  0  0\n`;
      if ((yield* print(STDOUT, line)) < 0) return 1;
    }
    return 0;
  },
);

export const miscellany: readonly Program[] = [
  yes,
  pager('less'),
  pager('more'),
  screen('clear', 'Clears the screen.', '\u001b[H\u001b[2J\u001b[3J'),
  screen('reset', 'Sets the terminal back.', '\u001bc\u001b[!p\u001b[?3;4l\u001b[4l\u001b>'),
  screen('sync', 'Writes to disk what has to be; there is no disk.', ''),
  mount,
  umount,
  vmstat,
  shutdown('poweroff', 'Switches the guest off.', false),
  shutdown('halt', 'Switches the guest off.', false),
  shutdown('shutdown', 'Switches the guest off, at once.', false),
  shutdown('reboot', 'Restarts the guest, which ends it: virtme-ng boots a kernel once.', true),
];
