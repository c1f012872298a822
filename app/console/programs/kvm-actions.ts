import { ms, us } from '../../base/brand.ts';
import { strerror } from '../../kernel/include/errno.ts';
import { close, getpid, ioctl, nanosleep, pause, print, STDERR, STDOUT } from '../userland/libc.ts';
import { startThread } from '../userland/process.ts';
import { withOptions } from './program.ts';
import { createVm, failed, guestLoop, runVcpu } from './vm.ts';

export const memslot_changer = withOptions(
  {
    name: 'memslot_changer',
    summary: 'A running virtual machine whose memory slot is deleted and created, again and again.',
    options: [
      { flag: '-m', value: 'MB', description: 'memory of the guest', default: 2 },
      { flag: '-n', value: 'ROUNDS', description: 'rounds; 0 for no end', default: 10 },
      { flag: '-i', value: 'US', description: 'microseconds between two changes', default: 1000 },
      { flag: '-q', description: 'a quiet guest: the vCPU does not run' },
    ],
  },
  function* (options) {
    const vm = yield* createVm('memslot_changer', options.number('-m'));
    if (vm === null) return 1;
    yield* print(STDOUT, `memslot_changer: vm ready pid=${getpid()}\n`);
    if (!options.has('-q')) yield* startThread(() => runVcpu('memslot_changer', vm.vcpuFds[0], guestLoop(4)));
    const count = options.number('-n');
    for (let i = 0; count === 0 || i < count; i++) {
      for (const memory_size of [0, vm.bytes]) {
        const region = { slot: 0, flags: 0, guest_phys_addr: 0, memory_size, userspace_addr: vm.memory };
        const error = yield* ioctl(vm.vmFd, 'KVM_SET_USER_MEMORY_REGION', region);
        if (error < 0) {
          yield* failed('memslot_changer', 'KVM_SET_USER_MEMORY_REGION', error);
          return 1;
        }
        yield* nanosleep(us(options.number('-i')));
      }
    }
    return 0;
  },
);

export const close_fds = withOptions(
  {
    name: 'close_fds',
    summary: 'Creates a virtual machine, waits, and closes its descriptors; the process lives on.',
    options: [
      { flag: '-m', value: 'MB', description: 'memory of the guest', default: 2 },
      {
        flag: '-w',
        value: 'MS',
        description: 'milliseconds before the descriptors are closed',
        default: 100,
      },
      { flag: '-v', description: 'the VM first, then the vCPU' },
      { flag: '-x', description: 'end afterwards, in place of sleeping' },
    ],
  },
  function* (options) {
    const vm = yield* createVm('close_fds', options.number('-m'));
    if (vm === null) return 1;
    yield* runVcpu('close_fds', vm.vcpuFds[0], guestLoop(4, 1));
    yield* print(STDOUT, `close_fds: vm ready pid=${getpid()}\n`);
    yield* nanosleep(ms(options.number('-w')));
    const order = options.has('-v') ? [vm.vmFd, ...vm.vcpuFds] : [...vm.vcpuFds, vm.vmFd];
    for (const fd of [...order, vm.kvmFd]) {
      const error = yield* close(fd);
      if (error < 0) yield* print(STDERR, `close_fds: close: ${strerror(error)}\n`);
    }
    yield* print(STDOUT, 'close_fds: closed\n');
    if (options.has('-x')) return 0;
    for (;;) yield* pause();
  },
);
