import type { Body } from '../sim/call.ts';
import type { Task } from '../sim/task.ts';
import type { BadAccess } from './mm/kasan/access.ts';
import type { KernelMemory } from './tracking.ts';
import type { Barrier } from './include/rwonce.ts';
import type { GuestAccess, Kvm, KvmVcpu, Spte } from './include/kvm_host.ts';
import type { MmStruct } from './include/mm_types.ts';
import type { MmuNotifier, MmuNotifierRange } from './include/mmu_notifier.ts';
import type { Page } from './mm/page_alloc.ts';

/**
 * Moments that checkers may listen to, beyond the machine's operations. A file that has such a moment adds
 * it here, and calls `kernel().hooks.emit(...)`; a checker calls `hooks.on(...)` when it is attached.
 */
export interface HookSignatures {
  /** Code states what RCU needs here (RCU_LOCKDEP_WARN): `condition` says whether it is violated. */
  rcuLockdepWarn: (condition: () => boolean, text: string, file: string, line: number) => void;
  /** The running task goes past a memory barrier. */
  barrier: (kind: Barrier) => void;
  /** The run has come to its end; nothing will be scheduled any more. */
  endOfRun: () => void;
  /** A variable is touched whose function has returned; its stack is still mapped. */
  deadFrame: (task: Task, access: BadAccess) => void;
  /** Memory was allocated. */
  allocated: (memory: KernelMemory) => void;
  /** Memory was freed: its lifetime has just ended. */
  freed: (memory: KernelMemory) => void;
  /** Memory is freed that was freed before. */
  doubleFree: (task: Task, memory: KernelMemory) => void;
  /** An address space was made; nobody else has seen it yet. */
  mmCreated: (mm: MmStruct) => void;
  /** exit_mmap() is done. */
  exitMmapDone: (mm: MmStruct) => void;
  /** A reaper holds mmap_lock for read and has found that the mm may be reaped; or is done with it. */
  reaping: (mm: MmStruct, begins: boolean) => void;
  /** exit_mmap() gives back a VMA or a page table of the mm. */
  mmStructureFreed: (mm: MmStruct, what: string) => void;
  /** mmget() for an address space that has no users any more. */
  mmRevived: (mm: MmStruct) => void;
  /** A vCPU's hardware touches a page, by what its TLB or the SPTE says. */
  guestAccess: (vcpu: KvmVcpu, page: Page, access: GuestAccess) => void;
  /** An SPTE was installed (`spte`) or cleared (null). */
  spteChanged: (kvm: Kvm, gfn: number, spte: Spte | null) => void;
  /** A VM has left its mmu notifier for good and is about to go. */
  kvmDestroyed: (kvm: Kvm) => void;
  /** A subscriber's start op returned 0. */
  invalidateStarted: (subscription: MmuNotifier, range: MmuNotifierRange) => void;
  /** A subscriber's end op is called. */
  invalidateEnded: (subscription: MmuNotifier, range: MmuNotifierRange) => void;
}

type Listeners = { [Name in keyof HookSignatures]?: HookSignatures[Name][] };

export class Hooks {
  private readonly listeners: Listeners = {};
  // These listeners look at what tasks share, by operations of the task that comes there.
  /** Nobody will hear of a range any more: its end is over, or its start was refused and unwound. */
  readonly rangeOver: ((range: MmuNotifierRange) => Body<void>)[] = [];
  /** exit_mmap() is about to zap the first page. */
  readonly exitMmapUnmaps: ((mm: MmStruct) => Body<void>)[] = [];

  on<Name extends keyof HookSignatures>(name: Name, listener: HookSignatures[Name]): void {
    const list: HookSignatures[Name][] = this.listeners[name] ?? [];
    list.push(listener);
    (this.listeners as Record<Name, HookSignatures[Name][]>)[name] = list;
  }

  /** Calls the listeners in the order in which they were attached. */
  emit<Name extends keyof HookSignatures>(name: Name, ...args: Parameters<HookSignatures[Name]>): void {
    const list = this.listeners[name] as ((...args: Parameters<HookSignatures[Name]>) => void)[] | undefined;
    if (list === undefined) return;
    for (const listener of list) listener(...args);
  }
}
