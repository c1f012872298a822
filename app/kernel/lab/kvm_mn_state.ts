import { singleFile } from '../fs/seq_file.ts';
import { debugfs_create_file } from '../fs/debugfs/file.ts';
import { hlist_unhashed } from '../include/hlist.ts';
import { list_first, list_next } from '../include/list.ts';
import type { Kvm } from '../include/kvm_host.ts';
import { INIT, kernelInit } from '../init/initcall.ts';
import { config } from '../kernel.ts';
import { kfunc } from '../kfunc.ts';
import { mutex_lock, mutex_unlock } from '../kernel/locking/mutex.ts';
import { rcuwait_active } from '../kernel/rcuwait.ts';
import { kvm_lock, vm_list } from '../virt/kvm/kvm_main.ts';

/**
 * kvm_mn_state_show() - /sys/kernel/debug/kvm_mn_state, a test-only file: a line for each VM on what it has
 * counted of invalidations.
 *
 * Models: the hook of the captures.
 */
export const kvm_mn_state_show = kfunc('kvm_mn_state_show', function* () {
  let text = '';
  yield* mutex_lock(kvm_lock());
  let kvm: Kvm | null = yield* list_first(vm_list());
  while (kvm !== null) {
    const fields = [
      `owner=${kvm.stats_id.slice('kvm-'.length)}`,
      `subscribed=${(yield* hlist_unhashed(kvm.mmu_notifier.hlist)) ? 0 : 1}`,
      `mn_active_invalidate_count=${yield* kvm.mn_active_invalidate_count.read()}`,
      `mmu_invalidate_in_progress=${yield* kvm.mmu_invalidate_in_progress.read()}`,
      `mmu_invalidate_seq=${yield* kvm.mmu_invalidate_seq.read()}`,
      `memslot_waiter=${(yield* rcuwait_active(kvm.mn_memslots_update_rcuwait)) ? 1 : 0}`,
    ];
    text += `${fields.join(' ')}\n`;
    kvm = yield* list_next(kvm.vm_list, vm_list());
  }
  yield* mutex_unlock(kvm_lock());
  return text;
});

kernelInit('kvm_mn_state', INIT.DEVICE, () => {
  if (config().KVM)
    debugfs_create_file(
      'kvm_mn_state',
      singleFile(() => kvm_mn_state_show()),
    );
});
