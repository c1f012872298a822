import type { Body } from '../../sim/call.ts';
import { O_WRONLY } from '../../kernel/include/fs.ts';
import { strerror } from '../../kernel/include/errno.ts';
import { getpid, mmap, open, pause, print, STDERR, STDOUT, touch, write } from '../userland/libc.ts';
import { startThread } from '../userland/process.ts';
import { withOptions } from './program.ts';
import { createVm } from './vm.ts';

const MB = 1024 * 1024;

export const memhog = withOptions(
  {
    name: 'memhog',
    summary: 'Maps memory and writes to every page of it; the program of the OOM captures.',
    options: [
      { flag: '-m', value: 'MB', description: 'memory to fill', default: 64 },
      { flag: '-k', description: 'own a virtual machine as well' },
      { flag: '-t', value: 'THREADS', description: 'additional threads, which sleep', default: 0 },
      { flag: '-d', value: 'MS', description: 'a thread sleeps in state D for so long', default: 0 },
      { flag: '-l', value: 'MS', description: 'a thread holds mmap_lock for write for so long', default: 0 },
      { flag: '-r', value: 'MS', description: 'a thread holds it for read for so long', default: 0 },
      { flag: '-s', description: 'sleep when all is filled, in place of ending' },
    ],
  },
  function* (options) {
    const megabytes = options.number('-m');
    const bytes = Math.floor(megabytes * MB);
    const dSleep = options.number('-d');
    const hold = options.number('-l');
    const kvm = options.has('-k');
    if (kvm && (yield* createVm('memhog', 2)) === null) return 1;
    const shown = dSleep > 0 ? dSleep : hold;
    yield* print(STDOUT, `memhog: pid=${getpid()} ${megabytes} MB kvm=${kvm ? 1 : 0} d_sleep=${shown} ms\n`);
    const memory = yield* mmap(bytes);
    if (memory < 0) {
      yield* print(STDERR, `memhog: mmap: ${strerror(memory)}\n`);
      return 1;
    }
    for (let i = 0; i < options.number('-t'); i++) yield* startThread(sleepForEver);
    if (dSleep > 0) yield* startThread(() => hook('d_sleep', dSleep));
    const readHold = options.number('-r');
    if (readHold > 0) yield* startThread(() => hook('mmap_read_hold', readHold));
    if (hold > 0) yield* startThread(() => hook('mmap_hold', hold));
    yield* touch(memory, bytes, 'write');
    if (options.has('-s')) yield* sleepForEver();
    return 0;
  },
);

function* sleepForEver(): Body<number> {
  for (;;) yield* pause();
}

/** Has the kernel hold the calling thread (lab/holds.ts). */
function* hook(name: string, duration: number): Body<number> {
  const fd = yield* open(`/sys/kernel/debug/${name}`, O_WRONLY);
  if (fd < 0) return 1;
  yield* write(fd, String(duration));
  return 0;
}
