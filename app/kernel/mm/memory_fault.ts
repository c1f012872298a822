import type { Body } from '../../sim/call.ts';
import { charge } from '../../sim/delay.ts';
import { atomic_dec } from '../include/atomic.ts';
import { GFP_HIGHUSER_MOVABLE, GFP_KERNEL, GFP_KERNEL_ACCOUNT } from '../include/gfp.ts';
import { mm_flags_test } from '../include/mm.ts';
import {
  AnonVma,
  MM_ANONPAGES,
  MMF_UNSTABLE,
  PAGE_SIZE,
  PteTable,
  VM_FAULT_OOM,
  VM_FAULT_SIGBUS,
  VM_SHARED,
  VM_WRITE,
  type MmStruct,
  type PageRange,
  type Pmd,
  type Pte,
  type VmAreaStruct,
} from '../include/mm_types.ts';
import type { Memory } from '../../sim/memory.ts';
import {
  MMU_NOTIFY_CLEAR,
  mmu_notifier_invalidate_range_end,
  mmu_notifier_invalidate_range_start,
  mmu_notifier_range_init,
  MmuNotifierRange,
} from '../include/mmu_notifier.ts';
import { current } from '../include/sched.ts';
import { kernelGlobal } from '../globals.ts';
import { READ_ONCE, WRITE_ONCE } from '../include/rwonce.ts';
import { kfunc } from '../kfunc.ts';
import { spin_lock, spin_unlock } from '../kernel/locking/spinlock.ts';
import { reserve } from '../struct.ts';
import { do_huge_pmd_anonymous_page } from './huge_memory.ts';
import { __mem_cgroup_charge, charge_table, countFault } from './memcontrol.ts';
import { bad_pte, pte_offset_map_lock, pte_unmap_unlock } from './memory.ts';
import { __get_free_pages, free_pages, get_page, Page, put_page } from './page_alloc.ts';
import { vma_alloc_folio } from './page_limit.ts';
import { tableAt } from './pgtable-generic.ts';
import { filePage } from './process-image.ts';
import { add_rmap } from './rmap.ts';
import { swap_free } from './swap_entries.ts';

/** What it costs to clear or copy a page (ns). */
const CLEAR_PAGE_NS = 150;

/** The page of zeros that reads of untouched memory map. It is nobody's and never freed. */
export const zero_page = kernelGlobal(
  'empty_zero_page',
  () => new Page(reserve('page', 'zero page', PAGE_SIZE), 0),
);

/**
 * handle_mm_fault() - give a VMA the translation that an access lacked.
 *
 * Context: the VMA's lock or mmap_lock for read; may sleep.
 * Return: VM_FAULT_* bits.
 * Models: mm/memory.c as of v6.12. Leaves out: huge pages, userfaultfd, NUMA hints.
 */
export const handle_mm_fault = kfunc(
  'handle_mm_fault',
  function* (vma: VmAreaStruct, address: number, write: boolean) {
    countFault(current());
    return yield* __handle_mm_fault(vma, address, write);
  },
);

const __handle_mm_fault = kfunc(
  '__handle_mm_fault',
  function* (vma: VmAreaStruct, address: number, write: boolean) {
    const { range } = vma;
    const index = range.indexOf(address);
    if (range.huge && (yield* READ_ONCE(range.pmd)) === null)
      return yield* do_huge_pmd_anonymous_page(vma, range);
    const pmd = yield* range.pmd.read();
    const table = pmd === null ? yield* __pte_alloc(vma.vm_mm, range) : yield* tableAt(range.pmd, pmd);
    // What was there and was no table is none now: the access comes here again.
    if (table === null) return pmd === null ? VM_FAULT_OOM : 0;
    const pte = yield* READ_ONCE(table.ptes[index]);
    if (pte === null) {
      return vma.anonymous ? yield* do_anonymous_page(vma, index, write) : yield* do_fault(vma, index, write);
    }
    if (pte.word !== undefined) {
      yield* bad_pte(vma, address, pte.word);
      return VM_FAULT_SIGBUS;
    }
    if (pte.page === null) return yield* do_swap_page(vma, index, pte);
    if (write && !pte.writable) return yield* do_wp_page(vma, index, pte);
    return 0;
  },
);

/** A table class with as many entries as a range has. */
const tableFor = (range: PageRange) =>
  class extends PteTable {
    constructor(memory: Memory) {
      super(memory, range.entries);
    }
  };

/** pte_alloc_one() - a page of entries that are none, or null where memory lacks. */
const pte_alloc_one = kfunc('pte_alloc_one', function* (range: PageRange): Body<PteTable | null> {
  return yield* __get_free_pages(tableFor(range), GFP_KERNEL_ACCOUNT, { size: PAGE_SIZE, label: 'pte page' });
});

