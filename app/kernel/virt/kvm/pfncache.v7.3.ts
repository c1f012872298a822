import { smp_wmb } from '../../include/rwonce.ts';
import type { Body } from '../../../sim/call.ts';
import type { Cell } from '../../../sim/cell.ts';
import type { Kvm } from '../../include/kvm_host.ts';
import { replace } from '../../kfunc.ts';
import { invalidateRangeEnd, kvm_mmu_notifier_invalidate_range_end } from './kvm_mmu_notifier.ts';
import { hvaToPfnRetry, hva_to_pfn_retry, mmu_notifier_retry_cache, retryCache } from './pfncache.ts';

/** There is one where the tree says so: see TreeTraits. */
function gpcSeq({ gpc_invalidate_seq }: Kvm): Cell<number> {
  if (gpc_invalidate_seq !== null) return gpc_invalidate_seq;
  throw new Error('there is no gpc_invalidate_seq in this tree');
}

/** Under mn_invalidate_lock. Whoever finds the count of starts at 0 again finds the new number, too. */
function* countForCaches(kvm: Kvm): Body<void> {
  const seq = gpcSeq(kvm);
  yield* seq.write((yield* seq.read()) + 1);
  smp_wmb();
}

/**
 * Caches of pages have a number of their own that says that something was invalidated: mmu_invalidate_seq goes up only
 * where a memslot was hit, and a cache may be of memory that is in none.
 */
export const v7_3Replacements = [
  replace(
    kvm_mmu_notifier_invalidate_range_end,
    invalidateRangeEnd(countForCaches),
    'two counts, and a number for caches of pages that goes up at each end',
  ),
  replace(
    mmu_notifier_retry_cache,
    retryCache(gpcSeq),
    'looks at gpc_invalidate_seq, which every end changes',
  ),
  replace(hva_to_pfn_retry, hvaToPfnRetry(gpcSeq), 'takes the number of gpc_invalidate_seq'),
];
