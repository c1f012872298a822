import { keepOnly } from '../../../sim/keep-only.ts';
import { EEXIST, EINVAL, ENOMEM } from '../../include/errno.ts';
import { GFP_KERNEL_ACCOUNT } from '../../include/gfp.ts';
import {
  KVM_MEM_READONLY,
  KVM_MEMSLOT_INVALID,
  KvmMemorySlot,
  type Kvm,
  type KvmMemslots,
  type KvmMrChange,
  type KvmUserspaceMemoryRegion,
} from '../../include/kvm_host.ts';
import { PAGE_SIZE } from '../../include/mm_types.ts';
import { TASK_UNINTERRUPTIBLE } from '../../include/sched.ts';
import { kvm_arch_flush_shadow_memslot } from '../../arch/x86/kvm/mmu.ts';
import { kvm_arch_guest_memory_reclaimed } from '../../arch/x86/kvm/x86.ts';
import { rcu_assign_pointer, rcu_dereference } from '../../include/rwonce.ts';
import { mutex_lock, mutex_unlock } from '../../kernel/locking/mutex.ts';
import { synchronize_srcu_expedited } from '../../kernel/rcu/srcutree.ts';
import { finish_rcuwait, prepare_to_rcuwait } from '../../kernel/rcuwait.ts';
import { schedule, set_current_state } from '../../kernel/sched/core.ts';
import { kfunc, nothing } from '../../kfunc.ts';
import { kfree, kzalloc } from '../../mm/slab.ts';
import { lock_mn_invalidate, unlock_mn_invalidate } from './kvm_mmu_notifier.ts';

// The part of virt/kvm/kvm_main.c that changes what memory the guest has. There are two sets of slots: one is
// looked at by everybody inside kvm->srcu, the other is changed, then they are swapped.

/** kvm_get_inactive_memslots() - the set that may be changed. Under slots_arch_lock. */
export const kvm_get_inactive_memslots = kfunc(
  'kvm_get_inactive_memslots',
  function* (kvm: Kvm) {
    const { node_idx } = yield* rcu_dereference(kvm.memslots);
    return kvm.__memslots[node_idx === 0 ? 1 : 0];
  },
  { inlined: true },
);

/** kvm_replace_memslot() - in the inactive set: `old` goes, `next` comes; either may be null. */
export const kvm_replace_memslot = kfunc(
  'kvm_replace_memslot',
  function* (kvm: Kvm, old: KvmMemorySlot | null, next: KvmMemorySlot | null) {
    const { slots } = yield* kvm_get_inactive_memslots(kvm);
    const kept = (yield* slots.read()).filter((slot) => slot !== old);
    if (next !== null) kept.push(next);
    kept.sort((a, b) => a.userspace_addr - b.userspace_addr || a.base_gfn - b.base_gfn);
    yield* slots.write(kept);
  },
  { leaves: nothing },
);

/**
 * kvm_swap_active_memslots() - make the changed set the one that everybody sees.
 *
 * Context: slots_lock and slots_arch_lock held; the second is released. Waits, deaf to signals, until no
 * invalidation is between its start and its end: end must find the slots that start found. New ones may
 * start meanwhile, so a stream of them can starve it.
 */
export const kvm_swap_active_memslots = kfunc(
  'kvm_swap_active_memslots',
  function* (kvm: Kvm) {
    const slots = yield* kvm_get_inactive_memslots(kvm);
    const gen = yield* (yield* rcu_dereference(kvm.memslots)).generation.read();
    yield* slots.generation.write(gen + UPDATE_IN_PROGRESS);

    yield* lock_mn_invalidate(kvm);
    yield* prepare_to_rcuwait(kvm.mn_memslots_update_rcuwait);
    while ((yield* kvm.mn_active_invalidate_count.read()) !== 0) {
      yield* set_current_state(TASK_UNINTERRUPTIBLE);
      yield* unlock_mn_invalidate(kvm);
      yield* schedule();
      yield* lock_mn_invalidate(kvm);
      keepOnly(kvm, slots, gen);
    }
    keepOnly(kvm, slots, gen);
    yield* finish_rcuwait(kvm.mn_memslots_update_rcuwait);
    yield* rcu_assign_pointer(kvm.memslots, slots);
    yield* unlock_mn_invalidate(kvm);

    // Others take slots_arch_lock inside kvm->srcu: it must not be held over the grace period.
    yield* mutex_unlock(kvm.slots_arch_lock);
    yield* synchronize_srcu_expedited(kvm.srcu);
    yield* slots.generation.write(gen + 1);
  },
  { leaves: nothing },
);

/** kvm_activate_memslot() - swap, then bring the set that is inactive now up to date. */
export const kvm_activate_memslot = kfunc(
  'kvm_activate_memslot',
  function* (kvm: Kvm, old: KvmMemorySlot | null, next: KvmMemorySlot | null) {
    yield* kvm_swap_active_memslots(kvm);
    yield* kvm_replace_memslot(kvm, old, next);
  },
  { inlined: true },
);

