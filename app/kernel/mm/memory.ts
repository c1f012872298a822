import type { Body } from '../../sim/call.ts';
import { charge } from '../../sim/delay.ts';
import { xa_is_zero } from '../include/maple_tree.ts';
import {
  MM_SWAPENTS,
  NR_MM_COUNTERS,
  PAGE_SIZE,
  ULONG_MAX,
  type MmStruct,
  type PageRange,
  type Pmd,
  type PmdTable,
  type PteTable,
  type VmAreaStruct,
} from '../include/mm_types.ts';
import {
  MMU_NOTIFY_CLEAR,
  MMU_NOTIFY_UNMAP,
  mmu_notifier_invalidate_range_end,
  mmu_notifier_invalidate_range_start,
  mmu_notifier_range_init,
  MmuNotifierRange,
} from '../include/mmu_notifier.ts';
import { READ_ONCE, WRITE_ONCE } from '../include/rwonce.ts';
import { kfunc } from '../kfunc.ts';
import { BUG_ON } from '../kernel/bug.ts';
import { spin_lock, spin_unlock } from '../kernel/locking/spinlock.ts';
import { rcu_read_lock, rcu_read_unlock } from '../kernel/rcu/tree.ts';
import { mas_find, type MaState } from '../lib/maple_tree.ts';
import { zap_huge_pmd } from './huge_memory.ts';
import { charge_tables } from './memcontrol.ts';
import { remove_rmap } from './mlock.ts';
import { print_bad_pte } from './bad_pte.ts';
import { pr_err } from '../printk.ts';
import { tlb_finish_mmu, tlb_gather_mmu, ZAP_PAGE_NS, type MmuGather } from './mmu_gather.ts';
import { pmd_table, pmd_val } from './pgtable-generic.ts';
import { unlink_file_vma } from './file_rmap.ts';
import { unlink_anon_vmas } from './rmap.ts';
import { swap_free } from './swap_entries.ts';
import { vma_start_write } from './vma.ts';
import { mmStructureFreed } from './reapers.ts';

/**
 * pte_offset_map_lock() - the table of a range with its lock held, or null if there is none.
 *
 * Context: enters an RCU section, which keeps a table that is taken out meanwhile from being freed (v6.18).
 */
export const pte_offset_map_lock = kfunc(
  'pte_offset_map_lock',
  function* (range: PageRange): Body<PteTable | null> {
    for (;;) {
      yield* rcu_read_lock();
      const table = yield* pmd_table(range.pmd);
      if (table === null) {
        yield* rcu_read_unlock();
        return null;
      }
      yield* spin_lock(table.ptl);
      if ((yield* READ_ONCE(range.pmd)) === table) return table;
      yield* pte_unmap_unlock(table);
    }
  },
  { inlined: true },
);

/** pte_unmap_unlock() */
export const pte_unmap_unlock = kfunc(
  'pte_unmap_unlock',
  function* (table: PteTable) {
    yield* spin_unlock(table.ptl);
    yield* rcu_read_unlock();
  },
  { inlined: true },
);

/** add_mm_rss_vec() - several counters at once. */
export function* add_mm_rss_vec(mm: MmStruct, rss: readonly number[]): Body<void> {
  for (let member = 0; member < NR_MM_COUNTERS; member++) {
    if (rss[member] !== 0) yield* mm.rss_stat[member].add(rss[member]);
  }
}

/**
 * zap_pte_range() - take all pages of a range out of a table. They are freed with the gather.
 *
 * Context: mmap_lock, or exit. Takes the page-table lock.
 * Models: mm/memory.c. Leaves out: entries that are neither pages nor swap; flushing in between.
 */
const zap_pte_range = kfunc(
  'zap_pte_range',
  function* (tlb: MmuGather, vma: VmAreaStruct, addr: number, end: number) {
    const { range } = vma;
    const table = yield* pte_offset_map_lock(range);
    if (table === null) return;
    const rss = [0, 0, 0, 0];
    const first = range.indexOf(addr);
    const last = Math.min(range.indexOf(end - 1), range.entries - 1);
    // All entries are looked at; the lock tells which of them are none, but for the first.
    let next = first;
    while (next <= last) {
      const index = next;
      const pte = yield* READ_ONCE(table.ptes[index]);
      next = table.next(index, last);
      if (pte === null) continue;
      if (pte.word !== undefined) {
        yield* zap_garbage(table, vma, index, pte.word, rss);
        continue;
      }
      yield* table.set(index, null);
      const pages = range.pagesOf(index);
      charge(ZAP_PAGE_NS * pages);
      if (pte.counter < 0) continue;
      rss[pte.counter] -= pages;
      if (pte.page === null) {
        if (pte.swap !== undefined) yield* swap_free(pte.swap);
        continue;
      }
      yield* remove_rmap(vma, pte.page);
      tlb.pages.push(pte.page);
      tlb.changed = true;
    }
    yield* add_mm_rss_vec(tlb.mm, rss);
    yield* pte_unmap_unlock(table);
  },
  { inlined: true },
);

