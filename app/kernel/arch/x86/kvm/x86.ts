import type { Body } from '../../../../sim/call.ts';
import type { Cell } from '../../../../sim/cell.ts';
import { Effect, Operation } from '../../../../sim/operation.ts';
import { charge } from '../../../../sim/delay.ts';
import { keepOnly } from '../../../../sim/keep-only.ts';
import { test_and_clear_bit } from '../../../include/bitops.ts';
import { EINTR, EIO } from '../../../include/errno.ts';
import {
  EXITING_GUEST_MODE,
  IN_GUEST_MODE,
  KVM_EXIT_HLT,
  KVM_EXIT_INTR,
  KVM_EXIT_MMIO,
  KVM_REQ_TLB_FLUSH,
  KVM_REQ_VM_DEAD,
  OUTSIDE_GUEST_MODE,
  type GuestAccess,
  type Kvm,
  type KvmVcpu,
  type RetryCondition,
  type Spte,
} from '../../../include/kvm_host.ts';
import { GFP_KERNEL_ACCOUNT } from '../../../include/gfp.ts';
import { current, TIF_SIGPENDING } from '../../../include/sched.ts';
import { mutex_lock, mutex_unlock } from '../../../kernel/locking/mutex.ts';
import { srcu_read_lock, srcu_read_unlock } from '../../../kernel/rcu/srcutree.ts';
import {
  cond_resched,
  local_irq_disable,
  local_irq_enable,
  preempt_disable,
  preempt_enable,
} from '../../../kernel/sched/core.ts';
import { signal_pending } from '../../../kernel/signal.ts';
import { timed } from '../../../kernel/time/jiffies.ts';
import { kernel } from '../../../kernel.ts';
import { kfunc } from '../../../kfunc.ts';
import { __vmalloc, kvfree, kvzalloc } from '../../../mm/vmalloc.ts';
import { kvm_destroy_vcpus } from '../../../virt/kvm/vcpu.ts';
import { Kvm as StructKvm } from '../../../include/kvm_host.ts';
import { kvm_mmu_page_fault, kvm_mmu_uninit_tdp_mmu, RET_PF_EMULATE } from './mmu.ts';
import { READ_ONCE, smp_mb, smp_store_release, smp_wmb } from '../../../include/rwonce.ts';

/** kvm_arch_alloc_vm() - memory for a VM, from where the era takes it. */
export const kvm_arch_alloc_vm = kfunc(
  'kvm_arch_alloc_vm',
  function* () {
    if (kernel().tree.traits.kvmAllocation === 'vmalloc') {
      return yield* __vmalloc(StructKvm, GFP_KERNEL_ACCOUNT, { label: 'kvm', size: KVM_SIZE_WITH_HASH });
    }
    return yield* kvzalloc(StructKvm, GFP_KERNEL_ACCOUNT, { label: 'kvm', size: KVM_SIZE });
  },
  { inlined: true },
);

/** The hash of shadow pages was a part of the struct until it became an allocation of its own. */
const KVM_SIZE_WITH_HASH = 0xa2c8;
const KVM_SIZE = 0x1a48;

export const kvm_arch_free_vm = kfunc('kvm_arch_free_vm', function* (kvm: Kvm) {
  yield* kvfree(kvm);
});

/** kvm_arch_guest_memory_reclaimed() - for guests whose memory is encrypted; nothing for others. */
export const kvm_arch_guest_memory_reclaimed = kfunc(
  'kvm_arch_guest_memory_reclaimed',
  function* (_kvm: Kvm) {
    // Nothing to do.
  },
);

/** kvm_arch_destroy_vm() - vCPUs go. In the VM's own process the slots that KVM made itself are deleted first. */
export const kvm_arch_destroy_vm = kfunc('kvm_arch_destroy_vm', function* (kvm: Kvm) {
  if ((yield* current().mm.read()) === kvm.mm) {
    // The model makes no private slots; what would wait here for invalidations is kvm_swap_active_memslots().
    yield* mutex_lock(kvm.slots_lock);
    yield* mutex_unlock(kvm.slots_lock);
  }
  yield* kvm_destroy_vcpus(kvm);
  yield* kvm_mmu_uninit_tdp_mmu(kvm);
});

/** kvm_vcpu_srcu_read_lock() */
function* kvm_vcpu_srcu_read_lock(vcpu: KvmVcpu): Body<void> {
  vcpu.srcu_idx = yield* srcu_read_lock(vcpu.kvm.srcu);
}

