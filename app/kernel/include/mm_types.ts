import type { Call } from '../../sim/call.ts';
import { Cell, Counter } from '../../sim/cell.ts';
import type { Memory } from '../../sim/memory.ts';
import type { Operation } from '../../sim/operation.ts';
import { RcuHead } from '../kernel/rcu/rcu_head.ts';
import { RwSemaphore } from '../kernel/locking/rwsem.ts';
import { Spinlock } from '../kernel/locking/spinlock.ts';
import { Work } from '../kernel/workqueue.ts';
import type { MemCgroup } from '../mm/memcontrol.ts';
import type { MmuNotifierSubscriptions } from './mmu_notifier.ts';
import type { Scanner } from '../mm/mm_slot.ts';
import type { Page } from '../mm/page_alloc.ts';
import { frameOf } from '../mm/page_frame.ts';
import { printsNew } from '../report/wording.ts';
import { Struct } from '../struct.ts';
import { Atomic } from './atomic.ts';
import { ListHead } from './list.ts';
import { lock_is_held, LockdepMap } from '../kernel/locking/lockdep.ts';
import { MapleTree } from './maple_tree.ts';
import { WRITE_ONCE } from './rwonce.ts';
import type { TaskStruct } from './sched.ts';
import type { SwapEntry } from './swap.ts';

export const PAGE_SIZE = 4096;
export const PAGE_SHIFT = 12;
export const PMD_SIZE = 0x200000;
/** Above every user address: stands for ULONG_MAX as the end of a range. */
export const ULONG_MAX = Number.MAX_SAFE_INTEGER;

/** Bits of `mm->flags`. */
export const MMF_HAS_UPROBES = 19;
export const MMF_RECALC_UPROBES = 20;
export const MMF_OOM_SKIP = 21;
export const MMF_UNSTABLE = 22;
export const MMF_OOM_REAP_QUEUED = 25;
/** v4.15 to v5.19: bit 25 says that the mm is a victim's, and the bit above that it waits for the reaper. */
export const MMF_OOM_VICTIM = 25;
export const MMF_OOM_REAP_QUEUED_V5_19 = 26;

/** Indices into `mm->rss_stat`. */
export const MM_FILEPAGES = 0;
export const MM_ANONPAGES = 1;
export const MM_SWAPENTS = 2;
export const MM_SHMEMPAGES = 3;
export const NR_MM_COUNTERS = 4;

/** Bits of `vma->vm_flags`. */
export const VM_READ = 0x00000001;
export const VM_WRITE = 0x00000002;
export const VM_EXEC = 0x00000004;
export const VM_SHARED = 0x00000008;
export const VM_MAYEXEC = 0x00000040;
export const VM_MAYSHARE = 0x00000080;
export const VM_PFNMAP = 0x00000400;
export const VM_LOCKED = 0x00002000;
export const VM_DONTCOPY = 0x00020000;
export const VM_ACCOUNT = 0x00100000;
export const VM_HUGETLB = 0x00400000;

