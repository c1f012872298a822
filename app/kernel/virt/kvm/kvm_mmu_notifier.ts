import type { Body, Call } from '../../../sim/call.ts';
import {
  kvm_age_gfn,
  kvm_arch_flush_shadow_all,
  kvm_test_age_gfn,
  kvm_unmap_gfn_range,
} from '../../arch/x86/kvm/mmu.ts';
import { kvm_arch_guest_memory_reclaimed } from '../../arch/x86/kvm/x86.ts';
import { INVALID_GPA, Kvm, type KvmMemorySlot } from '../../include/kvm_host.ts';
import { PAGE_SIZE, type MmStruct } from '../../include/mm_types.ts';
import {
  mmu_notifier_range_blockable,
  type MmuNotifier,
  type MmuNotifierOps,
  type MmuNotifierRange,
} from '../../include/mmu_notifier.ts';
import { rcu_dereference, smp_wmb } from '../../include/rwonce.ts';
import { raw_spin_lock, raw_spin_unlock, RawSpinlock } from '../../kernel/locking/raw_spinlock.ts';
import { spin_lock, spin_unlock, type Spinlock } from '../../kernel/locking/spinlock.ts';
import { WARN_ON_ONCE } from '../../kernel/panic.ts';
import { srcu_read_lock, srcu_read_unlock } from '../../kernel/rcu/srcutree.ts';
import { rcuwait_wake_up } from '../../kernel/rcuwait.ts';
import { kfunc, nothing } from '../../kfunc.ts';
import { mmu_notifier_register } from '../../mm/mmu_notifier.ts';
import { trace_event } from '../../trace-events.ts';
import { gfn_to_pfn_cache_invalidate_start } from './pfncache.ts';
import { KVM_MMU_LOCK, KVM_MMU_UNLOCK } from './kvm_mm.ts';
import { KVM_BUG_ON, kvm_flush_remote_tlbs } from './requests.ts';

// The part of virt/kvm/kvm_main.c that listens to the process's address space: what the host unmaps, the guest
// must lose before the pages are freed.

/** struct kvm_gfn_range - what of one memslot a handler is for. On the caller's stack. */
export interface KvmGfnRange {
  readonly slot: KvmMemorySlot;
  readonly start: number;
  readonly end: number;
  readonly may_block: boolean;
}

/** struct kvm_mmu_notifier_range - null stands for kvm_null_fn. */
interface KvmMmuNotifierRange {
  readonly start: number;
  readonly end: number;
  readonly handler: ((kvm: Kvm, range: KvmGfnRange) => Call<boolean>) | null;
  readonly on_lock: ((kvm: Kvm) => Call<void>) | null;
  readonly flush_on_ret: boolean;
  readonly may_block: boolean;
  /** The handler goes without mmu_lock. */
  readonly lockless?: boolean;
}

/** mmu_notifier_to_kvm() - container_of() */
export function mmu_notifier_to_kvm(mn: MmuNotifier): Kvm {
  if (mn.container instanceof Kvm) return mn.container;
  throw new Error('the notifier is not embedded in a struct kvm');
}

/** spin_lock(&kvm->mn_invalidate_lock), or raw_spin_lock() where a patch made it a raw lock. */
export function* lock_mn_invalidate(kvm: Kvm): Body<void> {
  const lock = mnInvalidateLock(kvm);
  if (lock instanceof RawSpinlock) yield* raw_spin_lock(lock);
  else yield* spin_lock(lock);
}

export function* unlock_mn_invalidate(kvm: Kvm): Body<void> {
  const lock = mnInvalidateLock(kvm);
  if (lock instanceof RawSpinlock) yield* raw_spin_unlock(lock);
  else yield* spin_unlock(lock);
}

function mnInvalidateLock({ mn_invalidate_lock }: Kvm): RawSpinlock | Spinlock {
  if (mn_invalidate_lock !== null) return mn_invalidate_lock;
  throw new Error('there is no mn_invalidate_lock in this tree: a body that takes it needs a replacement');
}

