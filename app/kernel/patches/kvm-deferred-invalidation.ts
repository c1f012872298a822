import type { Kvm } from '../include/kvm_host.ts';
import {
  MMU_NOTIFIER_RANGE_BLOCKABLE,
  mmu_notifier_range_blockable,
  mmu_notifier_range_init,
  MmuNotifierRange,
} from '../include/mmu_notifier.ts';
import { extend, kfunc } from '../kfunc.ts';
import { INIT_WORK, schedule_work, Work } from '../kernel/workqueue.ts';
import type { Patch } from '../tree.ts';
import {
  kvm_mmu_notifier_invalidate_range_end,
  kvm_mmu_notifier_invalidate_range_start,
  mmu_notifier_to_kvm,
} from '../virt/kvm/kvm_mmu_notifier.ts';
import { kvm_get_kvm_safe, kvm_put_kvm } from '../virt/kvm/kvm_main.ts';

/** kvm_mmu_notifier_invalidate_work() - the whole invalidation, start and end, where it may sleep. */
const kvm_mmu_notifier_invalidate_work = kfunc(
  'kvm_mmu_notifier_invalidate_work',
  function* (kvm: Kvm, range: MmuNotifierRange) {
    yield* kvm_mmu_notifier_invalidate_range_start(kvm.mmu_notifier, range);
    yield* kvm_mmu_notifier_invalidate_range_end(kvm.mmu_notifier, range);
    yield* kvm_put_kvm(kvm);
  },
);

export const kvmDeferredInvalidation: Patch = {
  name: 'kvm-deferred-invalidation',
  title: 'KVM: defer MMU notifier invalidation to a work item for non-blockable ranges',
  description:
    'Proposed on 3 March 2026. Where a range must not block, the notifier takes no lock at all: it leaves the invalidation ' +
    'to a worker, which may sleep. (Refused: only the OOM killer invalidates so, and it goes on to free the pages ' +
    'at once; or, if it had to wait, memory would be freed later than it is needed.)',
  appliesTo: ['v6.12', 'v6.18', 'v7.3'],
  replacements: [
    extend(
      kvm_mmu_notifier_invalidate_range_start,
      (below) =>
        function* (mn, range) {
          if (mmu_notifier_range_blockable(range)) return yield* below(mn, range);
          const kvm = mmu_notifier_to_kvm(mn);
          if (!(yield* kvm_get_kvm_safe(kvm))) return 0;
          const later = new MmuNotifierRange();
          const { event, mm, start, end } = range;
          mmu_notifier_range_init(later, event, 0, mm, start, end);
          later.flags = MMU_NOTIFIER_RANGE_BLOCKABLE;
          const work = new Work('&kvm->invalidate_work', kvm.memory);
          INIT_WORK(work, () => kvm_mmu_notifier_invalidate_work(kvm, later));
          yield* schedule_work(work);
          return 0;
        },
    ),
    extend(
      kvm_mmu_notifier_invalidate_range_end,
      (below) =>
        function* (mn, range) {
          if (mmu_notifier_range_blockable(range)) yield* below(mn, range);
        },
    ),
  ],
};
