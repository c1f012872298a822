import type { Body } from '../../sim/call.ts';
import { Effect, type Operation } from '../../sim/operation.ts';
import { atomic_dec, type Atomic } from '../include/atomic.ts';
import { clear_bit, test_and_clear_bit, test_bit } from '../include/bitops.ts';
import { VM_LOCKED, type VmAreaStruct } from '../include/mm_types.ts';
import { kfunc } from '../kfunc.ts';
import { PG_mlocked, type Page } from './page_alloc.ts';

// Pages that are locked in memory: PG_mlocked. Leaves out: the lists of unevictable pages, and their counters.

/** A page table of the VMA maps the page no more. Page-table lock held. */
export function* remove_rmap(vma: VmAreaStruct, page: Page): Body<void> {
  if (vma.range.mlocked) yield* remove_mlocked_rmap(vma, page);
  else yield* atomic_dec(page._mapcount);
}

/**
 * munlock_vma_folio() - a VMA with VM_LOCKED maps the page no more.
 *
 * Models: v5.18 and later: who unmaps takes the flag away. Leaves out: mlock_count, batches.
 */
export const remove_mlocked_rmap = kfunc(
  'munlock_vma_folio',
  function* (vma: VmAreaStruct, page: Page): Body<void> {
    yield* atomic_dec(page._mapcount);
    if (((yield* vma.vm_flags.read()) & VM_LOCKED) !== 0) yield* test_and_clear_bit(PG_mlocked, page.flags);
  },
  { inlined: true },
);

/** True if the value is negative after that. */
export const atomic_dec_and_negative = (v: Atomic): Operation<boolean> =>
  new Effect('rmw', v, 'write', () => --v.value < 0);

/** clear_page_mlock() - nobody maps the page any more, and it is still mlocked. Up to v5.17. */
export function* clear_page_mlock(page: Page): Body<void> {
  if (yield* test_bit(PG_mlocked, page.flags)) yield* clear_bit(PG_mlocked, page.flags);
}
