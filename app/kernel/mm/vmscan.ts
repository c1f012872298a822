import { atomic_add_unless } from '../include/atomic.ts';
import { AnonVma, MM_ANONPAGES, type MmStruct } from '../include/mm_types.ts';
import { READ_ONCE } from '../include/rwonce.ts';
import { kfunc } from '../kfunc.ts';
import { pte_offset_map_lock, pte_unmap_unlock } from './memory.ts';
import { put_page, type Page } from './page_alloc.ts';
import { pgd_offset } from './gup.ts';
import { try_to_unmap } from './rmap.ts';
import { folio_alloc_swap, swap_free } from './swap_entries.ts';

/**
 * shrink_folio_list() - write pages to swap and free them, as far as nobody else uses them.
 *
 * Context: reclaim. The caller has a reference to each page, which is given up here.
 * Return: how many are not mapped any more.
 * Models: mm/vmscan.c. Leaves out: the LRU lists, writeback. Without room in any area the entry leads nowhere.
 */
export const shrink_folio_list = kfunc('shrink_folio_list', function* (pages: readonly Page[]) {
  let reclaimed = 0;
  for (const page of pages) {
    const entry = yield* folio_alloc_swap(1 << page.order);
    if (yield* try_to_unmap(page, entry)) reclaimed++;
    // __remove_mapping(): the swap cache lets go of the page and of the room.
    if (entry !== null) yield* swap_free(entry);
    yield* put_page(page);
  }
  return reclaimed;
});

/**
 * isolate_lru_folios() - the anonymous pages that an mm maps at some addresses, each with a reference.
 *
 * Leaves out: that the LRU lists know pages, not addresses.
 */
export const isolate_lru_folios = kfunc(
  'isolate_lru_folios',
  function* (mm: MmStruct, addresses: readonly number[]) {
    const isolated: Page[] = [];
    for (const address of addresses) {
      const range = yield* pgd_offset(mm, address);
      const table = range === null ? null : yield* pte_offset_map_lock(range);
      if (range === null || table === null) continue;
      const pte = yield* READ_ONCE(table.ptes[range.indexOf(address)]);
      const page = pte?.page ?? null;
      const anonymous = page !== null && page.mapping instanceof AnonVma && pte?.counter === MM_ANONPAGES;
      if (anonymous && (yield* atomic_add_unless(page._refcount, 1, 0))) isolated.push(page);
      yield* pte_unmap_unlock(table);
    }
    return isolated;
  },
);
