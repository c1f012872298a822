import type { Body } from '../../../../sim/call.ts';
import type { Cell } from '../../../../sim/cell.ts';
import { charge } from '../../../../sim/delay.ts';
import { Operation, type Ordering } from '../../../../sim/operation.ts';
import { EFAULT, EINTR } from '../../../include/errno.ts';
import {
  INVALID_GPA,
  KVM_EXIT_INTR,
  KVM_MEMSLOT_INVALID,
  KVM_MEM_READONLY,
  type Kvm,
  type KvmMemorySlot,
  type KvmMemslots,
  type KvmVcpu,
  type RetryCondition,
  type Spte,
} from '../../../include/kvm_host.ts';
import { rcu_dereference, READ_ONCE, smp_rmb, WRITE_ONCE } from '../../../include/rwonce.ts';
import { read_lock, read_unlock } from '../../../kernel/locking/rwlock.ts';
import { rcu_read_lock, rcu_read_unlock } from '../../../kernel/rcu/tree.ts';
import { WARN_ON_ONCE } from '../../../kernel/panic.ts';
import { kernel } from '../../../kernel.ts';
import { kfunc, nothing } from '../../../kfunc.ts';
import type { Page } from '../../../mm/page_alloc.ts';
import {
  __gfn_to_memslot,
  gfn_to_hva_memslot,
  hva_to_pfn,
  kvm_release_page,
  kvm_set_pfn_accessed,
  kvm_set_pfn_dirty,
} from '../../../virt/kvm/guest_memory.ts';
import { KVM_MMU_LOCK, KVM_MMU_UNLOCK, mmuRwlock } from '../../../virt/kvm/kvm_mm.ts';
import { kvm_flush_remote_tlbs } from '../../../virt/kvm/requests.ts';
import type { KvmGfnRange } from '../../../virt/kvm/kvm_mmu_notifier.ts';

// The TDP MMU. An SPTE is one cell per guest frame; `arch.tdp` stands for the levels above: it lists the
// frames that have a leaf at all.

/** What became of a fault: enter the guest again, look again, let user space emulate, or done. */
export const RET_PF_CONTINUE = 0;
export const RET_PF_RETRY = 1;
export const RET_PF_EMULATE = 2;
export const RET_PF_FIXED = 4;

/** struct kvm_page_fault - on the faulting vCPU's stack. */
export interface KvmPageFault {
  readonly gfn: number;
  readonly write: boolean;
  slot: KvmMemorySlot | null;
  mmu_seq: number;
  page: Page | null;
  map_writable: boolean;
  /** What the last look at invalidations told. */
  invalidated: Invalidated;
}

/** kvm_unmap_gfn_range() - zap the SPTEs of a range. Under mmu_lock for write. Return: TLBs need a flush. */
export const kvm_unmap_gfn_range = kfunc('kvm_unmap_gfn_range', function* (kvm: Kvm, range: KvmGfnRange) {
  return yield* kvm_tdp_mmu_unmap_gfn_range(kvm, range, false);
});

export const kvm_tdp_mmu_unmap_gfn_range = kfunc(
  'kvm_tdp_mmu_unmap_gfn_range',
  function* (kvm: Kvm, range: KvmGfnRange, flush: boolean) {
    return (yield* tdp_mmu_zap_leafs(kvm, range.start, range.end)) || flush;
  },
);

/**
 * tdp_mmu_zap_leafs() - clear the present SPTEs from `start` to before `end`.
 *
 * Context: mmu_lock for write. Leaves out: yielding the lock, for which a blockable range would allow.
 */
export const tdp_mmu_zap_leafs = kfunc(
  'tdp_mmu_zap_leafs',
  function* (kvm: Kvm, start: number, end: number) {
    let flush = false;
    yield* rcu_read_lock();
    for (const gfn of yield* READ_ONCE(kvm.arch.tdp)) {
      if (gfn < start || gfn >= end) continue;
      const old = yield* READ_ONCE(kvm.arch.spte(gfn));
      if (old === null) continue;
      yield* tdp_mmu_set_spte(kvm, gfn, old, null);
      flush = true;
    }
    yield* rcu_read_unlock();
    return flush;
  },
  { inlined: true },
);

/**
 * A store to an SPTE that points at a page. Whether the page is still in use then is what invalidations are about, so
 * the store is not independent of the end of the page.
 */
class StoreSpte extends Operation<void> {
  constructor(
    private readonly cell: Cell<Spte | null>,
    private readonly spte: Spte | null,
    old: Page,
  ) {
    super('write', cell, 'write', (spte?.page ?? old).memory);
  }

  override get ordering(): Ordering {
    return 'relaxed';
  }

  override execute(): void {
    this.cell.value = this.spte;
  }
}

