import { Cell } from '../../sim/cell.ts';
import { machineInForce } from '../../sim/machine-in-force.ts';
import type { Memory } from '../../sim/memory.ts';
import { Rcuwait } from '../kernel/rcuwait.ts';
import { SrcuStruct } from '../kernel/rcu/srcutree.ts';
import { Mutex } from '../kernel/locking/mutex.ts';
import type { RawSpinlock } from '../kernel/locking/raw_spinlock.ts';
import { Rwlock } from '../kernel/locking/rwlock.ts';
import { Spinlock } from '../kernel/locking/spinlock.ts';
import { kernel } from '../kernel.ts';
import { printsNew } from '../report/wording.ts';
import { Struct } from '../struct.ts';
import { Atomic } from './atomic.ts';
import { ListHead } from './list.ts';
import type { MmStruct } from './mm_types.ts';
import { MmuNotifier } from './mmu_notifier.ts';
import { Refcount } from './refcount.ts';
import type { Page } from '../mm/page_alloc.ts';

/** No guest frame: what the invalidated range starts from. */
export const INVALID_GPA = -1;

/** Bits of `slot->flags`. */
export const KVM_MEM_READONLY = 1 << 1;
export const KVM_MEMSLOT_INVALID = 1 << 16;

/** enum kvm_mr_change */
export type KvmMrChange = 'create' | 'delete' | 'move' | 'flags_only';

/** Values of `vcpu->mode`. */
export const OUTSIDE_GUEST_MODE = 0;
export const IN_GUEST_MODE = 1;
export const EXITING_GUEST_MODE = 2;

/** Bits of `vcpu->requests`. */
export const KVM_REQ_TLB_FLUSH = 0;
export const KVM_REQ_VM_DEAD = 1;

/** Values of `run->exit_reason`. */
export const KVM_EXIT_HLT = 5;
export const KVM_EXIT_MMIO = 6;
export const KVM_EXIT_SHUTDOWN = 8;
export const KVM_EXIT_INTR = 10;
export const KVM_EXIT_INTERNAL_ERROR = 17;

/**
 * struct kvm_memory_slot - a piece of guest memory. Never changed while it is in an active set; a change
 * installs another one.
 */
export class KvmMemorySlot extends Struct {
  id = 0;
  as_id = 0;
  base_gfn = 0;
  npages = 0;
  userspace_addr = 0;
  flags = 0;
}

/** struct kvm_memslots - one set of slots. Readers of the active set are inside `kvm->srcu`. */
export class KvmMemslots extends Struct {
  /** The slots in order of userspace_addr: hva_tree. Changed in the inactive set only. */
  readonly slots: Cell<readonly KvmMemorySlot[]>;
  readonly generation: Cell<number>;

  constructor(
    memory: Memory,
    path: string,
    readonly node_idx: 0 | 1,
  ) {
    super(memory, path);
    this.slots = this.field<readonly KvmMemorySlot[]>('hva_tree', []);
    this.generation = this.field('generation', 0);
  }
}

/** struct gfn_to_pfn_cache - a kernel mapping of one guest page. */
export class GfnToPfnCache extends Struct {
  /** On `kvm->gpc_list` while active. Guarded by `kvm->gpc_lock`. */
  readonly list = new ListHead<GfnToPfnCache>('list', this.memory, this);
  readonly lock = new Rwlock('&gpc->lock', this.memory);
  readonly refresh_lock = new Mutex('&gpc->refresh_lock', this.memory);
  /** Under `lock`. */
  readonly valid = this.field('valid', false);
  /** Under `lock`. */
  readonly active = this.field('active', false);
  /** Under `lock`. */
  readonly uhva = this.field('uhva', 0);
  /** Under `lock`: the page that is mapped, with no reference held. */
  readonly pfn = this.field<Page | null>('pfn', null);
  gpa = 0;
  kvm!: Kvm;
}

/** A present SPTE, replaced as a whole. It holds no reference to the page. */
export interface Spte {
  readonly page: Page;
  readonly writable: boolean;
}

/** Guests that touch more than so many frames from several tasks cannot be searched. */
const RESERVED_SPTES = 0x1000;