/** __pte_alloc() - the table of a range: a new one, or that of whoever was faster. */
export const __pte_alloc = kfunc(
  '__pte_alloc',
  function* (mm: MmStruct, range: PageRange): Body<PteTable | null> {
    const fresh = yield* pte_alloc_one(range);
    if (fresh === null) return null;
    yield* spin_lock(mm.page_table_lock);
    const there = yield* range.pmd.read();
    if (there === null) yield* WRITE_ONCE<Pmd>(range.pmd, fresh);
    yield* spin_unlock(mm.page_table_lock);
    if (there === null) return fresh;
    yield* free_pages(fresh);
    return yield* tableAt(range.pmd, there);
  },
);

/** mm_inc_nr_ptes(): real tables have a page for each stretch of 2 MB that something was mapped in. Under ptl. */
export function* cover(mm: MmStruct, table: PteTable, address: number): Body<void> {
  if (!table.cover(address)) return;
  yield* mm.pgtables_bytes.add(PAGE_SIZE);
  yield* charge_table(table, mm);
}

/** check_stable_address_space() - what may have been reaped must not be read as zeros. */
export function* check_stable_address_space(mm: MmStruct): Body<number> {
  return (yield* mm_flags_test(MMF_UNSTABLE, mm)) ? VM_FAULT_SIGBUS : 0;
}

/** alloc_anon_folio() - a page of zeros, charged to the mm's group, or null. */
export const alloc_anon_folio = kfunc(
  'alloc_anon_folio',
  function* (vma: VmAreaStruct, index: number) {
    const { order } = vma.range;
    const page = yield* vma_alloc_folio(GFP_HIGHUSER_MOVABLE, order, 'anonymous page');
    if (page === null) return null;
    if ((yield* __mem_cgroup_charge(page, vma.vm_mm, GFP_KERNEL)) !== 0) {
      yield* put_page(page);
      return null;
    }
    page.mapping = yield* vma.anon_vma.read();
    page.index = vma.range.addressOf(index);
    charge(CLEAR_PAGE_NS << order);
    return page;
  },
  { inlined: true },
);

/**
 * do_anonymous_page() - the first access to a page of anonymous memory.
 *
 * Models: mm/memory.c as of v6.12.
 */
const do_anonymous_page = kfunc(
  'do_anonymous_page',
  function* (vma: VmAreaStruct, index: number, write: boolean) {
    const mm = vma.vm_mm;
    if (!write) return yield* install(vma, index, { page: zero_page(), writable: false, counter: -1 });
    const page = yield* alloc_anon_folio(vma, index);
    if (page === null) return VM_FAULT_OOM;
    const table = yield* pte_offset_map_lock(vma.range);
    let ret = 0;
    let mapped = false;
    if (table !== null) {
      // Whoever mapped a page here meanwhile did it for us, too.
      if ((yield* READ_ONCE(table.ptes[index])) === null) {
        ret = yield* check_stable_address_space(mm);
        if (ret === 0) {
          yield* cover(mm, table, vma.range.addressOf(index));
          yield* mm.rss_stat[MM_ANONPAGES].add(vma.range.pagesOf(index));
          yield* add_rmap(page, vma.range.mlocked);
          yield* table.set(index, { page, writable: true, counter: MM_ANONPAGES });
          mapped = true;
        }
      }
      yield* pte_unmap_unlock(table);
    }
    if (!mapped) yield* put_page(page);
    return ret;
  },
  { inlined: true },
);

/** Puts an entry that counts for nothing in place of none. */
function* install(vma: VmAreaStruct, index: number, pte: Pte): Body<number> {
  const table = yield* pte_offset_map_lock(vma.range);
  if (table === null) return 0;
  let ret = 0;
  if ((yield* READ_ONCE(table.ptes[index])) === null) {
    ret = yield* check_stable_address_space(vma.vm_mm);
    if (ret === 0) {
      yield* cover(vma.vm_mm, table, vma.range.addressOf(index));
      yield* table.set(index, pte);
    }
  }
  yield* pte_unmap_unlock(table);
  return ret;
}