/**
 * __kvm_handle_hva_range() - call a handler for each memslot that overlaps a range of host addresses.
 *
 * mmu_lock is taken for write when the first such slot is found, and not at all without one or for a lockless handler.
 * Return: what the handlers say, and whether there was a slot.
 */
export const __kvm_handle_hva_range = kfunc(
  '__kvm_handle_hva_range',
  function* (kvm: Kvm, range: KvmMmuNotifierRange) {
    let ret = false;
    let found_memslot = false;
    const idx = yield* srcu_read_lock(kvm.srcu);
    const memslots = yield* rcu_dereference(kvm.memslots);
    const slots = yield* memslots.slots.read();

    for (const slot of slots) {
      const slot_end = slot.userspace_addr + slot.npages * PAGE_SIZE;
      if (slot.userspace_addr >= range.end || slot_end <= range.start) continue;
      const hva_start = Math.max(range.start, slot.userspace_addr);
      const hva_end = Math.min(range.end, slot_end);
      if (!found_memslot) {
        found_memslot = true;
        if (range.lockless !== true) {
          yield* KVM_MMU_LOCK(kvm);
          if (range.on_lock !== null) yield* range.on_lock(kvm);
          if (range.handler === null) break;
        }
      }
      const gfn_range: KvmGfnRange = {
        slot,
        start: hva_to_gfn_memslot(hva_start, slot),
        end: hva_to_gfn_memslot(hva_end + PAGE_SIZE - 1, slot),
        may_block: range.may_block,
      };
      if (range.handler !== null && (yield* range.handler(kvm, gfn_range))) ret = true;
    }

    if (range.flush_on_ret && ret) yield* kvm_flush_remote_tlbs(kvm);
    if (found_memslot && range.lockless !== true) yield* KVM_MMU_UNLOCK(kvm);
    yield* srcu_read_unlock(kvm.srcu, idx);
    return { ret, found_memslot };
  },
  { inlined: true, leaves: nothing },
);

/** kvm_mmu_invalidate_begin() - from now on faults on the range retry. Under mmu_lock for write. */
export const kvm_mmu_invalidate_begin = kfunc(
  'kvm_mmu_invalidate_begin',
  function* (kvm: Kvm) {
    const in_progress = (yield* kvm.mmu_invalidate_in_progress.read()) + 1;
    yield* kvm.mmu_invalidate_in_progress.write(in_progress);
    if (in_progress === 1) {
      yield* kvm.mmu_invalidate_range_start.write(INVALID_GPA);
      yield* kvm.mmu_invalidate_range_end.write(INVALID_GPA);
    }
  },
  { leaves: nothing },
);

/** kvm_mmu_invalidate_range_add() - widens what is under invalidation; one range stands for all. */
export const kvm_mmu_invalidate_range_add = kfunc(
  'kvm_mmu_invalidate_range_add',
  function* (kvm: Kvm, start: number, end: number) {
    WARN_ON_ONCE((yield* kvm.mmu_invalidate_in_progress.read()) === 0, 'virt/kvm/kvm_main.c:728');
    const before = yield* kvm.mmu_invalidate_range_start.read();
    if (before === INVALID_GPA) {
      yield* kvm.mmu_invalidate_range_start.write(start);
      yield* kvm.mmu_invalidate_range_end.write(end);
    } else {
      yield* kvm.mmu_invalidate_range_start.write(Math.min(before, start));
      const last = yield* kvm.mmu_invalidate_range_end.read();
      yield* kvm.mmu_invalidate_range_end.write(Math.max(last, end));
    }
  },
  { leaves: nothing },
);

/** kvm_mmu_unmap_gfn_range() - the handler of a start: note the range, zap what the guest has of it. */
export const kvm_mmu_unmap_gfn_range = kfunc(
  'kvm_mmu_unmap_gfn_range',
  function* (kvm: Kvm, range: KvmGfnRange) {
    yield* kvm_mmu_invalidate_range_add(kvm, range.start, range.end);
    return yield* kvm_unmap_gfn_range(kvm, range);
  },
  { leaves: nothing },
);

