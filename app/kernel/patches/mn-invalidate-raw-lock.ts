import { replace } from '../kfunc.ts';
import { list_first, list_next } from '../include/list.ts';
import type { GfnToPfnCache } from '../include/kvm_host.ts';
import { _raw_spin_lock, _raw_spin_unlock, RawSpinlock } from '../kernel/locking/raw_spinlock.ts';
import type { Patch } from '../tree.ts';
import { init_mn_invalidate_lock } from '../virt/kvm/kvm_main.ts';
import { gfn_to_pfn_cache_invalidate_start } from '../virt/kvm/pfncache.ts';

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

export const gpcRawLocks: Patch = {
  name: 'gpc-raw-locks',
  title: 'KVM: what if the locks of pfn caches were raw, too',
  description:
    'Nobody has posted it: the next step that mn-invalidate-raw-lock would have to be followed by, to see what comes after. ' +
    'Caches of pages are invalidated under gpc_lock as a raw spinlock, and without their own locks.',
  appliesTo: ['v6.12', 'v6.18', 'v7.3'],
  replacements: [
    replace(gfn_to_pfn_cache_invalidate_start, function* (kvm, start, end) {
      yield* _raw_spin_lock(kvm.gpc_lock, 0);
      let gpc: GfnToPfnCache | null = yield* list_first(kvm.gpc_list);
      while (gpc !== null) {
        const uhva: number = yield* gpc.uhva.read();
        if (uhva >= start && uhva < end) yield* gpc.valid.write(false);
        gpc = yield* list_next(gpc.list, kvm.gpc_list);
      }
      yield* _raw_spin_unlock(kvm.gpc_lock);
    }),
  ],
};
