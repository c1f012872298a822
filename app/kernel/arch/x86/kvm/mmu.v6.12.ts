import { replace } from '../../../kfunc.ts';
import { read_lock, read_unlock } from '../../../kernel/locking/rwlock.ts';
import { kvm_release_page, kvm_set_pfn_accessed } from '../../../virt/kvm/guest_memory.ts';
import { mmuRwlock } from '../../../virt/kvm/kvm_mm.ts';
import {
  is_page_fault_stale,
  kvm_mmu_faultin_pfn,
  kvm_mmu_finish_page_fault,
  kvm_tdp_mmu_map,
  kvm_tdp_mmu_page_fault,
  RET_PF_CONTINUE,
  RET_PF_RETRY,
} from './mmu.ts';

/** A fault gives its page back when mmu_lock is free again; what the guest wrote is told when the SPTE goes. */
export const v6_12Replacements = [
  replace(
    kvm_tdp_mmu_page_fault,
    function* (vcpu, fault) {
      const { kvm } = vcpu;
      let r = yield* kvm_mmu_faultin_pfn(vcpu, fault);
      if (r !== RET_PF_CONTINUE) return r;

      r = RET_PF_RETRY;
      yield* read_lock(mmuRwlock(kvm));
      if (!(yield* is_page_fault_stale(vcpu, fault))) r = yield* kvm_tdp_mmu_map(vcpu, fault);
      yield* read_unlock(mmuRwlock(kvm));
      yield* kvm_mmu_finish_page_fault(fault, r);
      return r;
    },
    'gives the page back when mmu_lock is free again',
  ),
  /** kvm_release_pfn_clean() */
  replace(
    kvm_mmu_finish_page_fault,
    function* ({ page }) {
      if (page === null) return;
      yield* kvm_set_pfn_accessed(page);
      yield* kvm_release_page(page);
    },
    'marks the page as accessed; it is dirty when the SPTE goes',
  ),
];
