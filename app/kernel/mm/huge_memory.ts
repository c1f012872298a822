import type { Body } from '../../sim/call.ts';
import { charge } from '../../sim/delay.ts';
import { GFP_HIGHUSER_MOVABLE, GFP_KERNEL } from '../include/gfp.ts';
import {
  HugePmd,
  MM_ANONPAGES,
  PAGE_SIZE,
  PMD_SIZE,
  VM_FAULT_OOM,
  type PageRange,
  type Pmd,
  type VmAreaStruct,
} from '../include/mm_types.ts';
import { READ_ONCE, WRITE_ONCE } from '../include/rwonce.ts';
import { kfunc } from '../kfunc.ts';
import { spin_lock, spin_unlock } from '../kernel/locking/spinlock.ts';
import { __mem_cgroup_charge } from './memcontrol.ts';
import { check_stable_address_space } from './memory_fault.ts';
import { remove_rmap } from './mlock.ts';
import type { MmuGather } from './mmu_gather.ts';
import { put_page } from './page_alloc.ts';
import { vma_alloc_folio } from './page_limit.ts';
import { add_rmap } from './rmap.ts';

/** Pages of a huge page. */
const HPAGE_PMD_NR = PMD_SIZE / PAGE_SIZE;
const HPAGE_PMD_ORDER = 9;
/** What it costs to clear a huge page (ns). */
const CLEAR_HUGE_PAGE_NS = 40_000;

/**
 * do_huge_pmd_anonymous_page() - the first access to a stretch of 2 MB that may be one huge page.
 *
 * Context: mmap_lock or the VMA's lock. Models: mm/huge_memory.c. Leaves out: the huge zero page, the page table that is
 * kept in store for a split, splitting itself, falling back to small pages.
 */
export const do_huge_pmd_anonymous_page = kfunc(
  'do_huge_pmd_anonymous_page',
  function* (vma: VmAreaStruct, range: PageRange): Body<number> {
    const mm = vma.vm_mm;
    const page = yield* vma_alloc_folio(GFP_HIGHUSER_MOVABLE, HPAGE_PMD_ORDER, 'huge page');
    if (page === null) return VM_FAULT_OOM;
    if ((yield* __mem_cgroup_charge(page, mm, GFP_KERNEL)) !== 0) {
      yield* put_page(page);
      return VM_FAULT_OOM;
    }
    page.mapping = yield* vma.anon_vma.read();
    page.index = range.start;
    charge(CLEAR_HUGE_PAGE_NS);
    yield* spin_lock(mm.page_table_lock);
    const there = yield* READ_ONCE(range.pmd);
    const ret = there === null ? yield* check_stable_address_space(mm) : 0;
    const map = there === null && ret === 0;
    if (map) {
      yield* add_rmap(page, range.mlocked);
      yield* mm.rss_stat[MM_ANONPAGES].add(HPAGE_PMD_NR);
      yield* WRITE_ONCE<Pmd>(range.pmd, new HugePmd(mm, page));
    }
    yield* spin_unlock(mm.page_table_lock);
    if (!map) yield* put_page(page);
    return ret;
  },
);

/**
 * zap_huge_pmd() - take a huge page out of the pmd that maps it. It is freed with the gather.
 *
 * Models: mm/huge_memory.c. The lock of the page tables above the lowest level is one for the mm.
 */
export const zap_huge_pmd = kfunc(
  'zap_huge_pmd',
  function* (tlb: MmuGather, vma: VmAreaStruct, range: PageRange): Body<void> {
    const { page_table_lock } = vma.vm_mm;
    // pmd_trans_huge(), before the lock and behind it.
    if (!((yield* READ_ONCE(range.pmd)) instanceof HugePmd)) return;
    yield* spin_lock(page_table_lock);
    const pmd = yield* READ_ONCE(range.pmd);
    if (pmd instanceof HugePmd) {
      yield* WRITE_ONCE<Pmd>(range.pmd, null);
      yield* remove_rmap(vma, pmd.page);
      yield* tlb.mm.rss_stat[MM_ANONPAGES].add(-HPAGE_PMD_NR);
      tlb.pages.push(pmd.page);
      tlb.changed = true;
    }
    yield* spin_unlock(page_table_lock);
  },
);
