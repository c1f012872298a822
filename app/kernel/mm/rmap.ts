import type { Body } from '../../sim/call.ts';
import { atomic_dec, atomic_inc } from '../include/atomic.ts';
import { set_bit } from '../include/bitops.ts';
import { list_add, list_empty } from '../include/list.ts';
import { AnonVma, MM_SWAPENTS, PAGE_SIZE, type MmStruct, type VmAreaStruct } from '../include/mm_types.ts';
import {
  MMU_NOTIFY_CLEAR,
  mmu_notifier_invalidate_range_end,
  mmu_notifier_invalidate_range_start,
  mmu_notifier_range_init,
  MmuNotifierRange,
} from '../include/mmu_notifier.ts';
import { READ_ONCE } from '../include/rwonce.ts';
import type { SwapEntry } from '../include/swap.ts';
import { kfunc } from '../kfunc.ts';
import { mmlist_lock } from '../kernel/fork.ts';
import { down_read, down_write, up_read, up_write } from '../kernel/locking/rwsem.ts';
import { spin_lock, spin_unlock } from '../kernel/locking/spinlock.ts';
import { pte_offset_map_lock, pte_unmap_unlock } from './memory.ts';
import { PG_mlocked, put_page, type Page } from './page_alloc.ts';
import { init_mm_mmlist, swap_duplicate } from './swap_entries.ts';

/** folio_add_new_anon_rmap(): a page table maps the page from now on, of a VMA with VM_LOCKED perhaps. Its lock is held. */
export function* add_rmap(page: Page, mlocked = false): Body<void> {
  yield* atomic_inc(page._mapcount);
  if (mlocked) yield* set_bit(PG_mlocked, page.flags);
}

/** unlink_anon_vmas() - reclaim does not find the VMA from its pages any more. */
export const unlink_anon_vmas = kfunc('unlink_anon_vmas', function* (vma: VmAreaStruct) {
  const anon_vma = yield* vma.anon_vma.read();
  if (anon_vma === null) return;
  yield* down_write(anon_vma.rwsem);
  yield* anon_vma.vmas.update((vmas) => vmas.filter((other) => other !== vma));
  yield* vma.anon_vma.write(null);
  yield* up_write(anon_vma.rwsem);
});

/** anon_vma_clone(), anon_vma_fork() - `vma` can have pages of `from`, too. It is in no tree yet. */
export const anon_vma_clone = kfunc('anon_vma_clone', function* (vma: VmAreaStruct, from: VmAreaStruct) {
  const anon_vma = yield* from.anon_vma.read();
  if (anon_vma === null) return;
  yield* down_write(anon_vma.rwsem);
  yield* anon_vma.vmas.update((vmas) => [...vmas, vma]);
  yield* vma.anon_vma.write(anon_vma);
  yield* up_write(anon_vma.rwsem);
});

/**
 * try_to_unmap() - take a page out of all page tables that map it, for reclaim.
 *
 * Context: reclaim; takes anon_vma->rwsem for read, under which free_pgtables() leaves VMAs and tables in place.
 * Return: true if nobody maps the page any more.
 * Models: mm/rmap.c. Leaves out: file pages, pages that are locked in memory.
 */
export const try_to_unmap = kfunc('try_to_unmap', function* (page: Page, entry: SwapEntry | null = null) {
  const { mapping } = page;
  if (!(mapping instanceof AnonVma)) return false;
  yield* rmap_walk_anon(page, mapping, entry);
  return (yield* page._mapcount.read()) < 0;
});

const rmap_walk_anon = kfunc(
  'rmap_walk_anon',
  function* (page: Page, anon_vma: AnonVma, entry: SwapEntry | null) {
    yield* down_read(anon_vma.rwsem);
    for (const vma of yield* anon_vma.vmas.read()) {
      const { start, end } = vma.range;
      if (page.index >= start && page.index < end) yield* try_to_unmap_one(page, vma, page.index, entry);
    }
    yield* up_read(anon_vma.rwsem);
  },
);

/** try_to_unmap_one() - replace the page's entry in one table by a swap entry. */
export const try_to_unmap_one = kfunc(
  'try_to_unmap_one',
  function* (page: Page, vma: VmAreaStruct, address: number, entry: SwapEntry | null) {
    const mm: MmStruct = vma.vm_mm;
    const size = PAGE_SIZE << page.order;
    const range = new MmuNotifierRange();
    mmu_notifier_range_init(range, MMU_NOTIFY_CLEAR, 0, mm, address, address + size);
    yield* mmu_notifier_invalidate_range_start(range);
    const table = yield* pte_offset_map_lock(vma.range);
    if (table !== null) {
      const index = vma.range.indexOf(address);
      const pte = yield* READ_ONCE(table.ptes[index]);
      if (pte !== null && pte.page === page) {
        const pages = vma.range.pagesOf(index);
        if (entry !== null) yield* swap_duplicate(entry);
        if (yield* list_empty(mm.mmlist)) {
          yield* spin_lock(mmlist_lock());
          if (yield* list_empty(mm.mmlist)) yield* list_add(mm.mmlist, init_mm_mmlist());
          yield* spin_unlock(mmlist_lock());
        }
        const swap = entry === null ? {} : { swap: entry };
        yield* table.set(index, { page: null, writable: pte.writable, counter: MM_SWAPENTS, ...swap });
        yield* mm.rss_stat[pte.counter].add(-pages);
        yield* mm.rss_stat[MM_SWAPENTS].add(pages);
        yield* atomic_dec(page._mapcount);
        yield* pte_unmap_unlock(table);
        yield* put_page(page);
      } else {
        yield* pte_unmap_unlock(table);
      }
    }
    yield* mmu_notifier_invalidate_range_end(range);
  },
);
