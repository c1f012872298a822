import { rcu_assign_pointer, rcu_dereference } from '../../include/rwonce.ts';
import { mutex_unlock } from '../../kernel/locking/mutex.ts';
import { synchronize_srcu_expedited } from '../../kernel/rcu/srcutree.ts';
import { replace } from '../../kfunc.ts';
import { init_mn_invalidate_lock } from './kvm_main.ts';
import { kvm_get_inactive_memslots, kvm_swap_active_memslots, UPDATE_IN_PROGRESS } from './memslots.ts';

/**
 * Before v5.15 a change of memslots does not wait for invalidations: who starts one is counted whether it hits a memslot
 * or not, so that its end need not find the slots of its start.
 *
 * Leaves out: that nothing but slots_lock was held while the set is changed.
 */
export const v5_12Replacements = [
  replace(init_mn_invalidate_lock, function* () {}, 'there is no mn_invalidate_lock (before v5.15)'),
  replace(
    kvm_swap_active_memslots,
    function* (kvm) {
      const slots = yield* kvm_get_inactive_memslots(kvm);
      const gen = yield* (yield* rcu_dereference(kvm.memslots)).generation.read();
      yield* slots.generation.write(gen + UPDATE_IN_PROGRESS);
      yield* rcu_assign_pointer(kvm.memslots, slots);
      yield* mutex_unlock(kvm.slots_arch_lock);
      yield* synchronize_srcu_expedited(kvm.srcu);
      yield* slots.generation.write(gen + 1);
    },
    'at once, whatever invalidations are under way',
  ),
];
