import { Cell } from '../../sim/cell.ts';
import type { Memory } from '../../sim/memory.ts';
import type { Operation } from '../../sim/operation.ts';
import { RcuHead } from '../kernel/rcu/rcu_head.ts';
import { Spinlock } from '../kernel/locking/spinlock.ts';
import type { MemCgroup } from '../mm/memcontrol.ts';
import type { Page } from '../mm/page_alloc.ts';
import { frameOf, poisoned, reusesPages } from '../mm/page_frame.ts';
import { reserve, Struct } from '../struct.ts';
import { MM_ANONPAGES, type MmStruct } from './mm_types.ts';
import { WRITE_ONCE } from './rwonce.ts';
import type { SwapEntry } from './swap.ts';

// The page tables. Two levels are memory of their own: pages of PTEs, and the pages of pmd entries that point at them.
// What is above stands in the mm: pgd, p4d and pud are one entry for each page of pmd entries.

export const PAGE_SIZE = 4096;
export const PMD_SIZE = 0x200000;
/** What one page of pmd entries translates. */
export const PUD_SIZE = 0x40000000;
const PTRS_PER_PMD = PUD_SIZE / PMD_SIZE;

/**
 * A page-table entry, replaced as a whole. One entry stands for `granule` neighbouring pages of its table, and
 * `page` for as many (a power of two: its order).
 */
export interface Pte {
  /** Null for an entry that is not present: the page is in swap. */
  readonly page: Page | null;
  readonly writable: boolean;
  /** The counter that the pages behind the entry are counted in: MM_*, or -1 for the zero page. */
  readonly counter: number;
  /** Where the page is, for an entry that is not present; without it, in some place that nobody asks about. */
  readonly swap?: SwapEntry;
  /** What stands there where it is no entry at all: the page has become somebody else's, or nobody's. */
  readonly word?: bigint;
}

/** A pmd entry: a table (or a huge page), none, or what stands there where the page is no page of pmd entries. */
export type Pmd = PteTable | Pte | null;

/**
 * The PTE pages of one mapped range: the lowest level of the page tables. It is one piece of memory, so that a
 * walker that comes after free_pgtables() touches dead memory. Reached through `PageRange.pmd`.
 */
export class PteTable extends Struct {
  /** The split page-table lock; protects every change of an entry. It stands in struct page, which never dies. */
  readonly ptl = ptlOf(this.memory);
  readonly ptes: readonly Cell<Pte | null>[];
  /** Whom its pages are charged to. */
  memcg: MemCgroup | null = null;
  /** For tlb_remove_table(). */
  readonly rcu = new RcuHead(this.memory, 'rcu.', this);
  /** Indices of entries that are not none, ascending. Under ptl. */
  private readonly filled: number[] = [];
  /** Stretches of 2 MB that have a page of entries. Under ptl. */
  private readonly blocks = new Set<number>();

  constructor(memory: Memory, entries: number) {
    super(memory);
    const frame = frameOf(memory);
    this.ptes = Array.from(
      { length: entries },
      (_, i) => frame?.word(i, memory) ?? new Cell<Pte | null>(null, `pte[${i}]`, memory),
    );
  }

  /** (plain) Pages that real page tables take for what was mapped here so far. */
  get pages(): number {
    return this.blocks.size;
  }

  /** (plain) The stretch of 2 MB around an address is to be mapped: true if there was no page for it. Under ptl. */
  cover(address: number): boolean {
    const block = Math.floor(address / PMD_SIZE);
    if (this.blocks.has(block)) return false;
    this.blocks.add(block);
    return true;
  }

  /**
   * (plain) The next entry behind `index` that is to be looked at, up to `last`; `last + 1` for none. Under ptl, and by who
   * has just looked at `index`.
   */
  next(index: number, last: number): number {
    if (reusesPages() || poisoned(this.memory)) return index + 1;
    const next = this.filled.find((other) => other > index);
    return next === undefined || next > last ? last + 1 : next;
  }

  /** (plain) Entries from `first` up to and not including `end` that are not none. Under ptl. */
  populated(first: number, end: number): readonly number[] {
    // The page may be somebody else's one day: then nobody knows which entries are none without looking.
    if (reusesPages()) {
      return Array.from({ length: Math.max(end - first, 0) }, (_, i) => first + i);
    }
    return this.filled.filter((index) => index >= first && index < end);
  }

  /** set_pte(), pte_clear(): under ptl. */
  set(index: number, pte: Pte | null): Operation<void> {
    this.note(index, pte !== null);
    return WRITE_ONCE(this.ptes[index], pte);
  }

  /** (plain) For a table that nobody else has seen yet. */
  populate(index: number, pte: Pte): void {
    this.note(index, true);
    this.ptes[index].value = pte;
  }

