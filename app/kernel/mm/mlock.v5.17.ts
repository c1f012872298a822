import type { Body } from '../../sim/call.ts';
import { nullDereference } from '../arch/x86/mm/fault.ts';
import { test_and_clear_bit } from '../include/bitops.ts';
import { HugePmd, PteTable, VM_LOCKED, type Pmd, type VmAreaStruct } from '../include/mm_types.ts';
import { READ_ONCE } from '../include/rwonce.ts';
import { kfunc, replace } from '../kfunc.ts';
import { spin_lock, spin_unlock } from '../kernel/locking/spinlock.ts';
import { cond_resched } from '../kernel/sched/core.ts';
import { pte_offset_map_lock, pte_unmap_unlock } from './memory.ts';
import { atomic_dec_and_negative, clear_page_mlock, remove_mlocked_rmap } from './mlock.ts';
import { free_mlocked, get_page, PG_mlocked, put_page, type Page } from './page_alloc.ts';

/** munlock_vma_page() - the page need not stay in memory for this VMA. Leaves out: the page lock, which no zap takes. */
function* munlock_vma_page(page: Page): Body<void> {
  yield* test_and_clear_bit(PG_mlocked, page.flags);
}

/**
 * pmd_bad() - is it no table? On x86 an entry that is none is bad, as well.
 *
 * `pmd` is what stands there, by a look of its own.
 */
export const pmd_bad = kfunc(
  'pmd_bad',
  function* (pmd: Pmd): Body<boolean> {
    return !(pmd instanceof PteTable) || pmd instanceof HugePmd;
  },
  { inlined: true },
);

/**
 * follow_page_pte(), for a pmd that was a huge page a moment ago: it is looked at again for each question.
 *
 * Return: null, as there is no table. Where pmd_bad() does not say so, the lock of the table is looked for in the
 * struct page of frame 0.
 */
const follow_page_pte = kfunc('follow_page_pte', function* (vma: VmAreaStruct): Body<Page | null> {
  if (yield* pmd_bad(yield* READ_ONCE(vma.range.pmd))) return null;
  // pte_offset_map_lock(): pmd_lockptr()->ptl.
  if ((yield* READ_ONCE(vma.range.pmd)) === null) return yield* nullDereference(0, true);
  return null;
});

/**
 * follow_page() - the huge page of a range, with a reference, or null.
 *
 * Context: no lock that keeps a reaper away. Models: mm/gup.c up to v5.17.
 */
const follow_page = kfunc('follow_page', function* (vma: VmAreaStruct): Body<Page | null> {
  const { range, vm_mm: mm } = vma;
  if ((yield* READ_ONCE(range.pmd)) === null) return null;
  if (!((yield* READ_ONCE(range.pmd)) instanceof HugePmd)) return yield* follow_page_pte(vma);
  yield* spin_lock(mm.page_table_lock);
  const pmd = yield* READ_ONCE(range.pmd);
  if (pmd instanceof HugePmd) yield* get_page(pmd.page);
  yield* spin_unlock(mm.page_table_lock);
  return pmd instanceof HugePmd ? pmd.page : yield* follow_page_pte(vma);
});

/** __munlock_pagevec_fill() - the pages that a table maps, each with a reference. */
function* pagevec(vma: VmAreaStruct): Body<Page[]> {
  const pages: Page[] = [];
  const table = yield* pte_offset_map_lock(vma.range);
  if (table === null) return pages;
  for (const index of table.populated(0, vma.range.entries)) {
    const pte = yield* READ_ONCE(table.ptes[index]);
    if (pte === null || pte.page === null || pte.counter < 0) continue;
    yield* get_page(pte.page);
    pages.push(pte.page);
  }
  yield* pte_unmap_unlock(table);
  return pages;
}

/**
 * munlock_vma_pages_all(), munlock_vma_pages_range() - let go of the pages that a VMA has locked in memory.
 *
 * The flag goes first, by which the reapers leave the VMA alone, and then the pages.
 * Models: mm/mlock.c up to v5.17.
 */
export const munlock_vma_pages_all = kfunc('munlock_vma_pages_range', function* (vma: VmAreaStruct) {
  const flags = yield* vma.vm_flags.read();
  yield* vma.vm_flags.write(flags & ~VM_LOCKED);
  const huge = vma.range.huge ? yield* follow_page(vma) : null;
  const pages = vma.range.huge ? (huge === null ? [] : [huge]) : yield* pagevec(vma);
  for (const page of pages) {
    yield* munlock_vma_page(page);
    yield* put_page(page);
  }
  yield* cond_resched('mm/mlock.c', 495);
});

export const v5_17Replacements = [
  replace(
    remove_mlocked_rmap,
    function* (_vma, page) {
      if (yield* atomic_dec_and_negative(page._mapcount)) yield* clear_page_mlock(page);
    },
    'PG_mlocked goes with the last mapping of a page, whatever its VMA',
  ),
  replace(free_mlocked, function* () {}, 'a page that is freed with PG_mlocked is a bad page'),
];
