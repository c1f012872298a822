import type { Body } from '../../../sim/call.ts';
import type { KvmMemorySlot } from '../../include/kvm_host.ts';
import { PAGE_SIZE } from '../../include/mm_types.ts';
import { EINTR } from '../../include/errno.ts';
import { mmap_read_lock, mmap_read_unlock } from '../../include/mmap_lock.ts';
import { current } from '../../include/sched.ts';
import { kfunc } from '../../kfunc.ts';
import { mtree_load } from '../../lib/maple_tree.ts';
import { FOLL_WRITE, get_user_page_fast_only, get_user_pages_unlocked } from '../../mm/gup.ts';
import { PG_dirty, PG_referenced, put_page, set_page_flag, type Page } from '../../mm/page_alloc.ts';

// The part of virt/kvm/kvm_main.c that leads from guest frames to pages of the host.

/** What hva_to_pfn() found: a page with a reference, or why there is none. */
export interface FoundPfn {
  readonly page: Page | null;
  readonly writable: boolean;
  /** KVM_PFN_ERR_SIGPENDING: a signal cut the lookup short. */
  readonly interrupted: boolean;
}

/** __gfn_to_memslot() - the slot of a guest frame in a set, or null. */
export function __gfn_to_memslot(slots: readonly KvmMemorySlot[], gfn: number): KvmMemorySlot | null {
  return slots.find((slot) => gfn >= slot.base_gfn && gfn < slot.base_gfn + slot.npages) ?? null;
}

export function gfn_to_hva_memslot(slot: KvmMemorySlot, gfn: number): number {
  return slot.userspace_addr + (gfn - slot.base_gfn) * PAGE_SIZE;
}

/**
 * hva_to_pfn() - the page behind a host address, with a reference.
 *
 * Context: the VM's own process; sleeps unless the page is mapped already. SIGKILL cuts it short.
 * Leaves out: asynchronous page faults, which let a guest do something else meanwhile; poisoned pages.
 */
export const hva_to_pfn = kfunc('hva_to_pfn', function* (addr: number, write_fault: boolean) {
  // Without mmap_lock, for pages that are there and writable.
  const fast = yield* get_user_page_fast_only(addr, FOLL_WRITE);
  if (fast !== null) return found(fast, true);
  const slow = yield* hva_to_pfn_slow(addr, write_fault);
  const mm = current().mm.value;
  if (slow.page !== null || slow.interrupted || mm === null) return slow;
  // No page that the kernel has a struct for: perhaps memory of a device. The model has none.
  yield* mmap_read_lock(mm);
  yield* mtree_load(mm.mm_mt, addr);
  yield* mmap_read_unlock(mm);
  return slow;
});

/** hva_to_pfn_slow() - takes mmap_lock, faults the page in. */
export const hva_to_pfn_slow = kfunc(
  'hva_to_pfn_slow',
  function* (addr: number, write_fault: boolean) {
    const page = yield* get_user_pages_unlocked(addr, write_fault ? FOLL_WRITE : 0);
    if (typeof page === 'number') return { page: null, writable: false, interrupted: page === -EINTR };
    if (write_fault) return found(page, true);
    // A read fault takes a page that happens to be writable as such.
    const again = yield* get_user_page_fast_only(addr, FOLL_WRITE);
    if (again === null) return found(page, false);
    yield* put_page(page);
    return found(again, true);
  },
  { inlined: true },
);

const found = (page: Page, writable: boolean): FoundPfn => ({ page, writable, interrupted: false });

export function* kvm_release_page(page: Page): Body<void> {
  yield* put_page(page);
}

/** kvm_set_pfn_dirty() - SPTEs have no page structs: what they know goes there when they go. */
export function* kvm_set_pfn_dirty(page: Page): Body<void> {
  yield* set_page_flag(PG_dirty, page);
}

/** kvm_set_pfn_accessed() */
export function* kvm_set_pfn_accessed(page: Page): Body<void> {
  yield* set_page_flag(PG_referenced, page);
}
