import { replace } from '../../kfunc.ts';
import { kvm_mmu_notifier_invalidate_range_start } from './kvm_mmu_notifier.ts';
import { invalidateRangeStart } from './kvm_mmu_notifier.v5.12.ts';

const noRange = function* (): Generator<never, void> {};

/** A start leaves no word on which frames it is about. */
export const v5_11Replacements = [
  replace(
    kvm_mmu_notifier_invalidate_range_start,
    invalidateRangeStart(noRange, noRange),
    'one count of all starts, under mmu_lock',
  ),
];