/** do_fault() - the first access to a page of a file: map the file's page, or a copy if it is to be written. */
const do_fault = kfunc(
  'do_fault',
  function* (vma: VmAreaStruct, index: number, write: boolean) {
    const { range, vm_file } = vma;
    if (vm_file === null) return VM_FAULT_SIGBUS;
    const mm = vma.vm_mm;
    const shared = ((yield* vma.vm_flags.read()) & VM_SHARED) !== 0;
    const copied = write && !shared;
    const page = copied
      ? yield* alloc_anon_folio(vma, index)
      : filePage(vm_file, range.addressOf(index), range.order);
    if (page === null) return VM_FAULT_OOM;
    if (!copied) yield* get_page(page);
    // finish_fault(): for reads as well, as what was here may have been a copy of the process's own.
    const ret = shared ? 0 : yield* check_stable_address_space(mm);
    if (ret !== 0) {
      yield* put_page(page);
      return ret;
    }
    const counter = copied ? MM_ANONPAGES : vm_file.counter;
    const table = yield* pte_offset_map_lock(range);
    let mapped = false;
    if (table !== null) {
      if ((yield* READ_ONCE(table.ptes[index])) === null) {
        yield* cover(mm, table, range.addressOf(index));
        yield* mm.rss_stat[counter].add(range.pagesOf(index));
        yield* add_rmap(page);
        yield* table.set(index, { page, writable: write, counter });
        mapped = true;
      }
      yield* pte_unmap_unlock(table);
    }
    if (!mapped) yield* put_page(page);
    return 0;
  },
  { inlined: true },
);

/** do_swap_page() - bring a page back from swap. */
const do_swap_page = kfunc('do_swap_page', function* (vma: VmAreaStruct, index: number, swapped: Pte) {
  const page = yield* alloc_anon_folio(vma, index);
  if (page === null) return VM_FAULT_OOM;
  const mm = vma.vm_mm;
  const table = yield* pte_offset_map_lock(vma.range);
  let mapped = false;
  if (table !== null) {
    if ((yield* READ_ONCE(table.ptes[index])) === swapped) {
      const pages = vma.range.pagesOf(index);
      yield* mm.rss_stat[MM_ANONPAGES].add(pages);
      yield* mm.rss_stat[swapped.counter].add(-pages);
      if (swapped.swap !== undefined) yield* swap_free(swapped.swap);
      yield* add_rmap(page);
      yield* table.set(index, { page, writable: swapped.writable, counter: MM_ANONPAGES });
      mapped = true;
    }
    yield* pte_unmap_unlock(table);
  }
  if (!mapped) yield* put_page(page);
  return 0;
});

/** do_wp_page() - a write to a page that is mapped for reading: take it over, or copy it. */
const do_wp_page = kfunc('do_wp_page', function* (vma: VmAreaStruct, index: number, pte: Pte) {
  const flags = yield* vma.vm_flags.read();
  if ((flags & VM_WRITE) === 0) return VM_FAULT_SIGBUS;
  const { page } = pte;
  const anonymous = page !== null && page.mapping instanceof AnonVma;
  if (anonymous || (flags & VM_SHARED) !== 0) {
    // Mapped once: nobody else sees what is written.
    const alone = !anonymous || (yield* page._mapcount.read()) === 0;
    if (alone) return yield* wp_page_reuse(vma, index, pte);
  }
  return yield* wp_page_copy(vma, index, pte);
});

function* wp_page_reuse(vma: VmAreaStruct, index: number, pte: Pte): Body<number> {
  const table = yield* pte_offset_map_lock(vma.range);
  if (table === null) return 0;
  if ((yield* READ_ONCE(table.ptes[index])) === pte) yield* table.set(index, { ...pte, writable: true });
  yield* pte_unmap_unlock(table);
  return 0;
}

/** wp_page_copy() - give the process its own copy; whoever mirrors the old translation is told. */
const wp_page_copy = kfunc('wp_page_copy', function* (vma: VmAreaStruct, index: number, old: Pte) {
  const mm = vma.vm_mm;
  const page = yield* alloc_anon_folio(vma, index);
  if (page === null) return VM_FAULT_OOM;
  const start = vma.range.addressOf(index);
  const pages = vma.range.pagesOf(index);
  const range = new MmuNotifierRange();
  mmu_notifier_range_init(range, MMU_NOTIFY_CLEAR, 0, mm, start, start + pages * PAGE_SIZE);
  yield* mmu_notifier_invalidate_range_start(range);
  const table = yield* pte_offset_map_lock(vma.range);
  let copied = false;
  if (table !== null) {
    if ((yield* READ_ONCE(table.ptes[index])) === old) {
      if (old.counter !== MM_ANONPAGES) {
        if (old.counter >= 0) yield* mm.rss_stat[old.counter].add(-pages);
        yield* mm.rss_stat[MM_ANONPAGES].add(pages);
      }
      yield* table.set(index, null);
      yield* add_rmap(page);
      yield* table.set(index, { page, writable: true, counter: MM_ANONPAGES });
      if (old.page !== null && old.counter >= 0) yield* atomic_dec(old.page._mapcount);
      copied = true;
    }
    yield* pte_unmap_unlock(table);
  }
  yield* mmu_notifier_invalidate_range_end(range);
  if (!copied) yield* put_page(page);
  else if (old.page !== null && old.counter >= 0) yield* put_page(old.page);
  return 0;
});
