import type { Body } from '../../sim/call.ts';
import type { KvmUserspaceMemoryRegion } from '../../kernel/include/kvm_host.ts';
import { O_RDWR } from '../../kernel/include/fs.ts';
import { PAGE_SIZE } from '../../kernel/include/mm_types.ts';
import { close, ioctl, madvise, mmap, munmap, open, print, STDERR } from '../userland/libc.ts';
import { becomeActor, expectMoreActors, pauseUndisturbed, startGate } from '../userland/gate.ts';
import { spawnProgram, startThread } from '../userland/process.ts';
import { withOptions } from './program.ts';
import { failed, guestLoop, runVcpu, type Vm } from './vm.ts';

const NAME = 'kvm_lab';

/** What a thread does once the gate is open. */
type Action = (vm: Vm) => Body<number>;

function* pauseForever(): Body<number> {
  for (;;) yield* pauseUndisturbed();
}

function* leave(): Body<number> {
  return 0;
}

/** Closes descriptors in the given order, then sleeps, so that the address space stays. */
function* closeAll(fds: readonly number[]): Body<number> {
  for (const fd of fds) yield* close(fd);
  return yield* pauseForever();
}

function* thenPause(what: Body<number>): Body<number> {
  yield* what;
  return yield* pauseForever();
}

function* deleteSlot(vm: Vm): Body<number> {
  const region = { slot: 0, flags: 0, guest_phys_addr: 0, memory_size: 0, userspace_addr: vm.memory };
  return yield* ioctl(vm.vmFd, 'KVM_SET_USER_MEMORY_REGION', region);
}

function* giveBack(vm: Vm): Body<number> {
  return yield* madvise(vm.memory, vm.bytes, 'MADV_DONTNEED');
}

function* unmap(vm: Vm): Body<number> {
  return yield* munmap(vm.memory, vm.bytes);
}

const ACTIONS: ReadonlyMap<string, Action> = new Map<string, Action>([
  ['pause', pauseForever],
  ['exit', leave],
  ['close', (vm) => closeAll([...vm.vcpuFds, vm.vmFd])],
  ['close-vm', (vm) => closeAll([vm.vmFd])],
  ['close-vcpu', (vm) => closeAll(vm.vcpuFds)],
  ['run', (vm) => thenPause(runVcpu(NAME, vm.vcpuFds[0], guestLoop(vm.bytes / PAGE_SIZE, 1)))],
  ['dontneed', (vm) => thenPause(giveBack(vm))],
  ['munmap', (vm) => thenPause(unmap(vm))],
  ['memslot', (vm) => thenPause(deleteSlot(vm))],
]);

/** A virtual machine with one slot of so many pages; all of them mapped into the guest if asked for. */
function* smallVm(pages: number, used: boolean): Body<Vm | null> {
  const bytes = pages * PAGE_SIZE;
  const kvmFd = yield* open('/dev/kvm', O_RDWR);
  if (kvmFd < 0) return yield* failed(NAME, '/dev/kvm', kvmFd);
  const vmFd = yield* ioctl(kvmFd, 'KVM_CREATE_VM');
  if (vmFd < 0) return yield* failed(NAME, 'KVM_CREATE_VM', vmFd);
  const memory = yield* mmap(bytes);
  if (memory < 0) return yield* failed(NAME, 'mmap', memory);
  const region: KvmUserspaceMemoryRegion = {
    ...{ slot: 0, flags: 0, guest_phys_addr: 0, memory_size: bytes, userspace_addr: memory },
  };
  const set = yield* ioctl(vmFd, 'KVM_SET_USER_MEMORY_REGION', region);
  if (set < 0) return yield* failed(NAME, 'KVM_SET_USER_MEMORY_REGION', set);
  const vcpuFd = yield* ioctl(vmFd, 'KVM_CREATE_VCPU', { id: 0 });
  if (vcpuFd < 0) return yield* failed(NAME, 'KVM_CREATE_VCPU', vcpuFd);
  if (used) yield* runVcpu(NAME, vcpuFd, guestLoop(pages, 1));
  yield* close(kvmFd);
  return { kvmFd, vmFd, vcpuFds: [vcpuFd], memory, bytes };
}

/** What a thread, or the heir, runs: made by plain functions, as a new generator function each time is dear. */
function* behindGate(vm: Vm, action: Action): Body<number> {
  yield* startGate();
  return yield* action(vm);
}

function* asHeir(vm: Vm): Body<number> {
  becomeActor();
  yield* startGate();
  for (const fd of [...vm.vcpuFds, vm.vmFd]) yield* close(fd);
  return yield* pauseForever();
}

export const kvm_lab = withOptions(
  {
    name: NAME,
    summary: 'Makes a virtual machine of a few pages, whose threads then do one thing each, all at once.',
    operands: 'ACTION...',
    options: [
      { flag: '-p', value: 'PAGES', description: 'memory of the guest', default: 1 },
      { flag: '-u', description: 'unused: the guest has not touched its memory yet' },
      { flag: '-h', description: 'an heir: another process has copies of the descriptors, and closes them' },
    ],
    startsAtGate: true,
  },
  function* (options) {
    const actions = options.operands.map((name) => ACTIONS.get(name));
    const unknown = options.operands.filter((name) => !ACTIONS.has(name));
    if (unknown.length > 0 || actions.length === 0) {
      const known = [...ACTIONS.keys()].join(', ');
      yield* print(STDERR, `${NAME}: ${unknown[0] ?? 'no action'}: actions are ${known}\n`);
      return 2;
    }
    const vm = yield* smallVm(Math.max(1, Math.floor(options.number('-p'))), !options.has('-u'));
    if (vm === null) return 1;
    const [first = leave, ...others] = actions.filter((action) => action !== undefined);
    expectMoreActors(others.length + (options.has('-h') ? 1 : 0));
    if (options.has('-h')) yield* spawnProgram(NAME, () => asHeir(vm));
    for (const action of others) yield* startThread(() => behindGate(vm, action));
    return yield* behindGate(vm, first);
  },
);
