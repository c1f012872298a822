import { startThread } from '../userland/process.ts';
import { getpid, pause, print, STDOUT } from '../userland/libc.ts';
import { withOptions } from './program.ts';
import { createVm, guestLoop, runVcpu } from './vm.ts';

export const kvm_run = withOptions(
  {
    name: 'kvm_run',
    summary: 'A virtual machine whose vCPUs keep writing to guest memory, each in a thread of its own.',
    options: [
      { flag: '-m', value: 'MB', description: 'memory of the guest', default: 2 },
      { flag: '-c', value: 'VCPUS', description: 'virtual CPUs', default: 1 },
      { flag: '-n', value: 'FRAMES', description: 'frames that each vCPU goes through', default: 4 },
      { flag: '-r', value: 'ROUNDS', description: 'rounds until the guest halts; 0 for no end', default: 0 },
    ],
  },
  function* (options) {
    const vm = yield* createVm('kvm_run', options.number('-m'), Math.max(1, options.number('-c')));
    if (vm === null) return 1;
    const rounds = options.number('-r');
    const frames = Math.max(1, Math.min(options.number('-n'), vm.bytes / 4096));
    const code = guestLoop(frames, rounds === 0 ? undefined : rounds);
    yield* print(STDOUT, `kvm_run: vm running pid=${getpid()}\n`);
    const [first, ...others] = vm.vcpuFds;
    for (const fd of others) yield* startThread(() => runVcpu('kvm_run', fd, code));
    const status = yield* runVcpu('kvm_run', first, code);
    if (status !== 0 || others.length === 0) return status;
    for (;;) yield* pause();
  },
);