/** try_cmpxchg64() of an SPTE, which makes it point at a page; see StoreSpte. The result: what was there. */
class ExchangeSpte extends Operation<Spte | null> {
  constructor(
    private readonly cell: Cell<Spte | null>,
    private readonly old: Spte | null,
    private readonly spte: Spte,
  ) {
    super('rmw', cell, 'write', spte.page.memory);
  }

  override execute(): Spte | null {
    const before = this.cell.value;
    if (before === this.old) this.cell.value = this.spte;
    return before;
  }
}

/** tdp_mmu_set_spte() - replace an SPTE, and tell the page what the old one knew where the era does so. */
export const tdp_mmu_set_spte = kfunc(
  'tdp_mmu_set_spte',
  function* (kvm: Kvm, gfn: number, old: Spte, next: Spte | null) {
    yield* new StoreSpte(kvm.arch.spte(gfn), next, old.page);
    kernel().hooks.emit('spteChanged', kvm, gfn, next);
    charge(ZAP_NS);
    yield* handle_changed_spte(old);
  },
  { inlined: true },
);

/** handle_changed_spte() - up to v6.12 the page struct of a zapped SPTE is touched, with no reference held. */
export const handle_changed_spte = kfunc('handle_changed_spte', function* (old: Spte) {
  if (!kernel().tree.traits.spteZapTouchesPage) return;
  if (old.writable) yield* kvm_set_pfn_dirty(old.page);
  yield* kvm_set_pfn_accessed(old.page);
});

/** kvm_mmu_zap_all() - clear every SPTE of the VM. Takes mmu_lock for write. */
export const kvm_mmu_zap_all = kfunc(
  'kvm_mmu_zap_all',
  function* (kvm: Kvm) {
    yield* KVM_MMU_LOCK(kvm);
    yield* kvm_tdp_mmu_zap_all(kvm);
    yield* KVM_MMU_UNLOCK(kvm);
  },
  { inlined: true },
);

/** kvm_mmu_uninit_tdp_mmu() - what vCPUs mapped after the last zap goes with the page tables. */
export const kvm_mmu_uninit_tdp_mmu = kfunc('kvm_mmu_uninit_tdp_mmu', function* (kvm: Kvm) {
  yield* read_lock(mmuRwlock(kvm));
  yield* kvm_tdp_mmu_zap_all(kvm);
  yield* read_unlock(mmuRwlock(kvm));
});

export const kvm_tdp_mmu_zap_all = kfunc('kvm_tdp_mmu_zap_all', function* (kvm: Kvm) {
  yield* rcu_read_lock();
  for (const gfn of yield* READ_ONCE(kvm.arch.tdp)) {
    const old = yield* READ_ONCE(kvm.arch.spte(gfn));
    if (old !== null) yield* tdp_mmu_set_spte(kvm, gfn, old, null);
  }
  yield* WRITE_ONCE(kvm.arch.tdp, []);
  yield* rcu_read_unlock();
});

/**
 * kvm_arch_flush_shadow_memslot() - a slot goes or moves: nothing of it may stay mapped.
 *
 * Context: slots_lock held; vCPUs see the slot as invalid already. Takes mmu_lock for write.
 * Leaves out: that x86 invalidates the roots first and zaps them without keeping faults away; like there,
 * everything is zapped and not only the slot.
 */
export const kvm_arch_flush_shadow_memslot = kfunc(
  'kvm_arch_flush_shadow_memslot',
  function* (kvm: Kvm) {
    yield* KVM_MMU_LOCK(kvm);
    const flush = yield* tdp_mmu_zap_leafs(kvm, 0, Number.MAX_SAFE_INTEGER);
    if (flush) yield* kvm_flush_remote_tlbs(kvm);
    yield* KVM_MMU_UNLOCK(kvm);
  },
  { leaves: nothing },
);

/** kvm_arch_flush_shadow_all() - from the release op. No TLB is flushed: nobody runs the guest any more, it says. */
export const kvm_arch_flush_shadow_all = kfunc('kvm_arch_flush_shadow_all', function* (kvm: Kvm) {
  yield* kvm_mmu_zap_all(kvm);
});

/** kvm_age_gfn() - was the range used by the guest? Takes the accessed bits away. */
export const kvm_age_gfn = kfunc('kvm_age_gfn', function* (kvm: Kvm, range: KvmGfnRange) {
  return yield* hasPresentSpte(kvm, range);
});

/** kvm_test_age_gfn() - the same without changing anything. */
export const kvm_test_age_gfn = kfunc('kvm_test_age_gfn', function* (kvm: Kvm, range: KvmGfnRange) {
  return yield* hasPresentSpte(kvm, range);
});