/** The page tables that the guest runs on, a cell per guest frame. */
export class KvmArch extends Struct {
  /** Frames that have a leaf, in order: the upper levels. Faults add, under mmu_lock for read; zapping all clears. */
  readonly tdp = this.field<readonly number[]>('tdp', []);
  /**
   * The leaf SPTEs that were ever touched. Writers hold mmu_lock, for write to zap and for read to install
   * by an atomic exchange.
   */
  readonly sptes = new Map<number, Cell<Spte | null>>();
  /** A vCPU or a zap may be the first to touch an SPTE: it is the same one either way. */
  private readonly ids = machineInForce().reserveObjectIds(RESERVED_SPTES);

  /** The SPTE of a guest frame. */
  spte(gfn: number): Cell<Spte | null> {
    let cell = this.sptes.get(gfn);
    if (cell === undefined) {
      const id = this.ids === null || gfn >= RESERVED_SPTES ? undefined : this.ids + gfn;
      cell = new Cell<Spte | null>(null, `${this.path}spte[${gfn}]`, this.memory, id);
      this.sptes.set(gfn, cell);
    }
    return cell;
  }
}

/** What a field was called before v6.0. */
const NOTIFIER_NAMES = {
  mmu_invalidate_in_progress: 'mmu_notifier_count',
  mmu_invalidate_seq: 'mmu_notifier_seq',
  mmu_invalidate_range_start: 'mmu_notifier_range_start',
  mmu_invalidate_range_end: 'mmu_notifier_range_end',
} as const;

const nameOf = (field: keyof typeof NOTIFIER_NAMES): string =>
  printsNew('mmuInvalidateNames') ? field : NOTIFIER_NAMES[field];

/** struct kvm - one virtual machine, from KVM_CREATE_VM to the last put of `users_count`. */
export class Kvm extends Struct {
  /** Guards SPTEs and the invalidation counters: zaps write, faults read. A spinlock for both until v5.11. */
  readonly mmu_lock: Rwlock | Spinlock = kernel().tree.traits.mmuLockIsSpinlock
    ? new Spinlock('&kvm->mmu_lock', this.memory)
    : new Rwlock('&(kvm)->mmu_lock', this.memory);
  /** Taken outside of slots_arch_lock; never inside `srcu`, and never by a notifier. */
  readonly slots_lock = new Mutex('&kvm->slots_lock', this.memory);
  readonly slots_arch_lock = new Mutex('&kvm->slots_arch_lock', this.memory);
  readonly lock = new Mutex('&kvm->lock', this.memory);
  readonly irq_lock = new Mutex('&kvm->irq_lock', this.memory);
  /** Pinned by mm_count. Written before anybody else sees the VM. */
  mm!: MmStruct;
  /** The two sets; `memslots` points at the active one. */
  readonly __memslots: readonly [KvmMemslots, KvmMemslots] = [
    new KvmMemslots(this.memory, '__memslots[0][0].', 0),
    new KvmMemslots(this.memory, '__memslots[0][1].', 1),
  ];
  /** The active set. Written under mn_invalidate_lock while no invalidation is under way. */
  readonly memslots = this.field<KvmMemslots>('memslots[0]', this.__memslots[0]);
  readonly vcpu_array = this.field<readonly KvmVcpu[]>('vcpu_array', []);
  readonly online_vcpus = new Atomic('online_vcpus', 0, this.memory);
  readonly users_count = new Refcount('users_count', 1, this.memory);
  /**
   * Guards mn_active_invalidate_count and the change of `memslots`. Its type is a matter of patches; null where there is
   * none, nor a count that it would guard (before v5.15).
   */
  mn_invalidate_lock: Spinlock | RawSpinlock | null = null;
  /** Starts minus ends, whether a memslot was hit or not. Under mn_invalidate_lock. */
  readonly mn_active_invalidate_count = this.field('mn_active_invalidate_count', 0);
  /** Its one waiter holds slots_lock. */
  readonly mn_memslots_update_rcuwait = new Rcuwait('mn_memslots_update_rcuwait', this.memory);
  /** Guards gpc_list. */
  readonly gpc_lock = new Spinlock('&kvm->gpc_lock', this.memory);
  readonly gpc_list = new ListHead<GfnToPfnCache>('gpc_list', this.memory);
  readonly mmu_notifier = new MmuNotifier(this.memory, 'mmu_notifier.', this);
  /** +1 at each end that hit a memslot. Under mmu_lock for write; faults read it bare, too. */
  readonly mmu_invalidate_seq = this.field(nameOf('mmu_invalidate_seq'), 0);
  /** Starts minus ends that hit a memslot; signed. Under mmu_lock for write. */
  readonly mmu_invalidate_in_progress = this.field(nameOf('mmu_invalidate_in_progress'), 0);
  readonly mmu_invalidate_range_start = this.field(nameOf('mmu_invalidate_range_start'), INVALID_GPA);
  readonly mmu_invalidate_range_end = this.field(nameOf('mmu_invalidate_range_end'), INVALID_GPA);
  /** +1 at each end, where the era has it. Under mn_invalidate_lock; who refreshes a cache reads it bare. */
  readonly gpc_invalidate_seq: Cell<number> | null = kernel().tree.traits.gpcInvalidateSeq
    ? this.field('gpc_invalidate_seq', 0)
    : null;
  readonly srcu = new SrcuStruct('&kvm->srcu', this.memory);
  readonly irq_srcu = new SrcuStruct('&kvm->irq_srcu', this.memory);
  readonly vm_list = new ListHead<Kvm>('vm_list', this.memory, this);
  readonly vm_bugged = this.field('vm_bugged', false);
  readonly vm_dead = this.field('vm_dead', false);
  readonly arch = new KvmArch(this.memory, 'arch.');
  /** `kvm-<pid>`: the creator's pid. */
  stats_id = '';
}