/** _PAGE_PRESENT, _PAGE_PROTNONE: the hardware or the kernel takes the entry for a page. */
const PRESENT = 0x101n;

/**
 * What zap_pte_range() does with a word that is no entry: the page of the table has become somebody else's, whose data
 * it destroys.
 *
 * Context: the page-table lock of what the page was.
 */
function* zap_garbage(
  table: PteTable,
  vma: VmAreaStruct,
  index: number,
  word: bigint,
  rss: number[],
): Body<void> {
  const address = vma.range.addressOf(index);
  if ((word & PRESENT) === 0n) {
    rss[MM_SWAPENTS] -= vma.range.pagesOf(index);
    yield* bad_swap_entry(vma, address, word);
  } else {
    // vm_normal_page(): there is no such page.
    yield* bad_pte(vma, address, word, ['vm_normal_page']);
  }
  yield* table.set(index, null);
}

/** Reports an entry that makes no sense. What is above it may be gone by now. */
export function* bad_pte(
  vma: VmAreaStruct,
  address: number,
  pte: bigint,
  innermost: readonly string[] = [],
): Body<void> {
  const pmd = pmd_val(yield* READ_ONCE(vma.range.pmd));
  const vm_flags = yield* vma.vm_flags.read();
  print_bad_pte({ pte, pmd, page: null, address, vm_flags, index: address / PAGE_SIZE }, innermost);
}

/** get_swap_device() for an entry that leads to no area. Models: mm/swapfile.c as of v6.10 and later. */
export const bad_swap_entry = kfunc(
  'get_swap_device',
  function* (_vma: VmAreaStruct, _address: number, word: bigint): Body<void> {
    pr_err(`get_swap_device: Bad swap file entry ${swapEntry(word).toString(16).padStart(8, '0')}`);
  },
  { inlined: true },
);

/** __pte_to_swp_entry() of x86: the type stands on top, the offset below it inverted; and swp_entry(). */
export function swapEntry(pte: bigint): bigint {
  const type = pte >> 59n;
  const offset = ((~pte << 5n) & 0xffff_ffff_ffff_ffffn) >> 14n;
  return (type << 58n) | offset;
}

/**
 * unmap_page_range() - zap what a VMA maps between two addresses.
 *
 * Context: mmap_lock for read at least.
 * Models: mm/memory.c. Leaves out: the levels above the pud; one range is one table, and has one pmd entry.
 */
export const unmap_page_range = kfunc(
  'unmap_page_range',
  function* (tlb: MmuGather, vma: VmAreaStruct, addr: number, end: number) {
    yield* BUG_ON(addr >= end, 'mm/memory.c:1808');
    // tlb_start_vma() looks at the flags.
    yield* vma.vm_flags.read();
    // zap_pud_range(): whose pmd entries go, if there are any.
    const pmds = yield* READ_ONCE(vma.range.pmds.pud);
    if (pmds !== null) yield* zap_pmd_range(tlb, vma, addr, end);
  },
);

/** zap_pmd_range() - zap behind the pmd entries of a VMA. */
export const zap_pmd_range = kfunc(
  'zap_pmd_range',
  function* (tlb: MmuGather, vma: VmAreaStruct, addr: number, end: number) {
    if (vma.range.huge) yield* zap_huge_pmd(tlb, vma, vma.range);
    else yield* zap_pte_range(tlb, vma, addr, end);
  },
  { inlined: true },
);

/** unmap_single_vma() */
const unmap_single_vma = kfunc(
  'unmap_single_vma',
  function* (tlb: MmuGather, vma: VmAreaStruct, start_addr: number, end_addr: number) {
    const start = Math.max(yield* vma.vm_start.read(), start_addr);
    const end = Math.min(yield* vma.vm_end.read(), end_addr);
    if (start < end) yield* unmap_page_range(tlb, vma, start, end);
  },
  { inlined: true },
);

/** Where unmap_vmas() and free_pgtables() get one VMA after the other from: a tree, or a list of detached ones. */
export type VmaSource = () => Body<VmAreaStruct | null>;

