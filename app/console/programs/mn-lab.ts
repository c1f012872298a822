import type { Body } from '../../sim/call.ts';
import { ms } from '../../base/brand.ts';
import { O_RDWR, O_WRONLY } from '../../kernel/include/fs.ts';
import { PAGE_SIZE } from '../../kernel/include/mm_types.ts';
import { startGate } from '../userland/gate.ts';
import {
  getpid,
  ioctl,
  mmap,
  nanosleep,
  open,
  pause,
  print,
  STDERR,
  STDOUT,
  touch,
  write,
} from '../userland/libc.ts';
import { startThread } from '../userland/process.ts';
import { withOptions } from './program.ts';
import { createVm, failed, guestLoop, runVcpu, type Vm } from './vm.ts';

const NAME = 'mn_lab';

/** What the process has opened. */
interface Opened {
  readonly vms: Vm[];
  readonly devices: Map<string, number>;
}

function* asleep(): Body<number> {
  for (;;) yield* pause();
}

/** The GRU misses a translation: its driver is to fill it in. */
function* gruFault({ devices }: Opened): Body<number> {
  const fd = devices.get('gru');
  if (fd === undefined || (yield* ioctl(fd, 'GRU_USER_CALL_OS')) < 0) return 1;
  yield* print(STDOUT, `${NAME}: gru: translation filled in\n`);
  return yield* asleep();
}

/** Takes the memory of each VM away from it. */
function* deleteMemslots({ vms }: Opened): Body<number> {
  for (const { vmFd, memory } of vms) {
    const region = { slot: 0, flags: 0, guest_phys_addr: 0, memory_size: 0, userspace_addr: memory };
    const error = yield* ioctl(vmFd, 'KVM_SET_USER_MEMORY_REGION', region);
    if (error < 0) yield* failed(NAME, 'KVM_SET_USER_MEMORY_REGION', error);
    else yield* print(STDOUT, `${NAME}: memslot deleted\n`);
  }
  return yield* asleep();
}

function* runGuests({ vms }: Opened): Body<number> {
  for (const { vcpuFds } of vms) {
    yield* runVcpu(NAME, vcpuFds[0], guestLoop(4, 1));
    yield* print(STDOUT, `${NAME}: guest has run\n`);
  }
  return yield* asleep();
}

const ACTIONS: ReadonlyMap<string, (opened: Opened) => Body<number>> = new Map([
  ['pause', asleep],
  ['gru', gruFault],
  ['memslot', deleteMemslots],
  ['vcpu', runGuests],
]);

/** Has the kernel hold the calling thread (lab/holds.ts), so that the process outlives its SIGKILL. */
function* hold(duration: number): Body<number> {
  const fd = yield* open('/sys/kernel/debug/d_sleep', O_WRONLY);
  if (fd >= 0) yield* write(fd, String(duration));
  return yield* asleep();
}

function* subscribe(name: string, { vms, devices }: Opened): Body<boolean> {
  if (name === 'kvm') {
    const vm = yield* createVm(NAME, 1);
    if (vm !== null) vms.push(vm);
    return vm !== null;
  }
  const fd = yield* open(`/dev/${name}`, O_RDWR);
  if (fd < 0) yield* failed(NAME, `/dev/${name}`, fd);
  devices.set(name, fd);
  return fd >= 0;
}

export const mn_lab = withOptions(
  {
    name: NAME,
    summary:
      'Subscribes devices to its memory, one after the other, then uses one: kvm, gru, nouveau, lab_refuse_end.',
    operands: 'DEVICE...',
    options: [
      { flag: '-a', value: 'ACTION', description: 'pause, gru, memslot or vcpu', default: 'pause' },
      { flag: '-w', value: 'MS', description: 'milliseconds before that', default: 0 },
      { flag: '-d', value: 'MS', description: 'a thread sleeps in state D for so long', default: 0 },
      { flag: '-p', value: 'PAGES', description: 'pages to fill once all are subscribed', default: 1 },
    ],
    startsAtGate: true,
  },
  function* (options) {
    const action = ACTIONS.get(options.text('-a') ?? 'pause');
    if (action === undefined) {
      yield* print(STDERR, `${NAME}: actions are ${[...ACTIONS.keys()].join(', ')}\n`);
      return 2;
    }
    const bytes = Math.max(1, Math.floor(options.number('-p'))) * PAGE_SIZE;
    const opened: Opened = { vms: [], devices: new Map() };
    for (const name of options.operands) if (!(yield* subscribe(name, opened))) return 1;
    if (options.number('-d') > 0) yield* startThread(() => hold(options.number('-d')));
    yield* print(STDOUT, `${NAME}: pid=${getpid()} subscribed\n`);
    yield* touch(yield* mmap(bytes), bytes, 'write');
    yield* startGate();
    if (options.number('-w') > 0) yield* nanosleep(ms(options.number('-w')));
    return yield* action(opened);
  },
);
