import { getpid, pause, print, STDOUT } from '../userland/libc.ts';
import { withOptions } from './program.ts';
import { createVm, guestLoop, runVcpu } from './vm.ts';

/** The reproducer of the captures: a virtual machine that was set up, ran a little and sleeps. */
export const simple_kvm = withOptions(
  {
    name: 'simple_kvm',
    summary:
      'Creates a virtual machine with memory and a vCPU, runs it briefly, and sleeps until it is killed.',
    options: [
      { flag: '-m', value: 'MB', description: 'memory of the guest', default: 2 },
      {
        flag: '-n',
        value: 'FRAMES',
        description: 'frames that the guest writes to before it sleeps',
        default: 4,
      },
    ],
  },
  function* (options) {
    const vm = yield* createVm('simple_kvm', options.number('-m'));
    if (vm === null) return 1;
    const frames = Math.min(options.number('-n'), vm.bytes / 4096);
    if (frames > 0) yield* runVcpu('simple_kvm', vm.vcpuFds[0], guestLoop(frames, 1));
    yield* print(STDOUT, `simple_kvm: vm ready pid=${getpid()}\n`);
    for (;;) yield* pause();
  },
);
