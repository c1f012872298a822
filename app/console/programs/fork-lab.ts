import type { Body } from '../../sim/call.ts';
import { ms, us } from '../../base/brand.ts';
import { O_WRONLY } from '../../kernel/include/fs.ts';
import { strerror } from '../../kernel/include/errno.ts';
import { PAGE_SIZE } from '../../kernel/include/mm_types.ts';
import { rest, startGate } from '../userland/gate.ts';
import {
  close,
  getpid,
  madvise,
  mmap,
  nanosleep,
  open,
  pause,
  print,
  STDERR,
  STDOUT,
  swapon,
  touch,
  write,
} from '../userland/libc.ts';
import { fork } from '../userland/process.ts';
import { withOptions } from './program.ts';

const NAME = 'fork_lab';
const MB = 1024 * 1024;

function* asleep(): Body<number> {
  for (;;) yield* pause();
}

function* nothing(): Body<number> {
  return 0;
}

function* tell(file: string, text: string): Body<void> {
  const fd = yield* open(`/sys/kernel/debug/${file}`, O_WRONLY);
  if (fd < 0) return;
  yield* write(fd, text);
  yield* close(fd);
}

export const fork_lab = withOptions(
  {
    name: NAME,
    summary: 'Forks, with pages in swap in its lowest mapping and much or little to copy above it.',
    options: [
      { flag: '-s', value: 'PAGES', description: 'pages of the lowest mapping, in swap', default: 1 },
      { flag: '-d', value: 'DEVICE', description: 'make this a swap area first', default: '' },
      { flag: '-z', value: 'PAGES', description: 'size of that area', default: 65536 },
      { flag: '-m', value: 'MB', description: 'memory to copy above it', default: 0 },
      { flag: '-w', value: 'MS', description: 'milliseconds before the first fork', default: 0 },
      { flag: '-n', value: 'COUNT', description: 'how often it forks', default: 1 },
      { flag: '-i', value: 'US', description: 'microseconds between two forks', default: 0 },
      { flag: '-K', value: 'SCANNER', description: 'is scanned by khugepaged or ksm', default: '' },
      { flag: '-u', description: 'maps code that probes can be put on, below all that' },
      { flag: '-a', description: 'children sleep, in place of ending at once' },
      { flag: '-x', description: 'end afterwards, in place of sleeping' },
    ],
    startsAtGate: true,
  },
  function* (options) {
    const scanner = options.text('-K');
    if (scanner !== undefined && scanner !== '') yield* tell('mm_enter', scanner);
    const device = options.text('-d');
    if (device !== undefined) yield* swapon(device, options.number('-z'));
    // Each mapping is placed below those before it.
    const large = Math.floor(options.number('-m') * MB);
    if (large > 0) yield* touch(yield* mmap(large), large, 'write');
    const bytes = Math.max(1, Math.floor(options.number('-s'))) * PAGE_SIZE;
    const swapped = yield* mmap(bytes);
    yield* touch(swapped, bytes, 'write');
    const error = yield* madvise(swapped, bytes, 'MADV_PAGEOUT');
    if (error !== 0) {
      yield* print(STDERR, `${NAME}: madvise: ${strerror(error)}\n`);
      return 1;
    }
    if (options.has('-u')) yield* tell('mmap_probed', '1');
    yield* print(STDOUT, `${NAME}: pid=${getpid()} ready\n`);
    yield* startGate();
    if (options.number('-w') > 0) yield* nanosleep(ms(options.number('-w')));
    const count = options.number('-n');
    const child = options.has('-a') ? asleep : nothing;
    for (let i = 0; i < count; i++) {
      const pid = yield* fork(NAME, child);
      if (pid < 0) yield* print(STDERR, `${NAME}: fork: ${strerror(pid)}\n`);
      if (options.number('-i') > 0) yield* nanosleep(us(options.number('-i')));
    }
    yield* rest();
    return options.has('-x') ? 0 : yield* asleep();
  },
);
