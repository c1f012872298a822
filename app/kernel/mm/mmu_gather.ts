import type { Body } from '../../sim/call.ts';
import { charge } from '../../sim/delay.ts';
import { BlockingEffect } from '../../sim/operation.ts';
import type { MmStruct, PmdTable, PteTable } from '../include/mm_types.ts';
import { kfunc, nothing } from '../kfunc.ts';
import { call_rcu } from '../kernel/rcu/tree.ts';
import { free_pages, put_page, type Page } from './page_alloc.ts';

/** What one TLB flush costs the one who orders it (ns). */
export const TLB_FLUSH_NS = 2000;
/** What it costs to take one page out of a page table and give it back (ns). */
export const ZAP_PAGE_NS = 250;

/** A page of entries: of PTEs, or of pmds. */
export type TablePage = PteTable | PmdTable;

/**
 * struct mmu_gather - what was taken out of page tables and is not to be freed before the TLBs are flushed.
 * Stands on its owner's stack; nobody else looks at it.
 */
export class MmuGather {
  readonly mm: MmStruct;
  /** The whole address space goes. */
  readonly fullmm: boolean;
  readonly pages: Page[] = [];
  /** In the order in which they were cut off. */
  readonly tables: TablePage[] = [];
  /** Translations were removed since the last flush. */
  changed = false;

  constructor(mm: MmStruct, fullmm: boolean) {
    this.mm = mm;
    this.fullmm = fullmm;
  }
}

/**
 * tlb_gather_mmu() - begin to take pages out of an mm.
 *
 * Models: mm/mmu_gather.c. Leaves out: tlb_flush_pending, batches (a real gather frees in between).
 */
export const tlb_gather_mmu = kfunc('tlb_gather_mmu', function* (mm: MmStruct) {
  return new MmuGather(mm, false);
});

/** tlb_gather_mmu_fullmm() - begin to take all pages out of an mm that nobody uses any more. */
export const tlb_gather_mmu_fullmm = kfunc('tlb_gather_mmu_fullmm', function* (mm: MmStruct) {
  return new MmuGather(mm, true);
});

/** tlb_flush_mmu_tlbonly() - no CPU uses an old translation after that. */
export function* tlb_flush_mmu_tlbonly(tlb: MmuGather): Body<void> {
  if (!tlb.changed && tlb.tables.length === 0) return;
  tlb.changed = false;
  charge(TLB_FLUSH_NS);
  yield* flushTlbs(tlb.mm);
}

/** The interrupts that flush the TLBs of others wait for CPUs that have interrupts off in a lock-less walk. */
const flushTlbs = (mm: MmStruct): BlockingEffect<void> =>
  new BlockingEffect(
    'wait',
    mm.lockless_walkers,
    'read',
    () => mm.lockless_walkers.value === 0,
    () => {},
  );

/** tlb_finish_mmu() - flush the TLBs, then free what was gathered. */
export const tlb_finish_mmu = kfunc(
  'tlb_finish_mmu',
  function* (tlb: MmuGather) {
    yield* tlb_flush_mmu_tlbonly(tlb);
    for (const page of tlb.pages.splice(0)) yield* put_page(page);
    if (tlb.tables.length > 0) yield* tlb_remove_table(tlb.tables.splice(0));
  },
  { leaves: nothing },
);

/**
 * tlb_remove_table() - free page tables.
 *
 * Models: v6.18, where x86 always leaves that to RCU (MMU_GATHER_RCU_TABLE_FREE).
 */
export const tlb_remove_table = kfunc(
  'tlb_remove_table',
  function* (tables: readonly TablePage[]) {
    for (const table of tables) yield* call_rcu(table.rcu, () => tlb_remove_table_rcu(table));
  },
  { inlined: true },
);

const tlb_remove_table_rcu = kfunc('tlb_remove_table_rcu', function* (table: TablePage) {
  yield* free_pages(table);
});
