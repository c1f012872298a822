import { READ_ONCE } from '../../../include/rwonce.ts';
import { replace } from '../../../kfunc.ts';
import { KVM_MMU_LOCK, KVM_MMU_UNLOCK } from '../../../virt/kvm/kvm_mm.ts';
import {
  is_page_fault_stale,
  kvm_mmu_faultin_pfn,
  kvm_mmu_finish_page_fault,
  kvm_mmu_uninit_tdp_mmu,
  kvm_tdp_mmu_map,
  kvm_tdp_mmu_page_fault,
  kvm_tdp_mmu_zap_all,
  mmu_invalidate_retry_gfn,
  mmu_invalidate_retry_gfn_unsafe,
  RET_PF_CONTINUE,
  RET_PF_RETRY,
} from './mmu.ts';

/**
 * mmu_lock is a spinlock: one vCPU at a time installs what it has found, and none while something is zapped. While any
 * invalidation is under way, of whatever range, every fault is retried: mmu_notifier_retry().
 */
export const v5_11Replacements = [
  replace(
    kvm_tdp_mmu_page_fault,
    function* (vcpu, fault) {
      const { kvm } = vcpu;
      let r = yield* kvm_mmu_faultin_pfn(vcpu, fault);
      if (r !== RET_PF_CONTINUE) return r;

      r = RET_PF_RETRY;
      yield* KVM_MMU_LOCK(kvm);
      if (!(yield* is_page_fault_stale(vcpu, fault))) r = yield* kvm_tdp_mmu_map(vcpu, fault);
      yield* KVM_MMU_UNLOCK(kvm);
      yield* kvm_mmu_finish_page_fault(fault, r);
      return r;
    },
    'one fault at a time, as mmu_lock is a spinlock; gives the page back when it is free again',
  ),
  replace(
    mmu_invalidate_retry_gfn_unsafe,
    function* (kvm, mmu_seq) {
      if ((yield* READ_ONCE(kvm.mmu_invalidate_in_progress)) !== 0) return 'now';
      return (yield* READ_ONCE(kvm.mmu_invalidate_seq)) === mmu_seq ? false : 'since';
    },
    'any invalidation under way is a reason',
  ),
  replace(
    mmu_invalidate_retry_gfn,
    function* (kvm, mmu_seq) {
      if ((yield* kvm.mmu_invalidate_in_progress.read()) !== 0) return 'now';
      return (yield* kvm.mmu_invalidate_seq.read()) === mmu_seq ? false : 'since';
    },
    'any invalidation under way is a reason',
  ),
  replace(
    kvm_mmu_uninit_tdp_mmu,
    function* (kvm) {
      yield* KVM_MMU_LOCK(kvm);
      yield* kvm_tdp_mmu_zap_all(kvm);
      yield* KVM_MMU_UNLOCK(kvm);
    },
    'under mmu_lock, a spinlock',
  ),
];
