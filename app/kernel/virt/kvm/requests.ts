import type { Body } from '../../../sim/call.ts';
import { BlockingEffect } from '../../../sim/operation.ts';
import { set_bit } from '../../include/bitops.ts';
import {
  EXITING_GUEST_MODE,
  IN_GUEST_MODE,
  KVM_REQ_TLB_FLUSH,
  KVM_REQ_VM_DEAD,
  OUTSIDE_GUEST_MODE,
  type Kvm,
  type KvmVcpu,
} from '../../include/kvm_host.ts';
import { rcu_dereference, smp_mb, smp_wmb } from '../../include/rwonce.ts';
import { WARN_ON_ONCE } from '../../kernel/panic.ts';
import { kfunc, nothing } from '../../kfunc.ts';

// The part of virt/kvm/kvm_main.c that asks vCPUs for something and gets them out of the guest for it.

/** kvm_vcpu_exiting_guest_mode() - cmpxchg(&vcpu->mode, IN_GUEST_MODE, EXITING_GUEST_MODE) */
const kvm_vcpu_exiting_guest_mode = (vcpu: KvmVcpu) =>
  vcpu.mode.update((mode) => (mode === IN_GUEST_MODE ? EXITING_GUEST_MODE : mode));

/**
 * kvm_make_all_cpus_request() - set a request on every vCPU and wait until none is in the guest any more that
 * was when it was set.
 *
 * Context: may hold mmu_lock. What it waits for does not take locks: an interrupt makes the guest exit.
 * Return: true if a vCPU had to be interrupted.
 */
export const kvm_make_all_cpus_request = kfunc(
  'kvm_make_all_cpus_request',
  function* (kvm: Kvm, request: number) {
    const inGuest: KvmVcpu[] = [];
    for (const vcpu of yield* rcu_dereference(kvm.vcpu_array)) {
      smp_wmb();
      yield* set_bit(request, vcpu.requests);
      smp_mb();
      const mode = yield* kvm_vcpu_exiting_guest_mode(vcpu);
      if (mode !== OUTSIDE_GUEST_MODE) inGuest.push(vcpu);
    }
    // kvm_kick_many_cpus(): smp_call_function_many() with wait
    const interrupted: { vcpu: KvmVcpu; ipi: number }[] = [];
    for (const vcpu of inGuest) {
      interrupted.push({ vcpu, ipi: (yield* vcpu.ipis_sent.update((sent) => sent + 1)) + 1 });
    }
    for (const { vcpu, ipi } of interrupted) yield* interruptTaken(vcpu, ipi);
    return interrupted.length > 0;
  },
  { leaves: nothing },
);

/** Waits until a CPU has taken an interrupt: when it leaves the guest, or at once if it has done so before. */
const interruptTaken = (vcpu: KvmVcpu, ipi: number) =>
  new BlockingEffect(
    'wait',
    vcpu.ipis_taken,
    'read',
    () => vcpu.ipis_taken.value >= ipi || vcpu.mode.value === OUTSIDE_GUEST_MODE,
    () => undefined,
    vcpu.mode,
  );

/** kvm_flush_remote_tlbs() - no vCPU uses what was zapped before, from here on. */
export const kvm_flush_remote_tlbs = kfunc('kvm_flush_remote_tlbs', function* (kvm: Kvm) {
  yield* kvm_make_all_cpus_request(kvm, KVM_REQ_TLB_FLUSH);
});

/** kvm_vm_dead() - no ioctl works any more, and vCPUs come out of the guest. */
export function* kvm_vm_dead(kvm: Kvm): Body<void> {
  yield* kvm.vm_dead.write(true);
  yield* kvm_make_all_cpus_request(kvm, KVM_REQ_VM_DEAD);
}

/** KVM_BUG_ON() - warns and makes the VM unusable, once; the result is the condition. */
export function* KVM_BUG_ON(condition: boolean, kvm: Kvm, site: string): Body<boolean> {
  if (!condition) return false;
  if (WARN_ON_ONCE(!(yield* kvm.vm_bugged.read()), site)) {
    yield* kvm.vm_bugged.write(true);
    yield* kvm_vm_dead(kvm);
  }
  return true;
}
