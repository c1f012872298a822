import { describe, expect, test } from 'vitest';
import { RandomChooser } from '../../../sim/random.ts';
import { kvm_arch_vcpu_ioctl_run } from '../../arch/x86/kvm/x86.ts';
import { spteFreedPage } from '../../checkers/spte_freed_page.ts';
import { set_bit } from '../../include/bitops.ts';
import { EINTR } from '../../include/errno.ts';
import { KVM_EXIT_HLT, KVM_EXIT_INTR, KVM_EXIT_MMIO, type KvmVcpu } from '../../include/kvm_host.ts';
import {
  mmu_notifier_invalidate_range_end,
  mmu_notifier_invalidate_range_start,
} from '../../include/mmu_notifier.ts';
import { current, TIF_SIGPENDING, type TaskStruct } from '../../include/sched.ts';
import { put_page } from '../../mm/page_alloc.ts';
import { dmesg } from '../../testing/boot.ts';
import { createVm, rangeOf, VmBench, vcpuOf } from '../../testing/vm.ts';
import { kvm_put_kvm } from './kvm_main.ts';

const writes = (...gfns: number[]) => gfns.map((gfn) => ({ gfn, write: true }));

describe('a vCPU', () => {
  test('faults its memory in and runs until the guest halts', () => {
    const bench = new VmBench();
    bench.page(0);
    bench.page(1);
    bench.run({
      *vmm() {
        const vcpu = vcpuOf(yield* createVm());
        vcpu.guest = { accesses: writes(0, 1), rounds: 20 };
        expect(yield* kvm_arch_vcpu_ioctl_run(vcpu)).toBe(0);
        expect(vcpu.exit_reason).toBe(KVM_EXIT_HLT);
        expect(vcpu.guestRounds).toBe(20);
      },
    });
    expect.assertions(3);
  });

  test('leaves what has no memslot to user space', () => {
    const bench = new VmBench();
    bench.run({
      *vmm() {
        const vcpu = vcpuOf(yield* createVm());
        vcpu.guest = { accesses: writes(77) };
        expect(yield* kvm_arch_vcpu_ioctl_run(vcpu)).toBe(0);
        expect(vcpu.exit_reason).toBe(KVM_EXIT_MMIO);
      },
    });
    expect.assertions(2);
  });

  // The sequence number told on the fault. Its next try takes a new one, and its frame is under no invalidation.
  test('retries at once if only another range is being invalidated by then', () => {
    const bench = new VmBench();
    bench.page(0);
    const other = rangeOf(bench.mm, 3);
    const begins = rangeOf(bench.mm, 3);
    let faults = 0;
    bench.meanwhile = function* () {
      if (faults++ > 0) return;
      yield* mmu_notifier_invalidate_range_end(other);
      yield* mmu_notifier_invalidate_range_start(begins);
    };
    const { vmm } = bench.run({
      *vmm() {
        const vcpu = vcpuOf(yield* createVm());
        vcpu.guest = { accesses: writes(0), rounds: 2 };
        yield* mmu_notifier_invalidate_range_start(other);
        yield* kvm_arch_vcpu_ioctl_run(vcpu);
      },
    });
    expect(faults).toBe(2);
    expect(vmm.thread.state).toBe('ended');
  });

  test.each([1, 2, 3, 4, 5, 6, 7, 8])('never touches a page that is gone (seed %i)', (seed) => {
    const bench = new VmBench({ config: { SCYTHE_INVARIANTS: true } }, [spteFreedPage]);
    const other = bench.page(0);
    const old = bench.page(0);
    const range = rangeOf(bench.mm, 0);
    const runner = bench.meetingPoint<TaskStruct | null>(null);
    const meeting = bench.meetingPoint<KvmVcpu | null>(null);
    const tasks = bench.run(
      {
        *runner() {
          const vcpu = vcpuOf(yield* createVm());
          yield* vcpu.kvm.vcpu_array.write([vcpu]);
          vcpu.guest = { accesses: writes(0) };
          yield* runner.write(current());
          yield* meeting.write(vcpu);
          expect(yield* kvm_arch_vcpu_ioctl_run(vcpu)).toBe(-EINTR);
          expect(vcpu.exit_reason).toBe(KVM_EXIT_INTR);
          yield* vcpu.kvm.vcpu_array.write([]);
          yield* kvm_put_kvm(vcpu.kvm);
        },
        *host() {
          yield* meeting.await((vcpu) => vcpu !== null);
          yield* mmu_notifier_invalidate_range_start(range);
          // Whoever faults now finds another page, and must not map it before the end.
          bench.pages.set(range.start, other);
          yield* put_page(old);
          yield* mmu_notifier_invalidate_range_end(range);
          yield* set_bit(TIF_SIGPENDING, (yield* runner.read())!.thread_flags);
        },
      },
      new RandomChooser(seed),
    );
    expect(dmesg(bench.kernel)).toEqual([]);
    expect(old.memory.alive).toBe(false);
    expect(tasks.runner.thread.state).toBe('ended');
    expect(bench.mm.mm_count.value).toBe(1);
  });
});
