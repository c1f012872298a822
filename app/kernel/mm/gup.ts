import type { Body } from '../../sim/call.ts';
import { Effect } from '../../sim/operation.ts';
import { atomic_add_unless } from '../include/atomic.ts';
import { EFAULT, EINTR, EINVAL, ENOMEM } from '../include/errno.ts';
import { xa_is_zero } from '../include/maple_tree.ts';
import {
  PteTable,
  VM_FAULT_ERROR,
  VM_FAULT_OOM,
  VM_PFNMAP,
  VM_READ,
  VM_WRITE,
  type MmStruct,
  type PageRange,
  type Pte,
  type VmAreaStruct,
} from '../include/mm_types.ts';
import { mmap_read_lock_killable, mmap_read_unlock } from '../include/mmap_lock.ts';
import { READ_ONCE } from '../include/rwonce.ts';
import { current } from '../include/sched.ts';
import { kfunc } from '../kfunc.ts';
import { local_irq_restore, local_irq_save } from '../kernel/sched/core.ts';
import { fatal_signal_pending } from '../kernel/signal.ts';
import { mtree_load } from '../lib/maple_tree.ts';
import { handle_mm_fault, zero_page } from './memory_fault.ts';
import { pte_offset_map_lock, pte_unmap_unlock } from './memory.ts';
import { put_page, type Page } from './page_alloc.ts';

/** The page will be written. */
export const FOLL_WRITE = 1 << 0;

/** The stretch of page tables that translates an address, or null. */
export function* pgd_offset(mm: MmStruct, address: number): Body<PageRange | null> {
  const ranges = yield* READ_ONCE(mm.pgd);
  return ranges.find(({ start, end }) => start <= address && address < end) ?? null;
}

const enter = (mm: MmStruct, by: number): Effect<void> =>
  new Effect('rmw', mm.lockless_walkers, 'add', () => {
    mm.lockless_walkers.value += by;
  });

/**
 * get_user_page_fast_only() - the page behind an address of the running process, without any lock.
 *
 * Context: interrupts are off for the walk, which holds off whoever flushes TLBs before freeing pages.
 * Return: the page with a reference, or null: then the caller has to take mmap_lock.
 * Models: mm/gup.c. Leaves out: huge pages.
 */
export const get_user_page_fast_only = kfunc(
  'get_user_pages_fast_only',
  function* (address: number, flags: number) {
    const mm = current().mm.value;
    if (mm === null) return null;
    const irq = local_irq_save();
    yield* enter(mm, 1);
    const page = yield* gup_fast_pte(mm, address, (flags & FOLL_WRITE) !== 0);
    yield* enter(mm, -1);
    local_irq_restore(irq);
    return page;
  },
);

const gup_fast_pte = kfunc(
  'gup_fast_pgd_range',
  function* (mm: MmStruct, address: number, write: boolean): Body<Page | null> {
    const range = yield* pgd_offset(mm, address);
    if (range === null) return null;
    // The pud says no more than the pmd: neither page goes while interrupts are off here.
    const table = yield* READ_ONCE(range.pmd);
    if (!(table instanceof PteTable)) return null;
    const cell = table.ptes[range.indexOf(address)];
    const pte = yield* READ_ONCE(cell);
    if (pte === null || pte.page === null || (write && !pte.writable)) return null;
    if (pte.page === zero_page()) return null;
    // try_grab_folio(): the page may be on its way out already.
    if (!(yield* atomic_add_unless(pte.page._refcount, 1, 0))) return null;
    if ((yield* READ_ONCE(cell)) === pte && (yield* READ_ONCE(range.pmd)) === table) return pte.page;
    yield* put_page(pte.page);
    return null;
  },
);

/**
 * get_user_pages_unlocked() - the page behind an address of the running process, faulted in if need be.
 *
 * Context: takes mmap_lock for read; may sleep.
 * Return: the page with a reference; -EFAULT, -ENOMEM, or -EINTR for a fatal signal.
 * Models: mm/gup.c. Leaves out: more than one page, dropping the lock in the middle.
 */
export const get_user_pages_unlocked = kfunc(
  'get_user_pages_unlocked',
  function* (address: number, flags: number): Body<Page | number> {
    const mm = current().mm.value;
    if (mm === null) return -EFAULT;
    if ((yield* mmap_read_lock_killable(mm)) !== 0) return -EINTR;
    const page = yield* __get_user_pages(mm, address, (flags & FOLL_WRITE) !== 0);
    yield* mmap_read_unlock(mm);
    return page;
  },
);

/** __get_user_pages() - look, fault, look again. Context: mmap_lock for read. */
const __get_user_pages = kfunc(
  '__get_user_pages',
  function* (mm: MmStruct, address: number, write: boolean): Body<Page | number> {
    const vma = yield* mtree_load(mm.mm_mt, address);
    if (vma === null || xa_is_zero(vma)) return -EFAULT;
    const vm_flags = yield* vma.vm_flags.read();
    if ((vm_flags & VM_PFNMAP) !== 0 || (vm_flags & (write ? VM_WRITE : VM_READ)) === 0) return -EFAULT;
    for (;;) {
      if (yield* fatal_signal_pending(current())) return -EINTR;
      const page = yield* follow_page_mask(vma, address, write);
      if (page !== null) return page;
      const fault = yield* handle_mm_fault(vma, address, write);
      if ((fault & VM_FAULT_ERROR) !== 0) return (fault & VM_FAULT_OOM) !== 0 ? -ENOMEM : -EFAULT;
    }
  },
);

/**
 * get_user_page_vma_remote() - the page behind an address of some process, with a reference, and its VMA.
 *
 * Context: mmap_lock. Return: both, or -EFAULT, -ENOMEM, -EINTR.
 */
export const get_user_page_vma_remote = kfunc(
  'get_user_page_vma_remote',
  function* (mm: MmStruct, address: number): Body<{ page: Page; vma: VmAreaStruct } | number> {
    const page = yield* __get_user_pages(mm, address, false);
    if (typeof page === 'number') return page;
    const vma = yield* mtree_load(mm.mm_mt, address);
    if (vma !== null && !xa_is_zero(vma)) return { page, vma };
    yield* put_page(page);
    return -EINVAL;
  },
  { inlined: true },
);

/** follow_page_mask() - the page that is mapped at an address, with a reference, or null. */
const follow_page_mask = kfunc(
  'follow_page_mask',
  function* (vma: VmAreaStruct, address: number, write: boolean): Body<Page | null> {
    const table = yield* pte_offset_map_lock(vma.range);
    if (table === null) return null;
    const pte = yield* READ_ONCE(table.ptes[vma.range.indexOf(address)]);
    const page = usable(pte, write);
    // It is mapped, and the lock keeps it so: there is a reference already.
    if (page !== null) yield* atomic_add_unless(page._refcount, 1, 0);
    yield* pte_unmap_unlock(table);
    return page;
  },
);

const usable = (pte: Pte | null, write: boolean): Page | null =>
  pte === null || (write && !pte.writable) ? null : pte.page;