/** What a fault ended with. */
export const VM_FAULT_OOM = 0x000001;
export const VM_FAULT_SIGBUS = 0x000002;
export const VM_FAULT_MAJOR = 0x000004;
export const VM_FAULT_SIGSEGV = 0x000040;
export const VM_FAULT_RETRY = 0x000400;
export const VM_FAULT_ERROR = VM_FAULT_OOM | VM_FAULT_SIGBUS | VM_FAULT_SIGSEGV;

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
  /** What stands there where it is no entry at all: the page has become somebody else's. */
  readonly word?: bigint;
}

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
  /** The page may be somebody else's one day: then nobody knows which entries are none without looking. */
  private readonly aliased: boolean;
  /** Stretches of 2 MB that have a page of entries. Under ptl. */
  private readonly blocks = new Set<number>();

  constructor(memory: Memory, entries: number) {
    super(memory);
    const frame = frameOf(memory);
    this.aliased = frame !== null;
    const words = frame?.words ?? [];
    for (let i = words.length; i < entries; i++) words.push(new Cell<Pte | null>(null, `pte[${i}]`, memory));
    this.ptes = words.slice(0, entries);
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

  /** (plain) Entries from `first` up to and not including `end` that are not none. Under ptl. */
  populated(first: number, end: number): readonly number[] {
    if (this.aliased) return Array.from({ length: Math.max(end - first, 0) }, (_, i) => first + i);
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
 * A stretch of the address space whose translations lie in one table. VMAs that were split off each other share
 * theirs. Stands for the levels of the page tables above the lowest.
 */
export class PageRange {
  /** The entry that points at the table; null where there is none. Written under `page_table_lock`. */
  readonly pmd: Cell<PteTable | null>;
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
    this.pmd = new Cell<PteTable | null>(null, `pmd[${start.toString(16)}]`, mm.memory);
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

/** What a VMA maps. Anonymous memory has none. */
export interface VmFile {
  readonly name: string;
  /** Page-cache pages by the address where programs map them. */
  readonly pages: Map<number, Page>;
  /** MM_FILEPAGES or MM_SHMEMPAGES. */
  readonly counter: number;
  /** Whoever maps the file; only for files whose mappings somebody goes through. */
  readonly i_mapping?: AddressSpace;
}

/** Callbacks of a mapping; `close` runs in remove_vma(). */
export interface VmOperations {
  readonly close?: (vma: VmAreaStruct) => Call<void>;
}

/** struct address_space - the mappings of a file. */
export class AddressSpace {
  readonly i_mmap_rwsem = new RwSemaphore('&mapping->i_mmap_rwsem', null);
  /** Under i_mmap_rwsem. */
  readonly i_mmap = new Cell<readonly VmAreaStruct[]>([], 'mapping->i_mmap');
}

/** struct anon_vma - the VMAs in which pages of some anonymous memory can be mapped: more than one after fork. */
export class AnonVma {
  readonly rwsem = new RwSemaphore('&anon_vma->rwsem', null);
  /** Under rwsem. */
  readonly vmas: Cell<readonly VmAreaStruct[]>;

  constructor(vmas: readonly VmAreaStruct[]) {
    this.vmas = new Cell(vmas, 'anon_vma->rb_root');
  }
}

/**
 * struct vm_area_struct - one mapping. What never changes after it is in the tree is plain; bounds and flags
 * change under mmap_lock for write.
 */
export class VmAreaStruct extends Struct {
  readonly vm_start = this.field('vm_start', 0);
  readonly vm_end = this.field('vm_end', 0);
  /** Up to v6.0, where VMAs are a list as well: the next one. Later vm_mm stands here. See mm/vma_list.ts. */
  readonly vm_next = this.field<VmAreaStruct | null>('vm_next', null);
  /** A place in the struct, for reports: what it holds never changes, so that nobody needs to look there. */
  private readonly word = this.field('vm_page_prot', null);
  readonly vm_flags = this.field('vm_flags', 0);
  vm_mm!: MmStruct;
  vm_file: VmFile | null = null;
  vm_ops: VmOperations | null = null;
  /** By which reclaim finds the VMA from a page of it. Written under its own lock and mmap_lock for write. */
  readonly anon_vma = this.field<AnonVma | null>('anon_vma', null);
  /** Where its translations lie. */
  range!: PageRange;
  /** v6.12: the per-VMA lock and the sequence number that marks it write-locked. */
  readonly vm_lock = new RwSemaphore('&vma->vm_lock->lock', this.memory);
  readonly vm_lock_seq = this.field('vm_lock_seq', -1);
  readonly detached = this.field('detached', true);
  /** v6.18: readers of the VMA, plus one while it is in the tree. */
  readonly vm_refcnt = new Atomic('vm_refcnt', 0, this.memory);
  readonly vmlock_dep_map = new LockdepMap('vm_lock', undefined, this.memory);
  readonly vm_rcu = new RcuHead(this.memory, 'vm_rcu.', this);

  /** True for memory of the process's own without a file behind it. */
  get anonymous(): boolean {
    return this.vm_file === null;
  }
}

/** struct mm_struct - one address space, from mm_alloc() to the last mmdrop(). */
export class MmStruct extends Struct {
  /** Holders of the struct; the last mmdrop() frees it. All users together hold one. */
  readonly mm_count = new Atomic('mm_count', 1, this.memory);
  /** VMAs by address. Write: mmap_lock for write. Read: mmap_lock, or RCU for per-VMA locks. */
  readonly mm_mt: MapleTree = new MapleTree('mm_mt', this.memory, () => lock_is_held(this.mmap_lock.dep_map));
  /** The page tables, as the hardware and lock-less walkers find them. Changes under mmap_lock for write. */
  readonly pgd = this.field<readonly PageRange[]>('pgd', []);
  /** Users of the address space; the last mmput() runs exit_mmap(). */
  readonly mm_users = new Atomic('mm_users', 1, this.memory);
  /** Pages of the page tables above the lowest level; they stay until exit_mmap(). */
  upper_tables = 0;
  /** Whom they are charged to. */
  upper_memcg: MemCgroup | null = null;
  /** All of the page tables, in bytes. */
  readonly pgtables_bytes = this.counter('pgtables_bytes');
  /** When the last asynchronous read or write will be done, in jiffies; 0 without any. Looked at by the last user only. */
  aio_done = 0;
  /** MMF_VM_HUGEPAGE, MMF_VM_MERGEABLE: who has it on a list of mms to scan. Looked at by users, fork and the last user. */
  scanners: readonly Scanner[] = [];
  /** VMAs; under mmap_lock for write. */
  readonly map_count = this.field('map_count', 0);
  /** Guards the pmd entries. */
  readonly page_table_lock = new Spinlock('&mm->page_table_lock', this.memory);
  /** Taken outside i_mmap_rwsem and anon_vma->rwsem. Read: VMAs stand. Write: VMAs and tables may change. */
  readonly mmap_lock = new RwSemaphore(
    printsNew('mmapLockName') ? '&mm->mmap_lock' : '&mm->mmap_sem',
    this.memory,
  );
  /** v6.12: goes up when mmap_lock is released by a writer, which unlocks all VMAs that it locked. */
  readonly mm_lock_seq = this.field('mm_lock_seq', 0);
  /** Link in init_mm.mmlist, the mms with swap entries; under mmlist_lock. */
  readonly mmlist: ListHead<MmStruct> = new ListHead<MmStruct>('mmlist', this.memory, this);
  /** Pages of all VMAs; under mmap_lock for write. */
  readonly total_vm = this.field('total_vm', 0);
  readonly locked_vm = this.field('locked_vm', 0);
  /** MMF_*; atomic bit operations, never cleared. */
  readonly flags = this.field('flags', 0);
  /** The task that stands for the mm in its cgroup. */
  readonly owner = this.field<TaskStruct | null>('owner', null);
  /** Null until the first registration; then lives until __mmdrop(). */
  readonly notifier_subscriptions = this.field<MmuNotifierSubscriptions | null>(
    'notifier_subscriptions',
    null,
  );
  /** By MM_*; changed blindly by whoever maps and unmaps, under the PTE lock. */
  readonly rss_stat: readonly Counter[] = [
    this.counter('rss_stat[MM_FILEPAGES]'),
    this.counter('rss_stat[MM_ANONPAGES]'),
    this.counter('rss_stat[MM_SWAPENTS]'),
    this.counter('rss_stat[MM_SHMEMPAGES]'),
  ];
  readonly async_put_work = new Work('&mm->async_put_work', this.memory, this);
  readonly delayed_drop = new RcuHead(this.memory, 'delayed_drop.', this);
  /** CPUs in lock-less page-table walks with interrupts off: a TLB flush waits for them. */
  readonly lockless_walkers = this.counter('lockless_walkers');
  /** Reapers that walk it, for checkers (mm/reapers.ts). No part of the struct. */
  readonly reapers = new Counter(0, 'reapers');
  /** Up to v6.0: the first VMA of the list. Guarded as mm_mt. See mm/vma_list.ts. */
  readonly mmap = this.field<VmAreaStruct | null>('mmap', null);
}
