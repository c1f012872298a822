import type { Call } from '../../../sim/call.ts';
import type { Kvm } from '../../include/kvm_host.ts';
import { Rwlock, write_lock, write_unlock } from '../../kernel/locking/rwlock.ts';
import { spin_lock, spin_unlock } from '../../kernel/locking/spinlock.ts';

// virt/kvm/kvm_mm.h. Until v5.11 mmu_lock is a spinlock on x86, too.

/** KVM_MMU_LOCK() - mmu_lock, with nobody else inside: for write, where it is an rwlock. */
export const KVM_MMU_LOCK = ({ mmu_lock }: Kvm): Call<void> =>
  mmu_lock instanceof Rwlock ? write_lock(mmu_lock) : spin_lock(mmu_lock);

export const KVM_MMU_UNLOCK = ({ mmu_lock }: Kvm): Call<void> =>
  mmu_lock instanceof Rwlock ? write_unlock(mmu_lock) : spin_unlock(mmu_lock);

/** For bodies that take it for read: trees with a spinlock have others in their place. */
export function mmuRwlock({ mmu_lock }: Kvm): Rwlock {
  if (mmu_lock instanceof Rwlock) return mmu_lock;
  throw new Error('mmu_lock is a spinlock in this tree: a body that takes it for read needs a replacement');
}