/**
 * kvm_mmu_notifier_invalidate_range_start() - the host is about to unmap a range: take it from the guest.
 *
 * Context: inside srcu; not blockable when memory is reaped for the OOM killer, and takes spinlocks even then.
 * Return: 0.
 */
export const kvm_mmu_notifier_invalidate_range_start = kfunc(
  'kvm_mmu_notifier_invalidate_range_start',
  function* (mn: MmuNotifier, range: MmuNotifierRange) {
    const kvm = mmu_notifier_to_kvm(mn);
    trace_event('kvm', 'kvm_unmap_hva_range', () => {
      return `mmu notifier unmap range: ${hexAddress(range.start)} -- ${hexAddress(range.end)}`;
    });

    // Memslots must not change between start and end: both have to find the same, or the counts of the two
    // would differ.
    yield* lock_mn_invalidate(kvm);
    const count = yield* kvm.mn_active_invalidate_count.read();
    yield* kvm.mn_active_invalidate_count.write(count + 1);
    yield* unlock_mn_invalidate(kvm);

    // Before mmu_lock, which the locks of the caches shall not nest in.
    yield* gfn_to_pfn_cache_invalidate_start(kvm, range.start, range.end);

    const { found_memslot } = yield* __kvm_handle_hva_range(kvm, {
      start: range.start,
      end: range.end,
      handler: kvm_mmu_unmap_gfn_range,
      on_lock: kvm_mmu_invalidate_begin,
      flush_on_ret: true,
      may_block: mmu_notifier_range_blockable(range),
    });
    if (found_memslot) yield* kvm_arch_guest_memory_reclaimed(kvm);
    return 0;
  },
  { leaves: nothing },
);

/** kvm_mmu_invalidate_end() - faults that began before fail their check. Under mmu_lock for write. */
export const kvm_mmu_invalidate_end = kfunc(
  'kvm_mmu_invalidate_end',
  function* (kvm: Kvm) {
    // The sequence first, then the count: whoever sees the count at 0 sees the new sequence.
    yield* kvm.mmu_invalidate_seq.write((yield* kvm.mmu_invalidate_seq.read()) + 1);
    smp_wmb();
    const in_progress = (yield* kvm.mmu_invalidate_in_progress.read()) - 1;
    yield* kvm.mmu_invalidate_in_progress.write(in_progress);
    yield* KVM_BUG_ON(in_progress < 0, kvm, 'virt/kvm/kvm_main.c:823');
    const start = yield* kvm.mmu_invalidate_range_start.read();
    WARN_ON_ONCE(start === INVALID_GPA, 'virt/kvm/kvm_main.c:829');
  },
  { leaves: nothing },
);

/** The body of an end; `counted` is what an era does in addition, under mn_invalidate_lock. */
export function invalidateRangeEnd(
  counted: (kvm: Kvm) => Body<void>,
): (mn: MmuNotifier, range: MmuNotifierRange) => Body<void> {
  return function* (mn, range) {
    const kvm = mmu_notifier_to_kvm(mn);
    yield* __kvm_handle_hva_range(kvm, {
      start: range.start,
      end: range.end,
      handler: null,
      on_lock: kvm_mmu_invalidate_end,
      flush_on_ret: false,
      may_block: mmu_notifier_range_blockable(range),
    });

    yield* lock_mn_invalidate(kvm);
    yield* counted(kvm);
    let count = yield* kvm.mn_active_invalidate_count.read();
    if (!WARN_ON_ONCE(count === 0, 'virt/kvm/kvm_main.c:850')) {
      yield* kvm.mn_active_invalidate_count.write(--count);
    }
    const wake = count === 0;
    yield* unlock_mn_invalidate(kvm);

    // There is one waiter at most: it waits under slots_lock.
    if (wake) yield* rcuwait_wake_up(kvm.mn_memslots_update_rcuwait);
  };
}

