import type { Call } from '../../sim/call.ts';
import { Cell, Counter } from '../../sim/cell.ts';
import { RcuHead } from '../kernel/rcu/rcu_head.ts';
import { RwSemaphore } from '../kernel/locking/rwsem.ts';
import { Spinlock } from '../kernel/locking/spinlock.ts';
import { Work } from '../kernel/workqueue.ts';
import type { MemCgroup } from '../mm/memcontrol.ts';
import type { MmuNotifierSubscriptions } from './mmu_notifier.ts';
import type { Scanner } from '../mm/mm_slot.ts';
import type { Page } from '../mm/page_alloc.ts';
import { printsNew } from '../report/wording.ts';
import { Struct } from '../struct.ts';
import { Atomic } from './atomic.ts';
import { ListHead } from './list.ts';
import { lock_is_held, LockdepMap } from '../kernel/locking/lockdep.ts';
import { MapleTree } from './maple_tree.ts';
import { PmdTable, PUD_SIZE, type PageRange } from './pgtable.ts';
import type { TaskStruct } from './sched.ts';

export * from './pgtable.ts';

export const PAGE_SHIFT = 12;
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
  /** The pmd pages in use, by stretch of 1 GB. Under mmap_lock for write; who walks goes through `PmdTable.pud`. */
  private readonly pmds = new Map<number, PmdTable>();
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

  /** (plain) The pmd page for an address: a new one, where nothing is mapped around it. */
  pmdTable(address: number): PmdTable {
    const stretch = Math.floor(address / PUD_SIZE);
    let table = this.pmds.get(stretch);
    if (table === undefined) {
      table = new PmdTable(this, stretch, () => this.pmds.delete(stretch));
      this.pmds.set(stretch, table);
    }
    return table;
  }
}
