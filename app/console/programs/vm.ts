import type { Body } from '../../sim/call.ts';
import { O_RDWR } from '../../kernel/include/fs.ts';
import { errnoName, strerror } from '../../kernel/include/errno.ts';
import type { GuestCode, KvmUserspaceMemoryRegion } from '../../kernel/include/kvm_host.ts';
import { ioctl, mmap, open, print, STDERR } from '../userland/libc.ts';

const MB = 1024 * 1024;

/** A virtual machine as its program holds it. */
export interface Vm {
  readonly kvmFd: number;
  readonly vmFd: number;
  readonly vcpuFds: readonly number[];
  /** Where the guest's memory is mapped, and how much there is. */
  readonly memory: number;
  readonly bytes: number;
}

/** Makes a virtual machine with one slot of memory. What fails is printed; the result is null then. */
export function* createVm(name: string, megabytes: number, vcpus = 1): Body<Vm | null> {
  const bytes = Math.max(1, Math.floor(megabytes)) * MB;
  const kvmFd = yield* open('/dev/kvm', O_RDWR);
  if (kvmFd < 0) return yield* failed(name, '/dev/kvm', kvmFd);
  const vmFd = yield* ioctl(kvmFd, 'KVM_CREATE_VM');
  if (vmFd < 0) return yield* failed(name, 'KVM_CREATE_VM', vmFd);
  const memory = yield* mmap(bytes);
  if (memory < 0) return yield* failed(name, 'mmap', memory);
  const region: KvmUserspaceMemoryRegion = {
    ...{ slot: 0, flags: 0, guest_phys_addr: 0, memory_size: bytes, userspace_addr: memory },
  };
  const set = yield* ioctl(vmFd, 'KVM_SET_USER_MEMORY_REGION', region);
  if (set < 0) return yield* failed(name, 'KVM_SET_USER_MEMORY_REGION', set);
  const vcpuFds: number[] = [];
  for (let id = 0; id < vcpus; id++) {
    const fd = yield* ioctl(vmFd, 'KVM_CREATE_VCPU', { id });
    if (fd < 0) return yield* failed(name, 'KVM_CREATE_VCPU', fd);
    vcpuFds.push(fd);
  }
  return { kvmFd, vmFd, vcpuFds, memory, bytes };
}

/** A guest that writes to the first frames of its memory, one after the other. */
export function guestLoop(frames: number, rounds?: number): GuestCode {
  const accesses = Array.from({ length: frames }, (_, gfn) => ({ gfn, write: true }));
  return rounds === undefined ? { accesses } : { accesses, rounds };
}

/** Runs a guest until it halts. The result is an exit status: 1 if the call failed otherwise than by a signal. */
export function* runVcpu(name: string, fd: number, code: GuestCode): Body<number> {
  for (;;) {
    const result = yield* ioctl(fd, 'KVM_RUN', code);
    if (result >= 0) return 0;
    if (errnoName(result) === 'EINTR') continue;
    yield* failed(name, 'KVM_RUN', result);
    return 1;
  }
}

export function* failed(name: string, what: string, error: number): Body<null> {
  yield* print(STDERR, `${name}: ${what}: ${strerror(error)}\n`);
  return null;
}
