import { kvm_unmap_gfn_range } from '../../arch/x86/kvm/mmu.ts';
import { INVALID_GPA, type Kvm } from '../../include/kvm_host.ts';
import { PAGE_SIZE } from '../../include/mm_types.ts';
import {
  mmu_notifier_range_blockable,
  type MmuNotifier,
  type MmuNotifierRange,
} from '../../include/mmu_notifier.ts';
import { rcu_dereference, smp_wmb } from '../../include/rwonce.ts';
import { BUG_ON } from '../../kernel/bug.ts';
import { srcu_read_lock, srcu_read_unlock } from '../../kernel/rcu/srcutree.ts';
import { replace } from '../../kfunc.ts';
import type { Body } from '../../../sim/call.ts';
import { kvm_settle_invalidations } from './kvm_main.ts';
import { KVM_MMU_LOCK, KVM_MMU_UNLOCK } from './kvm_mm.ts';
import {
  kvm_mmu_notifier_invalidate_range_end,
  kvm_mmu_notifier_invalidate_range_start,
  mmu_notifier_to_kvm,
} from './kvm_mmu_notifier.ts';
import { kvm_flush_remote_tlbs } from './requests.ts';

/** mmu_notifier_count, which is called mmu_invalidate_in_progress since v6.0. */
function* change(kvm: Kvm, by: number): Body<number> {
  const count = (yield* kvm.mmu_invalidate_in_progress.read()) + by;
  yield* kvm.mmu_invalidate_in_progress.write(count);
  return count;
}

/** What a start does: `begin` is told of the count, `add` of each range of guest frames that is hit. */
export function invalidateRangeStart(
  begin: (kvm: Kvm, count: number) => Body<void>,
  add: (kvm: Kvm, start: number, end: number) => Body<void>,
): (mn: MmuNotifier, range: MmuNotifierRange) => Body<number> {
  return function* (mn, range) {
    const kvm = mmu_notifier_to_kvm(mn);
    const idx = yield* srcu_read_lock(kvm.srcu);
    yield* KVM_MMU_LOCK(kvm);
    yield* begin(kvm, yield* change(kvm, 1));
    const may_block = mmu_notifier_range_blockable(range);
    let flush = false;
    for (const slot of yield* (yield* rcu_dereference(kvm.memslots)).slots.read()) {
      const first = Math.max(0, Math.floor((range.start - slot.userspace_addr) / PAGE_SIZE));
      const last = Math.min(slot.npages, Math.ceil((range.end - slot.userspace_addr) / PAGE_SIZE));
      if (first >= last) continue;
      const gfns = { slot, start: slot.base_gfn + first, end: slot.base_gfn + last, may_block };
      yield* add(kvm, gfns.start, gfns.end);
      if (yield* kvm_unmap_gfn_range(kvm, gfns)) flush = true;
    }
    if (flush) yield* kvm_flush_remote_tlbs(kvm);
    yield* KVM_MMU_UNLOCK(kvm);
    yield* srcu_read_unlock(kvm.srcu, idx);
    return 0;
  };
}

/** The first of several that overlap in time begins a range of its own. */
function* beginRange(kvm: Kvm, count: number): Body<void> {
  if (count !== 1) return;
  yield* kvm.mmu_invalidate_range_start.write(INVALID_GPA);
  yield* kvm.mmu_invalidate_range_end.write(INVALID_GPA);
}

function* widenRange(kvm: Kvm, start: number, end: number): Body<void> {
  const before = yield* kvm.mmu_invalidate_range_start.read();
  const last = yield* kvm.mmu_invalidate_range_end.read();
  yield* kvm.mmu_invalidate_range_start.write(before === INVALID_GPA ? start : Math.min(before, start));
  yield* kvm.mmu_invalidate_range_end.write(Math.max(last, end));
}

/**
 * KVM up to v5.12: one count, of all starts, whether there is a memslot in the range or not, and no count that changes of
 * memslots would wait for.
 *
 * Models: virt/kvm/kvm_main.c as of v5.10, with the range of v5.12. Leaves out: that this range is one of host
 * addresses; here it is one of guest frames, as later.
 */
export const v5_12Replacements = [
  replace(
    kvm_mmu_notifier_invalidate_range_start,
    invalidateRangeStart(beginRange, widenRange),
    'one count of all starts, and the range of frames, under mmu_lock',
  ),
  replace(
    kvm_mmu_notifier_invalidate_range_end,
    function* (mn) {
      const kvm = mmu_notifier_to_kvm(mn);
      yield* KVM_MMU_LOCK(kvm);
      yield* kvm.mmu_invalidate_seq.write((yield* kvm.mmu_invalidate_seq.read()) + 1);
      smp_wmb();
      const count = yield* change(kvm, -1);
      yield* KVM_MMU_UNLOCK(kvm);
      yield* BUG_ON(count < 0, 'virt/kvm/kvm_main.c:560');
    },
    'the one count goes down, under mmu_lock; BUG if below 0',
  ),
  // kvm_destroy_vm() did not look whether anything was left.
  replace(kvm_settle_invalidations, function* () {}, 'the end of a VM does not look at the count'),
];
