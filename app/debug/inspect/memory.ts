import { xa_is_zero } from '../../kernel/include/maple_tree.ts';
import type { Kvm } from '../../kernel/include/kvm_host.ts';
import {
  MMF_OOM_REAP_QUEUED,
  MMF_OOM_SKIP,
  MMF_UNSTABLE,
  PAGE_SIZE,
  VM_ACCOUNT,
  VM_DONTCOPY,
  VM_EXEC,
  VM_HUGETLB,
  VM_LOCKED,
  VM_PFNMAP,
  VM_READ,
  VM_SHARED,
  VM_WRITE,
  type MmStruct,
  type VmAreaStruct,
} from '../../kernel/include/mm_types.ts';
import type { TaskStruct } from '../../kernel/include/sched.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import {
  PG_active,
  PG_dirty,
  PG_locked,
  PG_lru,
  PG_referenced,
  PG_swapbacked,
  PG_uptodate,
  type Page,
} from '../../kernel/mm/page_alloc.ts';
import { addressOf } from '../../kernel/struct.ts';
import type { KernelObjects } from '../objects.ts';
import type { Inspection, Mapping } from './inspection.ts';

/** A mapping of gigabytes is shown up to so many entries. */
const MOST_ENTRIES = 512;

const MM_FLAGS: readonly (readonly [number, string])[] = [
  [MMF_OOM_SKIP, 'MMF_OOM_SKIP'],
  [MMF_UNSTABLE, 'MMF_UNSTABLE'],
  [MMF_OOM_REAP_QUEUED, 'MMF_OOM_REAP_QUEUED'],
];

const VM_FLAGS: readonly (readonly [number, string])[] = [
  [VM_LOCKED, 'locked'],
  [VM_PFNMAP, 'pfnmap'],
  [VM_DONTCOPY, 'dontcopy'],
  [VM_ACCOUNT, 'account'],
  [VM_HUGETLB, 'hugetlb'],
];

const PAGE_FLAGS: readonly (readonly [number, string])[] = [
  [PG_locked, 'PG_locked'],
  [PG_referenced, 'PG_referenced'],
  [PG_uptodate, 'PG_uptodate'],
  [PG_dirty, 'PG_dirty'],
  [PG_lru, 'PG_lru'],
  [PG_active, 'PG_active'],
  [PG_swapbacked, 'PG_swapbacked'],
];

/** Address spaces, pages and virtual machines. Pages are those that somebody maps. */
export class MemoryInspector {
  private readonly seen = new Map<number, Page>();

  constructor(private readonly kernel: Kernel) {}

  mms({ mms }: KernelObjects): Inspection['mms'] {
    return [...mms].filter((mm) => this.matters(mm)).map((mm) => this.mm(mm));
  }

  kvms({ kvms }: KernelObjects): Inspection['kvms'] {
    return [...kvms].map((kvm) => this.kvm(kvm));
  }

  /** Of all that was asked for before. */
  pages(): Inspection['pages'] {
    return [...this.seen.values()]
      .sort((a, b) => a.pfn - b.pfn)
      .map((page) => ({
        pfn: page.pfn,
        refcount: page._refcount.value,
        mapcount: page._mapcount.value + 1,
        flags: bitsOf(page.flags.value, PAGE_FLAGS),
        dead: !page.memory.alive,
      }));
  }

  /** Of those that are gone, the ones that somebody still points at. */
  private matters(mm: MmStruct): boolean {
    return mm.memory.alive || this.usersOf(mm).length > 0;
  }

  private usersOf(mm: MmStruct): number[] {
    return this.kernel.machine.tasks
      .filter(({ state, context }) => {
        const tsk = context as TaskStruct | null;
        return state === 'ready' && (tsk?.mm.value === mm || tsk?.active_mm === mm);
      })
      .map(({ index }) => index);
  }