/** kvm_mmu_notifier_invalidate_range_end() - the host has unmapped the range. Wakes a memslot updater. */
export const kvm_mmu_notifier_invalidate_range_end = kfunc(
  'kvm_mmu_notifier_invalidate_range_end',
  invalidateRangeEnd(function* () {}),
  { leaves: nothing },
);

// Ageing. Models: v6.15 and later, where x86 looks at SPTEs under RCU alone and flushes no TLB for it.

export const kvm_mmu_notifier_clear_flush_young = kfunc(
  'kvm_mmu_notifier_clear_flush_young',
  function* (mn: MmuNotifier, _mm: MmStruct, start: number, end: number) {
    return yield* handleAging(mn, start, end, kvm_age_gfn, false, true);
  },
);

export const kvm_mmu_notifier_clear_young = kfunc(
  'kvm_mmu_notifier_clear_young',
  function* (mn: MmuNotifier, _mm: MmStruct, start: number, end: number) {
    return yield* handleAging(mn, start, end, kvm_age_gfn, false, true);
  },
);

export const kvm_mmu_notifier_test_young = kfunc(
  'kvm_mmu_notifier_test_young',
  function* (mn: MmuNotifier, _mm: MmStruct, address: number) {
    return yield* handleAging(mn, address, address + 1, kvm_test_age_gfn, false, true);
  },
);

/**
 * kvm_mmu_notifier_release() - the address space goes: zap everything.
 *
 * Context: inside srcu, from exit_mmap() or mmu_notifier_unregister(). Stops no vCPU and sets no flag: one
 * that runs on may fault pages in again at once.
 */
export const kvm_mmu_notifier_release = kfunc(
  'kvm_mmu_notifier_release',
  function* (mn: MmuNotifier, _mm: MmStruct) {
    const kvm = mmu_notifier_to_kvm(mn);
    const idx = yield* srcu_read_lock(kvm.srcu);
    yield* kvm_flush_shadow_all(kvm);
    yield* srcu_read_unlock(kvm.srcu, idx);
  },
);

export const kvm_flush_shadow_all = kfunc(
  'kvm_flush_shadow_all',
  function* (kvm: Kvm) {
    yield* kvm_arch_flush_shadow_all(kvm);
    yield* kvm_arch_guest_memory_reclaimed(kvm);
  },
  { inlined: true },
);

export const kvm_mmu_notifier_ops: MmuNotifierOps = {
  invalidate_range_start: kvm_mmu_notifier_invalidate_range_start,
  invalidate_range_end: kvm_mmu_notifier_invalidate_range_end,
  clear_flush_young: kvm_mmu_notifier_clear_flush_young,
  clear_young: kvm_mmu_notifier_clear_young,
  test_young: kvm_mmu_notifier_test_young,
  release: kvm_mmu_notifier_release,
  invalidateDoesNotBlock: true,
};

/** kvm_init_mmu_notifier() - subscribe to the creator's address space. */
export const kvm_init_mmu_notifier = kfunc(
  'kvm_init_mmu_notifier',
  function* (kvm: Kvm) {
    yield* kvm.mmu_notifier.ops.write(kvm_mmu_notifier_ops);
    return yield* mmu_notifier_register(kvm.mmu_notifier, kvm.mm);
  },
  { inlined: true },
);

/** kvm_age_hva_range() */
export function* handleAging(
  mn: MmuNotifier,
  start: number,
  end: number,
  handler: (kvm: Kvm, range: KvmGfnRange) => Call<boolean>,
  flush_on_ret: boolean,
  lockless: boolean,
): Body<boolean> {
  const range = { start, end, handler, on_lock: null, flush_on_ret, may_block: false, lockless };
  return (yield* __kvm_handle_hva_range(mmu_notifier_to_kvm(mn), range)).ret;
}

function hva_to_gfn_memslot(hva: number, slot: KvmMemorySlot): number {
  return slot.base_gfn + Math.floor((hva - slot.userspace_addr) / PAGE_SIZE);
}

/** `%#016llx` */
function hexAddress(address: number): string {
  return `0x${address.toString(16).padStart(14, '0')}`;
}