/** kvm_invalidate_memslot() - let everybody see the slot as going, and zap what is mapped of it. */
export const kvm_invalidate_memslot = kfunc(
  'kvm_invalidate_memslot',
  function* (kvm: Kvm, old: KvmMemorySlot, invalid_slot: KvmMemorySlot) {
    copyMemslot(invalid_slot, old);
    invalid_slot.flags |= KVM_MEMSLOT_INVALID;
    yield* kvm_replace_memslot(kvm, old, invalid_slot);
    yield* kvm_swap_active_memslots(kvm);
    // No SPTE of the slot comes into being any more.
    yield* kvm_arch_flush_shadow_memslot(kvm);
    yield* kvm_arch_guest_memory_reclaimed(kvm);
    yield* mutex_lock(kvm.slots_arch_lock);
  },
  { inlined: true },
);

/** kvm_set_memslot() - carry out one change. Slots_lock held; sleeps. Return: 0 or -ENOMEM. */
export const kvm_set_memslot = kfunc(
  'kvm_set_memslot',
  function* (kvm: Kvm, old: KvmMemorySlot | null, next: KvmMemorySlot | null, change: KvmMrChange) {
    // Released by kvm_swap_active_memslots().
    yield* mutex_lock(kvm.slots_arch_lock);
    let invalid_slot: KvmMemorySlot | null = null;
    if (old !== null && (change === 'delete' || change === 'move')) {
      invalid_slot = yield* kzalloc(KvmMemorySlot, GFP_KERNEL_ACCOUNT, MEMORY_SLOT);
      if (invalid_slot === null) {
        yield* mutex_unlock(kvm.slots_arch_lock);
        return -ENOMEM;
      }
      yield* kvm_invalidate_memslot(kvm, old, invalid_slot);
    }

    // In the inactive set the change replaces `old`; what is active then is its invalid copy, if there is one.
    yield* kvm_replace_memslot(kvm, old, next);
    yield* kvm_activate_memslot(kvm, invalid_slot ?? old, next);

    if (invalid_slot !== null) yield* kfree(invalid_slot);
    if (old !== null) yield* kfree(old);
    return 0;
  },
);

/**
 * __kvm_set_memory_region() - create, delete, move a slot or change its flags.
 *
 * Context: slots_lock held.
 * Return: 0 or a negative error.
 */
export const __kvm_set_memory_region = kfunc(
  '__kvm_set_memory_region',
  function* (kvm: Kvm, mem: KvmUserspaceMemoryRegion) {
    if ((mem.flags & ~KVM_MEM_READONLY) !== 0) return -EINVAL;
    for (const value of [mem.memory_size, mem.guest_phys_addr, mem.userspace_addr]) {
      if (value % PAGE_SIZE !== 0 || value < 0) return -EINVAL;
    }
    const slots = yield* (yield* rcu_dereference(kvm.memslots)).slots.read();
    const old = slots.find((slot) => slot.id === mem.slot) ?? null;
    if (mem.memory_size === 0) {
      if (old === null) return -EINVAL;
      return yield* kvm_set_memslot(kvm, old, null, 'delete');
    }

    const base_gfn = mem.guest_phys_addr / PAGE_SIZE;
    const npages = mem.memory_size / PAGE_SIZE;
    let change: KvmMrChange = 'create';
    if (old !== null) {
      if (mem.userspace_addr !== old.userspace_addr || npages !== old.npages) return -EINVAL;
      if (((mem.flags ^ old.flags) & KVM_MEM_READONLY) !== 0) return -EINVAL;
      if (base_gfn === old.base_gfn) return 0;
      change = 'move';
    }
    const overlaps = slots.some(
      (slot) => slot !== old && slot.base_gfn < base_gfn + npages && base_gfn < slot.base_gfn + slot.npages,
    );
    if (overlaps) return -EEXIST;

    const next = yield* kzalloc(KvmMemorySlot, GFP_KERNEL_ACCOUNT, MEMORY_SLOT);
    if (next === null) return -ENOMEM;
    next.id = mem.slot;
    next.base_gfn = base_gfn;
    next.npages = npages;
    next.flags = mem.flags;
    next.userspace_addr = mem.userspace_addr;
    const r = yield* kvm_set_memslot(kvm, old, next, change);
    if (r !== 0) yield* kfree(next);
    return r;
  },
);

/** kvm_set_memory_region() - the same with slots_lock taken. */
export const kvm_set_memory_region = kfunc(
  'kvm_set_memory_region',
  function* (kvm: Kvm, mem: KvmUserspaceMemoryRegion) {
    yield* mutex_lock(kvm.slots_lock);
    const r = yield* __kvm_set_memory_region(kvm, mem);
    yield* mutex_unlock(kvm.slots_lock);
    return r;
  },
);

/** kvm_free_memslots() - both sets hold the same slots: they are freed with the second. */
export const kvm_free_memslots = kfunc('kvm_free_memslots', function* (slots: KvmMemslots) {
  if (slots.node_idx === 0) return;
  for (const slot of yield* slots.slots.read()) yield* kfree(slot);
});

function copyMemslot(dest: KvmMemorySlot, src: KvmMemorySlot): void {
  dest.base_gfn = src.base_gfn;
  dest.npages = src.npages;
  dest.userspace_addr = src.userspace_addr;
  dest.flags = src.flags;
  dest.id = src.id;
  dest.as_id = src.as_id;
}

const MEMORY_SLOT = { label: 'kvm_memory_slot', size: 256 };
/** KVM_MEMSLOT_GEN_UPDATE_IN_PROGRESS, of a smaller number. */
export const UPDATE_IN_PROGRESS = 0x40000000;