  private mm(mm: MmStruct): Inspection['mms'][number] {
    const [file, anon, swap, shmem] = mm.rss_stat.map(({ value }) => value);
    return {
      address: addressOf(mm.memory),
      dead: !mm.memory.alive,
      tasks: this.usersOf(mm),
      counters: {
        mm_users: mm.mm_users.value,
        mm_count: mm.mm_count.value,
        map_count: mm.map_count.value,
        total_vm: mm.total_vm.value,
        locked_vm: mm.locked_vm.value,
        pgtables_bytes: mm.pgtables_bytes.value,
        MM_FILEPAGES: file,
        MM_ANONPAGES: anon,
        MM_SWAPENTS: swap,
        MM_SHMEMPAGES: shmem,
      },
      flags: bitsOf(mm.flags.value, MM_FLAGS),
      vmas: vmasOf(mm).map((vma) => this.vma(vma)),
    };
  }

  private vma(vma: VmAreaStruct): Inspection['mms'][number]['vmas'][number] {
    const flags = vma.vm_flags.value;
    const has = (bit: number, letter: string) => ((flags & bit) === 0 ? '-' : letter);
    const more = VM_FLAGS.filter(([bit]) => (flags & bit) !== 0).map(([, name]) => name);
    return {
      start: hex(vma.vm_start.value),
      end: hex(vma.vm_end.value),
      flags: [
        `${has(VM_READ, 'r')}${has(VM_WRITE, 'w')}${has(VM_EXEC, 'x')}${(flags & VM_SHARED) === 0 ? 'p' : 's'}`,
        ...more,
      ].join(' '),
      name: vma.vm_file?.name ?? 'anonymous',
      dead: !vma.memory.alive,
      ptes: this.ptes(vma),
    };
  }

  private ptes(vma: VmAreaStruct): Mapping[] {
    const { range } = vma;
    const table = range?.table ?? null;
    if (table === null) return [];
    const first = range.indexOf(vma.vm_start.value);
    const end = Math.ceil((vma.vm_end.value - range.start) / (PAGE_SIZE * range.granule));
    return table
      .populated(first, end)
      .slice(0, MOST_ENTRIES)
      .flatMap((index) => {
        const pte = table.ptes[index].value;
        if (pte === null) return [];
        const { page, writable } = pte;
        if (page !== null) this.seen.set(page.pfn, page);
        return {
          address: hex(range.addressOf(index)),
          pfn: page?.pfn ?? 0,
          flags: page === null ? ['swapped out'] : writable ? ['present', 'writable'] : ['present'],
          dead: (page !== null && !page.memory.alive) || !table.memory.alive,
        };
      });
  }

  private kvm(kvm: Kvm): Inspection['kvms'][number] {
    const slots = kvm.memslots.value.slots.value;
    const sptes = [...kvm.arch.sptes]
      .flatMap(([gfn, cell]) => {
        const spte = cell.value;
        if (spte === null) return [];
        this.seen.set(spte.page.pfn, spte.page);
        return { gfn, pfn: spte.page.pfn, writable: spte.writable, dead: !spte.page.memory.alive };
      })
      .sort((a, b) => a.gfn - b.gfn);
    return {
      address: addressOf(kvm.memory),
      dead: !kvm.memory.alive,
      mm: kvm.mm === undefined ? null : addressOf(kvm.mm.memory),
      counters: {
        users_count: kvm.users_count.value,
        online_vcpus: kvm.online_vcpus.value,
        mn_active_invalidate_count: kvm.mn_active_invalidate_count.value,
        ...Object.fromEntries(
          [
            kvm.mmu_invalidate_in_progress,
            kvm.mmu_invalidate_seq,
            kvm.mmu_invalidate_range_start,
            kvm.mmu_invalidate_range_end,
          ].map(({ field, value }) => [field, value]),
        ),
      },
      memslots: slots.map(({ id, base_gfn, npages, userspace_addr }) => ({
        id,
        base_gfn,
        npages,
        userspace_addr: hex(userspace_addr),
      })),
      sptes: sptes.slice(0, MOST_ENTRIES),
    };
  }
}

/** In order of addresses, as a walk that nobody disturbs would find them. */
function vmasOf(mm: MmStruct): VmAreaStruct[] {
  const slots = mm.mm_mt.ma_root.value?.slots.value ?? [];
  return slots.flatMap(({ entry }) => (xa_is_zero(entry) ? [] : [entry]));
}

function bitsOf(flags: number, names: readonly (readonly [number, string])[]): string[] {
  return names.filter(([bit]) => ((flags >>> bit) & 1) === 1).map(([, name]) => name);
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