/** A present SPTE counts as used: the model keeps no accessed bit. */
function* hasPresentSpte(kvm: Kvm, range: KvmGfnRange): Body<boolean> {
  yield* rcu_read_lock();
  let present = false;
  for (const gfn of yield* READ_ONCE(kvm.arch.tdp)) {
    if (gfn < range.start || gfn >= range.end) continue;
    present = (yield* READ_ONCE(kvm.arch.spte(gfn))) !== null;
    if (present) break;
  }
  yield* rcu_read_unlock();
  return present;
}

/** Why a fault has to look again: its frame is being invalidated now, or something was since its snapshot. */
export type Invalidated = 'now' | 'since' | false;

/** mmu_invalidate_retry_gfn_unsafe() - without mmu_lock: may miss an invalidation, saves work if it does not. */
export const mmu_invalidate_retry_gfn_unsafe = kfunc(
  'mmu_invalidate_retry_gfn_unsafe',
  function* (kvm: Kvm, mmu_seq: number, gfn: number): Body<Invalidated> {
    if ((yield* READ_ONCE(kvm.mmu_invalidate_in_progress)) !== 0 && (yield* isInInvalidatedRange(kvm, gfn))) {
      return 'now';
    }
    return (yield* READ_ONCE(kvm.mmu_invalidate_seq)) === mmu_seq ? false : 'since';
  },
  { inlined: true },
);

/** mmu_invalidate_retry_gfn() - the same with mmu_lock held, when it is sure. */
export const mmu_invalidate_retry_gfn = kfunc(
  'mmu_invalidate_retry_gfn',
  function* (kvm: Kvm, mmu_seq: number, gfn: number): Body<Invalidated> {
    if ((yield* kvm.mmu_invalidate_in_progress.read()) !== 0) {
      const start = yield* kvm.mmu_invalidate_range_start.read();
      if (WARN_ON_ONCE(start === INVALID_GPA, 'include/linux/kvm_host.h:2094')) return 'since';
      if (yield* isInInvalidatedRange(kvm, gfn)) return 'now';
    }
    return (yield* kvm.mmu_invalidate_seq.read()) === mmu_seq ? false : 'since';
  },
  { inlined: true },
);

export function* isInInvalidatedRange(kvm: Kvm, gfn: number): Body<boolean> {
  if (gfn < (yield* kvm.mmu_invalidate_range_start.read())) return false;
  return gfn < (yield* kvm.mmu_invalidate_range_end.read());
}

/** kvm_mmu_page_fault() - the guest touched a frame that it has no SPTE for. Inside kvm->srcu. */
export const kvm_mmu_page_fault = kfunc(
  'kvm_mmu_page_fault',
  function* (vcpu: KvmVcpu, gfn: number, write: boolean) {
    const memslots = yield* rcu_dereference(vcpu.kvm.memslots);
    const slot = __gfn_to_memslot(yield* memslots.slots.read(), gfn);
    const fault: KvmPageFault = {
      ...{ gfn, write, slot, mmu_seq: 0, page: null, map_writable: false, invalidated: false },
    };
    const r = yield* kvm_tdp_page_fault(vcpu, fault);
    if (r === RET_PF_RETRY) vcpu.retryUntil = retryCondition(vcpu.kvm, fault, memslots);
    return r;
  },
);

/**
 * Until then the fault would be retried once more, with nothing else to come of it; null if the next try has
 * another number to compare with. Told by what the fault itself has read: who looks at more than that here would
 * depend on what others do, and no search would know.
 *
 * Leaves out: that the next try could find another invalidation, of other frames only, under way by then.
 */
function retryCondition(kvm: Kvm, fault: KvmPageFault, seen: KvmMemslots): RetryCondition | null {
  const { memslots, mmu_invalidate_in_progress: count } = kvm;
  if (fault.slot !== null && (fault.slot.flags & KVM_MEMSLOT_INVALID) !== 0) {
    return { cell: memslots, seen, changed: () => memslots.value !== seen };
  }
  return fault.invalidated === 'now' ? { cell: count, seen: null, changed: () => count.value === 0 } : null;
}

export const kvm_tdp_page_fault = kfunc('kvm_tdp_page_fault', function* (vcpu: KvmVcpu, fault: KvmPageFault) {
  return yield* kvm_tdp_mmu_page_fault(vcpu, fault);
});

/**
 * kvm_tdp_mmu_page_fault() - find the page, then install the SPTE unless an invalidation came between.
 *
 * Context: the vCPU's thread, inside kvm->srcu; sleeps. Takes mmu_lock for read.
 * Return: RET_PF_*, or a negative error.
 */
