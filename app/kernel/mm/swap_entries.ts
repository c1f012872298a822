import type { Body } from '../../sim/call.ts';
import { list_first, list_next, ListHead } from '../include/list.ts';
import type { MmStruct } from '../include/mm_types.ts';
import { SwapEntry, SWP_WRITEOK, type SwapInfoStruct } from '../include/swap.ts';
import { kernelGlobal } from '../globals.ts';
import { kfunc } from '../kfunc.ts';
import { spin_lock, Spinlock, spin_unlock } from '../kernel/locking/spinlock.ts';

// The part of mm/swapfile.c that those need who put entries into page tables and take them out.

/** Guards the areas in use. */
export const swap_lock = kernelGlobal('swap_lock', () => new Spinlock('swap_lock', null));

/** The areas that pages may be written to, under swap_lock. */
export const swap_active_head = kernelGlobal(
  'swap_active_head',
  () => new ListHead<SwapInfoStruct>('swap_active_head'),
);

/** `init_mm.mmlist`: the mms that have, or had, swap entries. Under mmlist_lock. */
export const init_mm_mmlist = kernelGlobal('init_mm', () => new ListHead<MmStruct>('init_mm.mmlist'));

/**
 * folio_alloc_swap() - room for so many pages in some area, or null. The caller has the one reference.
 *
 * Models: mm/swap_slots.c, mm/swapfile.c. Leaves out: slots in reserve, clusters, priorities of areas.
 */
export const folio_alloc_swap = kfunc('folio_alloc_swap', function* (pages: number): Body<SwapEntry | null> {
  yield* spin_lock(swap_lock());
  const head = swap_active_head();
  let entry: SwapEntry | null = null;
  let si = yield* list_first(head);
  for (; si !== null && entry === null; si = yield* list_next(si.list, head)) {
    yield* spin_lock(si.lock);
    const room = si.pages - (yield* si.inuse_pages.read());
    if (((yield* si.flags.read()) & SWP_WRITEOK) !== 0 && room >= pages) {
      yield* si.inuse_pages.add(pages);
      entry = new SwapEntry(si, pages);
    }
    yield* spin_unlock(si.lock);
  }
  yield* spin_unlock(swap_lock());
  return entry;
});

/** swap_duplicate() - one more page table has the entry. The area's lock makes it one step. */
export const swap_duplicate = kfunc('swap_duplicate', function* (entry: SwapEntry) {
  yield* entry.swap_map.update((count) => count + 1);
});

/** swap_free(), free_swap_and_cache() - one less; the last one gives the room back. */
export const swap_free = kfunc('swap_free', function* (entry: SwapEntry) {
  const before = yield* entry.swap_map.update((count) => count - 1);
  if (before === 1) yield* entry.si.inuse_pages.add(-entry.pages);
});
