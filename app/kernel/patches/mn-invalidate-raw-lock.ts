import { replace } from '../kfunc.ts';
import { RawSpinlock } from '../kernel/locking/raw_spinlock.ts';
import type { Patch } from '../tree.ts';
import { init_mn_invalidate_lock } from '../virt/kvm/kvm_main.ts';

export const mnInvalidateRawLock: Patch = {
  name: 'mn-invalidate-raw-lock',
  title: 'KVM: use raw spinlock for mn_invalidate_lock',
  description:
    'Posted in February 2026. On PREEMPT_RT a spinlock_t is a sleeping lock, and mn_invalidate_lock is taken ' +
    'inside of non_block_start() when the OOM reaper invalidates a range that must not block. The sections ' +
    'under the lock are short: a counter goes up or down. With a raw spinlock they cannot sleep. ' +
    '(Nacked: mmu_lock, which would have to become raw too, is taken in the same place.)',
  appliesTo: ['v6.12', 'v6.18', 'v7.3'],
  replacements: [
    replace(init_mn_invalidate_lock, function* (kvm) {
      kvm.mn_invalidate_lock = new RawSpinlock('&kvm->mn_invalidate_lock', kvm.memory);
    }),
  ],
};