function* kvm_vcpu_srcu_read_unlock(vcpu: KvmVcpu): Body<void> {
  yield* srcu_read_unlock(vcpu.kvm.srcu, vcpu.srcu_idx);
  vcpu.srcu_idx = -1;
}

/** kvm_arch_vcpu_ioctl_run() - run the guest until it needs user space or a signal comes. */
export const kvm_arch_vcpu_ioctl_run = kfunc('kvm_arch_vcpu_ioctl_run', function* (vcpu: KvmVcpu) {
  yield* kvm_vcpu_srcu_read_lock(vcpu);
  const r = yield* vcpu_run(vcpu);
  yield* kvm_vcpu_srcu_read_unlock(vcpu);
  return r;
});

/**
 * vcpu_run() - enter the guest again and again.
 *
 * Context: inside kvm->srcu, which is left while the guest runs and while work is done for the host.
 * Return: 0 with an exit reason, or a negative error.
 */
export const vcpu_run = kfunc('vcpu_run', function* (vcpu: KvmVcpu) {
  for (;;) {
    keepOnly(vcpu.plainFields);
    const r = yield* vcpu_enter_guest(vcpu);
    if (r <= 0) return r;
    if (vcpu.retryUntil !== null) yield* retry(vcpu);
    if (yield* signal_pending(current())) {
      yield* kvm_vcpu_srcu_read_unlock(vcpu);
      const pending = yield* xfer_to_guest_mode_handle_work(vcpu);
      yield* kvm_vcpu_srcu_read_lock(vcpu);
      if (pending !== 0) return pending;
    }
  }
});

/**
 * A fault that is retried comes back to the same place until somebody else does something. Time passes in between;
 * a search, which has none, waits here instead: outside of the guest and of kvm->srcu, as between two retries.
 */
function* retry(vcpu: KvmVcpu): Body<void> {
  const { retryUntil: condition } = vcpu;
  vcpu.retryUntil = null;
  if (timed() || condition === null) return;
  yield* kvm_vcpu_srcu_read_unlock(vcpu);
  yield* new RetryWait(condition, current().thread_flags);
  yield* kvm_vcpu_srcu_read_lock(vcpu);
}

/** Over when the fault can come to something else, or when a signal ends KVM_RUN. */
export class RetryWait extends Operation<void> {
  constructor(
    private readonly condition: RetryCondition,
    private readonly flags: Cell<number>,
  ) {
    super('wait', condition.cell, 'read', flags);
  }

  override enabled(): boolean {
    return this.condition.changed() || (this.flags.value & (1 << TIF_SIGPENDING)) !== 0;
  }

  override execute(): void {
    // Waiting is all.
  }
}

/** xfer_to_guest_mode_handle_work() - what a return to user space would do first. A signal ends KVM_RUN. */
export const xfer_to_guest_mode_handle_work = kfunc(
  'xfer_to_guest_mode_handle_work',
  function* (vcpu: KvmVcpu) {
    if (yield* signal_pending(current())) {
      vcpu.exit_reason = KVM_EXIT_INTR;
      return -EINTR;
    }
    yield* cond_resched();
    return 0;
  },
);

/**
 * vcpu_enter_guest() - one stay in the guest, and what made it exit.
 *
 * Context: inside kvm->srcu at start and end. The guest runs with preemption and interrupts off, so that an
 * interrupt makes it exit rather than run on behind it.
 * Return: 1 to go on, 0 with an exit reason, or a negative error.
 */
export const vcpu_enter_guest = kfunc(
  'vcpu_enter_guest',
  function* (vcpu: KvmVcpu) {
    if ((yield* READ_ONCE(vcpu.requests)) !== 0) {
      if (yield* test_and_clear_bit(KVM_REQ_VM_DEAD, vcpu.requests)) return -EIO;
      if (yield* test_and_clear_bit(KVM_REQ_TLB_FLUSH, vcpu.requests)) vcpu.tlb.clear();
    }

    preempt_disable();
    local_irq_disable();
    // The mode before the look at requests: who sets one either sees the mode or is seen.
    yield* smp_store_release(vcpu.mode, IN_GUEST_MODE);
    yield* kvm_vcpu_srcu_read_unlock(vcpu);
    smp_mb();

    let exit: GuestExit = { kind: 'interrupt' };
    if (!(yield* kvm_vcpu_exit_request(vcpu))) exit = yield* runGuest(vcpu);
    const fault = exit.kind === 'fault' ? [exit.access.gfn, exit.access.write] : null;
    keepOnly(vcpu.plainFields, exit.kind, fault);

    yield* vcpu.mode.write(OUTSIDE_GUEST_MODE);
    smp_wmb();
    local_irq_enable();
    yield* takeInterrupts(vcpu);
    preempt_enable();
    yield* kvm_vcpu_srcu_read_lock(vcpu);
    return yield* handle_exit(vcpu, exit);
  },
  { leaves: (vcpu) => vcpu.plainFields },
);