  private note(index: number, filled: boolean): void {
    const at = this.filled.findIndex((other) => other >= index);
    const there = at >= 0 && this.filled[at] === index;
    if (filled && !there) this.filled.splice(at < 0 ? this.filled.length : at, 0, index);
    if (!filled && there) this.filled.splice(at, 1);
  }
}

/** A pmd entry that maps a huge page itself. For whoever walks page tables it is as a table with one entry. */
export class HugePmd extends PteTable {
  constructor(
    mm: MmStruct,
    readonly page: Page,
  ) {
    super(mm.memory, 1);
    this.populate(0, { page, writable: true, counter: MM_ANONPAGES });
  }
}

/** The lock of a page table; that of its page frame, if frames are handed out again. */
function ptlOf(memory: Memory): Spinlock {
  const frame = frameOf(memory);
  const lock = frame?.ptl ?? new Spinlock('ptlock_ptr(ptdesc)', null);
  if (frame !== null) frame.ptl = lock;
  return lock;
}

/**
 * A page of pmd entries. It is there as soon as something is mapped in its stretch of 1 GB, and goes with the last
 * table of it (free_pmd_range()).
 *
 * Leaves out: __pmd_alloc() in the first fault; that it is itself handed out from the pages that were freed.
 */
export class PmdTable extends Struct {
  /** The entry that points here, which stands in the mm. Cleared under mmap_lock for write, or by who takes the mm down. */
  readonly pud: Cell<PmdTable | null>;
  /** For tlb_remove_table(). */
  readonly rcu = new RcuHead(this.memory, 'rcu.', this);
  /** Whose entries are here, by their index. Under mmap_lock for write. */
  private readonly ranges = new Map<number, PageRange>();

  constructor(
    mm: MmStruct,
    stretch: number,
    private readonly gone: () => void,
  ) {
    super(reserve('page', 'pmd page', PAGE_SIZE));
    const name = `pud[${(stretch * PUD_SIZE).toString(16)}]`;
    this.pud = new Cell<PmdTable | null>(this, name, mm.memory);
  }

  /** (plain) The entry of a range that is mapped from now on; ranges beside each other have one each. */
  enter(range: PageRange): Cell<Pmd> {
    let index = Math.floor(range.start / PMD_SIZE) % PTRS_PER_PMD;
    while (this.ranges.has(index)) index = (index + 1) % PTRS_PER_PMD;
    this.ranges.set(index, range);
    const frame = frameOf(this.memory);
    if (frame !== null) return frame.word(index, this.memory, 'pmd');
    return new Cell<Pmd>(null, `pmd[${range.start.toString(16)}]`, this.memory);
  }

  /** (plain) Nothing of a range is mapped any more: true if that was the last one here. */
  leave(range: PageRange): boolean {
    for (const [index, other] of this.ranges) if (other === range) this.ranges.delete(index);
    if (this.ranges.size > 0) return false;
    this.gone();
    return true;
  }
}

/**
 * A stretch of the address space whose translations lie in one table. VMAs that were split off each other share
 * theirs.
 */
export class PageRange {
  /** The page of pmd entries that has the one of this range: that of the 1 GB in which it begins. */
  readonly pmds: PmdTable;
  /**
   * The entry that points at the table; null where there is none. Written under `page_table_lock`. It stands for as many
   * as there are stretches of 2 MB.
   */
  readonly pmd: Cell<Pmd>;
  /** Is mapped by huge pages. Settled when it is mapped. */
  huge = false;
  /** Some VMA has locked its pages in memory once. Settled when it is mapped. */
  mlocked = false;

  constructor(
    mm: MmStruct,
    readonly start: number,
    readonly end: number,
    /** Pages per modelled entry, a power of two. */
    readonly granule: number,
  ) {
    this.pmds = mm.pmdTable(start);
    this.pmd = this.pmds.enter(this);
  }

  /** (plain) The table, if there is one, for who only looks on. */
  get table(): PteTable | null {
    const { value } = this.pmd;
    return value instanceof PteTable ? value : null;
  }

  /** Entries of the table. */
  get entries(): number {
    return Math.ceil((this.end - this.start) / (PAGE_SIZE * this.granule));
  }

  /** Of the pages behind an entry. */
  get order(): number {
    return 31 - Math.clz32(this.granule);
  }

  /** Index of the entry that translates `address`. */
  indexOf(address: number): number {
    return Math.floor((address - this.start) / (PAGE_SIZE * this.granule));
  }

  addressOf(index: number): number {
    return this.start + index * PAGE_SIZE * this.granule;
  }

  /** How many pages entry `index` stands for: the last one of a range may stand for fewer. */
  pagesOf(index: number): number {
    return Math.min(this.granule, (this.end - this.addressOf(index)) / PAGE_SIZE);
  }
}
