import { replace } from '../../../kfunc.ts';
import { isInInvalidatedRange, mmu_invalidate_retry_gfn } from './mmu.ts';

/** A start without a memslot in its range is counted, too, and leaves no range: nothing to warn of. */
export const v5_12Replacements = [
  replace(
    mmu_invalidate_retry_gfn,
    function* (kvm, mmu_seq, gfn) {
      const now = (yield* kvm.mmu_invalidate_in_progress.read()) !== 0;
      if (now && (yield* isInInvalidatedRange(kvm, gfn))) return 'now';
      return (yield* kvm.mmu_invalidate_seq.read()) === mmu_seq ? false : 'since';
    },
    'looks at the range, which may be empty',
  ),
];