/** What a guest does: its memory accesses in order, again and again. The argument of KVM_RUN. */
export interface GuestCode {
  readonly accesses: readonly GuestAccess[];
  /** Rounds before the guest halts; missing: for ever. */
  readonly rounds?: number;
  /** Computing between two accesses, in ns. */
  readonly computeNs?: number;
}

export interface GuestAccess {
  readonly gfn: number;
  readonly write: boolean;
}

/** struct kvm_vcpu */
export class KvmVcpu extends Struct {
  /** Held over KVM_RUN. */
  readonly mutex = new Mutex('&vcpu->mutex', this.memory);
  readonly mode = this.field('mode', OUTSIDE_GUEST_MODE);
  /** KVM_REQ_* bits: set by anybody, cleared by the vCPU. */
  readonly requests = this.field('requests', 0);
  /** Interrupts sent to the CPU that the guest runs on, and how many of them it has taken. */
  readonly ipis_sent = this.field('ipis_sent', 0);
  readonly ipis_taken = this.field('ipis_taken', 0);
  kvm!: Kvm;
  vcpu_id = 0;
  /** Index inside `kvm->srcu` while it is held, else -1. */
  srcu_idx = -1;
  /** The hardware's cache of SPTEs; flushed when KVM_REQ_TLB_FLUSH is handled. Seen by this vCPU only. */
  readonly tlb = new Map<number, Spte>();
  /** run->exit_reason. Written by the vCPU's thread. */
  exit_reason = 0;
  /** The struct page of the shared run structure. */
  run: Page | null = null;
  /** What the guest executes, and where it is. */
  guest: GuestCode = { accesses: [] };
  guestAt = 0;
  guestRounds = 0;
  /** What has to change before a fault that is to be retried can come to anything else; null if none is. */
  retryUntil: RetryCondition | null = null;

  /** All that the vCPU's thread keeps in plain fields. */
  get plainFields(): readonly unknown[] {
    const { srcu_idx, exit_reason, guestAt, guestRounds, retryUntil } = this;
    const tlb = [...this.tlb].map(([gfn, { page, writable }]) => [gfn, page, writable]);
    const retry = retryUntil === null ? null : [retryUntil.cell, retryUntil.seen];
    return [srcu_idx, exit_reason, guestAt, guestRounds, tlb, retry];
  }
}

/** A value that a fault has looked at, and whether it is another one now. */
export interface RetryCondition {
  readonly cell: Cell<unknown>;
  /** What it is compared with: null, if with nothing that was seen. */
  readonly seen: KvmMemslots | null;
  readonly changed: () => boolean;
}

/** struct kvm_userspace_memory_region - the argument of KVM_SET_USER_MEMORY_REGION, in bytes. */
export interface KvmUserspaceMemoryRegion {
  readonly slot: number;
  readonly flags: number;
  readonly guest_phys_addr: number;
  readonly memory_size: number;
  readonly userspace_addr: number;
}