/** kvm_vcpu_exit_request() - is there a reason not to enter the guest? */
export const kvm_vcpu_exit_request = kfunc(
  'kvm_vcpu_exit_request',
  function* (vcpu: KvmVcpu) {
    if ((yield* vcpu.mode.read()) === EXITING_GUEST_MODE) return true;
    if ((yield* READ_ONCE(vcpu.requests)) !== 0) return true;
    return yield* signal_pending(current());
  },
  { inlined: true },
);

/** handle_exit() - what the guest could not do itself. */
export const handle_exit = kfunc('handle_exit', function* (vcpu: KvmVcpu, exit: GuestExit) {
  switch (exit.kind) {
    case 'interrupt':
      return 1;
    case 'halt':
      vcpu.exit_reason = KVM_EXIT_HLT;
      return 0;
    case 'fault': {
      const r = yield* kvm_mmu_page_fault(vcpu, exit.access.gfn, exit.access.write);
      if (r < 0) return r;
      if (r !== RET_PF_EMULATE) return 1;
      vcpu.exit_reason = KVM_EXIT_MMIO;
      return 0;
    }
  }
});

/** Why the hardware left the guest. */
type GuestExit =
  | { readonly kind: 'interrupt' }
  | { readonly kind: 'halt' }
  | { readonly kind: 'fault'; readonly access: GuestAccess };

/**
 * The guest, as the hardware runs it: its code accesses memory, through the TLB where it knows the frame and
 * through the SPTE else. It exits on what it has no SPTE for, on an interrupt, and once in a while in any case.
 */
function* runGuest(vcpu: KvmVcpu): Body<GuestExit> {
  const { guest, kvm } = vcpu;
  for (let done = 0; done < ACCESSES_PER_STAY; done++) {
    if ((yield* READ_ONCE(vcpu.ipis_sent)) !== vcpu.ipis_taken.value) break;
    if (yield* signal_pending(current())) break;
    if (guest.accesses.length === 0) return { kind: 'halt' };
    if (vcpu.guestAt >= guest.accesses.length) {
      vcpu.guestAt = 0;
      vcpu.guestRounds++;
      if (guest.rounds !== undefined && vcpu.guestRounds >= guest.rounds) return { kind: 'halt' };
    }
    const access = guest.accesses[vcpu.guestAt];
    charge(guest.computeNs ?? COMPUTE_NS);
    let spte: Spte | null = vcpu.tlb.get(access.gfn) ?? null;
    if (!allows(spte, access)) {
      spte = yield* READ_ONCE(kvm.arch.spte(access.gfn));
      if (spte === null || !allows(spte, access)) return { kind: 'fault', access };
      vcpu.tlb.set(access.gfn, spte);
    }
    yield* touch(vcpu, spte as Spte, access);
    vcpu.guestAt++;
  }
  return { kind: 'interrupt' };
}

/** The access itself. No sanitizer sees it, so dead memory is the business of who listens to the hook. */
const touch = (vcpu: KvmVcpu, { page }: Spte, access: GuestAccess) =>
  new Effect(access.write ? 'write' : 'read', page.memory, access.write ? 'write' : 'read', () => {
    kernel().hooks.emit('guestAccess', vcpu, page, access);
  });

const allows = (spte: Spte | null, access: GuestAccess): boolean =>
  spte !== null && (spte.writable || !access.write);

/** Interrupts that were held off while the guest ran are handled when they are let in again. */
const takeInterrupts = (vcpu: KvmVcpu) =>
  new Effect(
    'write',
    vcpu.ipis_taken,
    'write',
    () => {
      vcpu.ipis_taken.value = vcpu.ipis_sent.value;
    },
    vcpu.ipis_sent,
  );

/** The host's timer makes a guest exit that does nothing else to be left for. */
const ACCESSES_PER_STAY = 8;
const COMPUTE_NS = 100_000;