export const kvm_tdp_mmu_page_fault = kfunc(
  'kvm_tdp_mmu_page_fault',
  function* (vcpu: KvmVcpu, fault: KvmPageFault) {
    const { kvm } = vcpu;
    let r = yield* kvm_mmu_faultin_pfn(vcpu, fault);
    if (r !== RET_PF_CONTINUE) return r;

    r = RET_PF_RETRY;
    yield* read_lock(mmuRwlock(kvm));
    if (!(yield* is_page_fault_stale(vcpu, fault))) r = yield* kvm_tdp_mmu_map(vcpu, fault);
    // No reference stays behind: start and end of invalidations keep the SPTE honest.
    yield* kvm_mmu_finish_page_fault(fault, r);
    yield* read_unlock(mmuRwlock(kvm));
    return r;
  },
  { inlined: true },
);

/** kvm_mmu_faultin_pfn() - snapshot, early checks, lookup of the page, early checks again. */
export const kvm_mmu_faultin_pfn = kfunc(
  'kvm_mmu_faultin_pfn',
  function* (vcpu: KvmVcpu, fault: KvmPageFault) {
    const { kvm } = vcpu;
    // Read before anything that an invalidation changes.
    fault.mmu_seq = yield* kvm.mmu_invalidate_seq.read();
    smp_rmb();
    const { slot } = fault;
    if (slot === null) return RET_PF_EMULATE;
    if ((slot.flags & KVM_MEMSLOT_INVALID) !== 0) return RET_PF_RETRY;
    if (fault.write && (slot.flags & KVM_MEM_READONLY) !== 0) return RET_PF_EMULATE;
    fault.invalidated = yield* mmu_invalidate_retry_gfn_unsafe(kvm, fault.mmu_seq, fault.gfn);
    if (fault.invalidated !== false) return RET_PF_RETRY;

    const pfn = yield* hva_to_pfn(gfn_to_hva_memslot(slot, fault.gfn), fault.write);
    if (pfn.page === null) {
      if (!pfn.interrupted) return -EFAULT;
      vcpu.exit_reason = KVM_EXIT_INTR;
      return -EINTR;
    }
    fault.page = pfn.page;
    fault.map_writable = pfn.writable && (slot.flags & KVM_MEM_READONLY) === 0;

    fault.invalidated = yield* mmu_invalidate_retry_gfn_unsafe(kvm, fault.mmu_seq, fault.gfn);
    if (fault.invalidated !== false) {
      yield* kvm_mmu_finish_page_fault(fault, RET_PF_RETRY);
      return RET_PF_RETRY;
    }
    return RET_PF_CONTINUE;
  },
);

/** is_page_fault_stale() - was what the fault is about invalidated? Under mmu_lock: the answer is final. */
export const is_page_fault_stale = kfunc(
  'is_page_fault_stale',
  function* (vcpu: KvmVcpu, fault: KvmPageFault) {
    if (fault.slot === null) return false;
    fault.invalidated = yield* mmu_invalidate_retry_gfn(vcpu.kvm, fault.mmu_seq, fault.gfn);
    return fault.invalidated !== false;
  },
  { inlined: true },
);

/** kvm_tdp_mmu_map() - install the SPTE by an atomic exchange; another vCPU may have been faster. */
export const kvm_tdp_mmu_map = kfunc('kvm_tdp_mmu_map', function* (vcpu: KvmVcpu, fault: KvmPageFault) {
  const { arch } = vcpu.kvm;
  const { page, gfn } = fault;
  if (page === null) return RET_PF_RETRY;
  yield* rcu_read_lock();
  const cell = arch.spte(gfn);
  const old = yield* READ_ONCE(cell);
  const spte: Spte = { page, writable: fault.map_writable };
  let r = RET_PF_FIXED;
  if (old === null || (spte.writable && !old.writable)) {
    yield* arch.tdp.update((gfns) => inserted(gfns, gfn));
    const before = yield* new ExchangeSpte(cell, old, spte);
    if (before === old) kernel().hooks.emit('spteChanged', vcpu.kvm, gfn, spte);
    else r = RET_PF_RETRY;
  }
  yield* rcu_read_unlock();
  return r;
});

/** kvm_mmu_finish_page_fault() - give the reference back, having told the page of a write. */
export const kvm_mmu_finish_page_fault = kfunc(
  'kvm_mmu_finish_page_fault',
  function* (fault: KvmPageFault, r: number) {
    const { page } = fault;
    if (page === null) return;
    if (r !== RET_PF_RETRY) {
      if (fault.map_writable) yield* kvm_set_pfn_dirty(page);
      yield* kvm_set_pfn_accessed(page);
    }
    yield* kvm_release_page(page);
  },
  { inlined: true },
);

function inserted(gfns: readonly number[], gfn: number): readonly number[] {
  if (gfns.includes(gfn)) return gfns;
  return [...gfns, gfn].sort((a, b) => a - b);
}

/** Clearing one SPTE, in ns. */
const ZAP_NS = 60;