/** vma_next() on a tree; the marker of an unfinished fork ends it. */
export const vmasOf =
  (mas: MaState, end = ULONG_MAX): VmaSource =>
  () =>
    nextVma(mas, end);

function* nextVma(mas: MaState, end: number): Body<VmAreaStruct | null> {
  const next = yield* mas_find(mas, end === ULONG_MAX ? end : end - 1);
  return xa_is_zero(next) ? null : next;
}

/**
 * unmap_vmas() - zap what `vma` and those behind it map.
 *
 * Context: mmap_lock.
 * Models: mm/memory.c as of v6.12.
 */
export const unmap_vmas = kfunc(
  'unmap_vmas',
  function* (tlb: MmuGather, next: VmaSource, vma: VmAreaStruct, start_addr: number, end_addr: number) {
    const range = new MmuNotifierRange();
    mmu_notifier_range_init(range, MMU_NOTIFY_UNMAP, 0, vma.vm_mm, start_addr, end_addr);
    yield* mmu_notifier_invalidate_range_start(range);
    let at: VmAreaStruct | null = vma;
    while (at !== null) {
      yield* unmap_single_vma(tlb, at, start_addr, end_addr);
      at = yield* next();
    }
    yield* mmu_notifier_invalidate_range_end(range);
  },
);

/**
 * zap_page_range_single() - zap a part of one VMA, which stays.
 *
 * Context: mmap_lock for read at least.
 * Models: mm/memory.c as of v6.12.
 */
export const zap_page_range_single = kfunc(
  'zap_page_range_single',
  function* (vma: VmAreaStruct, address: number, size: number) {
    const range = new MmuNotifierRange();
    mmu_notifier_range_init(range, MMU_NOTIFY_CLEAR, 0, vma.vm_mm, address, address + size);
    const tlb = yield* tlb_gather_mmu(vma.vm_mm);
    yield* mmu_notifier_invalidate_range_start(range);
    yield* unmap_single_vma(tlb, vma, address, address + size);
    yield* mmu_notifier_invalidate_range_end(range);
    yield* tlb_finish_mmu(tlb);
  },
);

/**
 * free_pgtables() - give back the page tables of `vma` and of those behind it.
 *
 * Context: mmap_lock for write, or nobody else can come by these VMAs any more.
 * Models: mm/memory.c as of v6.12.
 */
export const free_pgtables = kfunc(
  'free_pgtables',
  function* (
    tlb: MmuGather,
    source: VmaSource,
    vma: VmAreaStruct,
    floor: number,
    ceiling: number,
    mm_wr_locked: boolean,
  ) {
    let at: VmAreaStruct | null = vma;
    while (at !== null) {
      const next: VmAreaStruct | null = yield* source();
      // Hidden from reclaim first: then nobody finds a way to the table any more.
      if (mm_wr_locked) yield* vma_start_write(at);
      yield* unlink_anon_vmas(at);
      yield* unlink_file_vma(at);
      yield* free_pgd_range(tlb, at.range, floor, ceiling);
      at = next;
    }
    if (tlb.fullmm) yield* free_upper_levels(tlb.mm);
  },
);

/** The upper levels of the page tables go with the last range. */
function* free_upper_levels(mm: MmStruct): Body<void> {
  const pages = mm.upper_tables;
  mm.upper_tables = 0;
  if (pages === 0) return;
  yield* mm.pgtables_bytes.add(-pages * PAGE_SIZE);
  yield* charge_tables(mm.upper_memcg, -pages);
}

/**
 * free_pgd_range() - the table of a range, unless a VMA below `floor` or from `ceiling` on still has a part of it; and the
 * page of pmd entries, with the last table in it.
 *
 * Context: no page-table lock. Models: mm/memory.c down to free_pte_range().
 */
export const free_pgd_range = kfunc(
  'free_pgd_range',
  function* (tlb: MmuGather, range: PageRange, floor: number, ceiling: number) {
    if (range.start < floor || range.end > ceiling) return;
    // pmd_none_or_clear_bad()
    const table = yield* pmd_table(range.pmd);
    if (table !== null) {
      yield* WRITE_ONCE<Pmd>(range.pmd, null);
      yield* tlb.mm.pgtables_bytes.add(-table.pages * PAGE_SIZE);
      yield* charge_tables(table.memcg, -table.pages);
      tlb.tables.push(table);
    }
    if (range.pmds.leave(range)) {
      yield* WRITE_ONCE<PmdTable | null>(range.pmds.pud, null);
      tlb.tables.push(range.pmds);
    } else if (table === null) return;
    if (tlb.fullmm) yield* mmStructureFreed(tlb.mm, 'page table');
  },
);
