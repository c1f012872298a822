import type { Body } from '../../sim/call.ts';
import { us } from '../../base/brand.ts';
import { strerror } from '../../kernel/include/errno.ts';
import { getpid, madvise, mmap, munmap, nanosleep, print, STDERR, STDOUT, touch } from '../userland/libc.ts';
import { startThread } from '../userland/process.ts';
import { withOptions, type OptionReader } from './program.ts';
import { createVm, guestLoop, runVcpu } from './vm.ts';

const MB = 1024 * 1024;

const COMMON = [
  { flag: '-m', value: 'MB', description: 'size of the mapping', default: 1 },
  { flag: '-n', value: 'ROUNDS', description: 'rounds; 0 for no end', default: 10 },
  { flag: '-i', value: 'US', description: 'microseconds between two rounds', default: 1000 },
] as const;

/** Repeats a round as the options say. The result is the exit status. */
function* rounds(name: string, options: OptionReader, round: () => Body<number>): Body<number> {
  const count = options.number('-n');
  for (let i = 0; count === 0 || i < count; i++) {
    const error = yield* round();
    if (error < 0) {
      yield* print(STDERR, `${name}: ${strerror(error)}\n`);
      return 1;
    }
    yield* nanosleep(us(options.number('-i')));
  }
  return 0;
}

export const madvise_loop = withOptions(
  {
    name: 'madvise_loop',
    summary: 'Fills memory and gives it back with MADV_DONTNEED, again and again; with -k guest memory.',
    options: [...COMMON, { flag: '-k', description: 'the memory is that of a running virtual machine' }],
  },
  function* (options) {
    const bytes = Math.max(1, Math.floor(options.number('-m'))) * MB;
    let memory: number;
    if (options.has('-k')) {
      const vm = yield* createVm('madvise_loop', options.number('-m'));
      if (vm === null) return 1;
      memory = vm.memory;
      yield* startThread(() => runVcpu('madvise_loop', vm.vcpuFds[0], guestLoop(4)));
    } else memory = yield* mmap(bytes);
    if (memory < 0) return yield* rounds('madvise_loop', options, () => constant(memory));
    yield* print(STDOUT, `madvise_loop: pid=${getpid()}\n`);
    return yield* rounds('madvise_loop', options, function* () {
      yield* touch(memory, bytes, 'write');
      return yield* madvise(memory, bytes, 'MADV_DONTNEED');
    });
  },
);

export const munmap_loop = withOptions(
  {
    name: 'munmap_loop',
    summary: 'Maps memory, fills it and unmaps it, again and again.',
    options: [...COMMON],
  },
  function* (options) {
    const bytes = Math.max(1, Math.floor(options.number('-m'))) * MB;
    yield* print(STDOUT, `munmap_loop: pid=${getpid()}\n`);
    return yield* rounds('munmap_loop', options, function* () {
      const memory = yield* mmap(bytes);
      if (memory < 0) return memory;
      yield* touch(memory, bytes, 'write');
      return yield* munmap(memory, bytes);
    });
  },
);

function* constant(value: number): Body<number> {
  return value;
}
