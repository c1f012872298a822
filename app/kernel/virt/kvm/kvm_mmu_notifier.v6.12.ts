import { kvm_age_gfn, kvm_test_age_gfn } from '../../arch/x86/kvm/mmu.ts';
import { replace } from '../../kfunc.ts';
import {
  handleAging,
  kvm_mmu_notifier_clear_flush_young,
  kvm_mmu_notifier_clear_young,
  kvm_mmu_notifier_test_young,
} from './kvm_mmu_notifier.ts';

/** Ageing takes mmu_lock for write, and flushes TLBs where it is asked to. */
export const v6_12Replacements = [
  replace(
    kvm_mmu_notifier_clear_flush_young,
    function* (mn, _mm, start, end) {
      return yield* handleAging(mn, start, end, kvm_age_gfn, true, false);
    },
    'under mmu_lock for write, and flushes TLBs',
  ),
  replace(
    kvm_mmu_notifier_clear_young,
    function* (mn, _mm, start, end) {
      return yield* handleAging(mn, start, end, kvm_age_gfn, false, false);
    },
    'under mmu_lock for write',
  ),
  replace(
    kvm_mmu_notifier_test_young,
    function* (mn, _mm, address) {
      return yield* handleAging(mn, address, address + 1, kvm_test_age_gfn, false, false);
    },
    'under mmu_lock for write',
  ),
];
