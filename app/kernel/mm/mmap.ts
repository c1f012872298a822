import type { Body } from '../../sim/call.ts';
import { EINTR, EINVAL, ENOMEM } from '../include/errno.ts';
import { mm_flags_set, vma_pages } from '../include/mm.ts';
import { xa_is_zero } from '../include/maple_tree.ts';
import {
  AnonVma,
  MMF_OOM_SKIP,
  PAGE_SIZE,
  PageRange,
  PMD_SIZE,
  ULONG_MAX,
  VM_ACCOUNT,
  VM_LOCKED,
  VM_READ,
  VM_WRITE,
  type MmStruct,
  type VmAreaStruct,
  type VmFile,
  type VmOperations,
} from '../include/mm_types.ts';
import {
  mmap_read_lock,
  mmap_read_unlock,
  mmap_write_downgrade,
  mmap_write_lock,
  mmap_write_lock_killable,
  mmap_write_unlock,
} from '../include/mmap_lock.ts';
import { mmu_notifier_release } from '../include/mmu_notifier.ts';
import { current } from '../include/sched.ts';
import { kernel } from '../kernel.ts';
import { kfunc } from '../kfunc.ts';
import { BUG_ON } from '../kernel/bug.ts';
import { hashedPointer } from '../kernel/fork.ts';
import { cond_resched } from '../kernel/sched/core.ts';
import {
  __mt_destroy,
  MaState,
  mas_find,
  mas_set,
  mas_store_gfp,
  mt_clear_in_rcu,
  mtree_load,
} from '../lib/maple_tree.ts';
import { trace_event } from '../trace-events.ts';
import { vma_link_file } from './file_rmap.ts';
import { free_pgtables, unmap_vmas, vmasOf, type VmaSource } from './memory.ts';
import { tlb_finish_mmu, tlb_gather_mmu, tlb_gather_mmu_fullmm } from './mmu_gather.ts';
import { MMAP_BASE } from './process-image.ts';
import { anon_vma_clone } from './rmap.ts';
import {
  remove_vma,
  vm_area_alloc,
  vm_area_dup,
  vma_mark_attached,
  vma_mark_detached,
  vma_start_write,
} from './vma.ts';

/**
 * exit_mmap() - take an address space down that has no users any more.
 *
 * Context: the task that dropped the last mm_users; may sleep.
 * Models: mm/mmap.c as of v6.12 and v6.18: zapping under mmap_lock for read, beside a reaper; the page tables and
 * the VMAs go under the lock for write. Leaves out: what the architecture does, accounting of committed memory.
 */
export const exit_mmap = kfunc('exit_mmap', function* (mm: MmStruct) {
  // Whoever has a mirror of the page tables gives it up now.
  yield* mmu_notifier_release(mm);

  yield* mmap_read_lock(mm);
  for (const listener of kernel().hooks.exitMmapUnmaps) yield* listener(mm);
  const mas = new MaState(mm.mm_mt, 0);
  const first = yield* mas_find(mas, ULONG_MAX);
  if (first === null || xa_is_zero(first)) {
    // dup_mmap() came to nothing.
    yield* mmap_read_unlock(mm);
    yield* mmap_write_lock(mm);
    yield* exit_mmap_empty(mm);
  } else {
    yield* exit_mmap_vmas(mm, mas, first);
  }
  yield* __mt_destroy(mm.mm_mt);
  kernel().hooks.emit('exitMmapDone', mm);
  yield* mmap_write_unlock(mm);
});

/** The part of exit_mmap() with VMAs: enters with the lock for read, leaves with the lock for write. */
export function* exit_mmap_vmas(mm: MmStruct, mas: MaState, first: VmAreaStruct): Body<void> {
  const tlb = yield* tlb_gather_mmu_fullmm(mm);
  yield* unmap_vmas(tlb, vmasOf(mas), first, 0, ULONG_MAX);
  yield* mmap_read_unlock(mm);

  // There is nothing left to be reaped, and soon nothing to walk: the flag first, then the lock.
  yield* mm_flags_set(MMF_OOM_SKIP, mm);
  yield* mmap_write_lock(mm);
  yield* mt_clear_in_rcu(mm.mm_mt);
  const end = yield* first.vm_end.read();
  mas_set(mas, end);
  yield* free_pgtables(tlb, vmasOf(mas), first, 0, ULONG_MAX, true);
  yield* tlb_finish_mmu(tlb);

  mas_set(mas, end);
  let count = 0;
  for (let vma: VmAreaStruct | null = first; vma !== null; vma = yield* vmasOf(mas)()) {
    yield* remove_vma(vma, true);
    count++;
    yield* cond_resched('mm/mmap.c', 1930);
  }
  yield* exit_mmap_counted(mm, count);
  traceExit(mm);
}

export function traceExit(mm: MmStruct): void {
  trace_event('mmap', 'exit_mmap', () => `mt_mod ${hashedPointer(mm)}, DESTROY`);
}

/** A line of exit_mmap() from v7.3 on: the trace event, where there was no VMA. Before, nothing. */
export const exit_mmap_empty = kfunc('exit_mmap_empty', function* (_mm: MmStruct) {}, { inlined: true });

/** A line of exit_mmap(): were there as many VMAs as were counted when they were made? */
export const exit_mmap_counted = kfunc(
  'exit_mmap_counted',
  function* (mm: MmStruct, count: number) {
    yield* BUG_ON(count !== (yield* mm.map_count.read()), 'mm/mmap.c:1934');
  },
  { inlined: true },
);

/** What mmap() is asked for beside address, length and protection. */
export interface MapOptions {
  /** Exactly there; without it, wherever there is room. */
  readonly fixed?: number;
  readonly file?: VmFile;
  readonly vm_ops?: VmOperations;
  /** More bits of vm_flags: VM_SHARED, VM_LOCKED, VM_PFNMAP, VM_DONTCOPY. */
  readonly flags?: number;
  /**
   * Pages per modelled page-table entry, a power of two. Without it, mappings of up to 512 pages are modelled
   * page by page, larger ones in 64 entries.
   */
  readonly granule?: number;
  /** In huge pages: a multiple of 2 MB, at one. */
  readonly huge?: boolean;
}

/** (plain) */
function granuleFor(pages: number): number {
  let granule = 1;
  while (pages > 512 && pages / granule > 64) granule *= 2;
  return granule;
}

/**
 * vm_mmap_pgoff() - mmap(): a new mapping in the running process.
 *
 * Context: takes mmap_lock for write.
 * Return: the address, or -EINVAL, -ENOMEM, -EINTR.
 */
export const vm_mmap_pgoff = kfunc(
  'vm_mmap_pgoff',
  function* (length: number, prot: number, options: MapOptions = {}): Body<number> {
    const mm = current().mm.value;
    if (mm === null || length <= 0) return -EINVAL;
    if ((yield* mmap_write_lock_killable(mm)) !== 0) return -EINTR;
    const ret = yield* do_mmap(mm, length, prot, options);
    yield* mmap_write_unlock(mm);
    return ret;
  },
);

/** do_mmap() - find a place and map. Context: mmap_lock for write. */
export const do_mmap = kfunc(
  'do_mmap',
  function* (mm: MmStruct, length: number, prot: number, options: MapOptions): Body<number> {
    const size = Math.ceil(length / PAGE_SIZE) * PAGE_SIZE;
    const start = options.fixed ?? (yield* placeFor(mm, size, options.huge === true));
    if (start < 0) return -ENOMEM;
    const writable = (prot & VM_WRITE) !== 0 && options.file === undefined;
    const flags = (prot & (VM_READ | VM_WRITE)) | (options.flags ?? 0) | (writable ? VM_ACCOUNT : 0);
    return yield* mmap_region(mm, start, start + size, flags, options);
  },
);

/** Where there is room: for huge pages at a multiple of 2 MB. */
function* placeFor(mm: MmStruct, size: number, huge: boolean): Body<number> {
  if (!huge) return yield* get_unmapped_area(mm, size);
  const start = yield* get_unmapped_area(mm, size + PMD_SIZE);
  return start < 0 ? start : Math.ceil(start / PMD_SIZE) * PMD_SIZE;
}

/** get_unmapped_area() - the highest gap below the base that is large enough. */
function* get_unmapped_area(mm: MmStruct, size: number): Body<number> {
  const mas = new MaState(mm.mm_mt, 0);
  const taken: [number, number][] = [];
  for (let vma = yield* mas_find(mas, ULONG_MAX); vma !== null; vma = yield* mas_find(mas, ULONG_MAX)) {
    if (!xa_is_zero(vma)) taken.push([yield* vma.vm_start.read(), yield* vma.vm_end.read()]);
  }
  let top = MMAP_BASE;
  for (const [start, end] of taken.reverse()) {
    if (start >= top) continue;
    if (end <= top - size) break;
    top = start;
  }
  return top - size > 0 ? top - size : -ENOMEM;
}

/** mmap_region() - a mapping at a place; what was there goes. Context: mmap_lock for write. */
export const mmap_region = kfunc(
  'mmap_region',
  function* (mm: MmStruct, start: number, end: number, flags: number, options: MapOptions): Body<number> {
    if (options.fixed !== undefined) {
      const ret = yield* do_vmi_munmap(mm, start, end - start, false);
      if (ret !== 0) return ret;
    }
    const vma = yield* vm_area_alloc(mm);
    if (vma === null) return -ENOMEM;
    const pages = (end - start) / PAGE_SIZE;
    yield* vma.vm_start.write(start);
    yield* vma.vm_end.write(end);
    yield* vma.vm_flags.write(flags);
    vma.vm_file = options.file ?? null;
    vma.vm_ops = options.vm_ops ?? null;
    // Of a file that probes can be put on: none before there is a page of the process's own.
    vma.anon_vma.value = options.file?.i_mapping === undefined ? new AnonVma([vma]) : null;
    const range = new PageRange(
      mm,
      start,
      end,
      options.granule ?? (options.huge === true ? 512 : granuleFor(pages)),
    );
    range.huge = options.huge === true;
    range.mlocked = (flags & VM_LOCKED) !== 0;
    vma.range = range;
    yield* mm.pgd.update((ranges) => [...ranges, range]);
    yield* vma_start_write(vma);
    yield* vma_mark_attached(vma);
    yield* mas_store_gfp(mm.mm_mt, start, end, vma);
    yield* vma_link_file(vma);
    yield* mm.map_count.update((count) => count + 1, 'plain');
    yield* mm.total_vm.update((total) => total + pages, 'relaxed');
    if ((flags & VM_LOCKED) !== 0) yield* mm.locked_vm.update((locked) => locked + pages, 'plain');
    return start;
  },
);

// --- munmap --------------------------------------------------------------------------------------

/** __vm_munmap() - munmap() of the running process. Return: 0, -EINVAL, -EINTR. */
export const __vm_munmap = kfunc('__vm_munmap', function* (start: number, length: number) {
  const mm = current().mm.value;
  if (mm === null) return -EINVAL;
  if ((yield* mmap_write_lock_killable(mm)) !== 0) return -EINTR;
  const ret = yield* do_vmi_munmap(mm, start, length, true);
  // Done: the lock was given up on the way, unless there was nothing to do.
  if (ret !== 0) {
    yield* mmap_write_unlock(mm);
    return ret < 0 ? ret : 0;
  }
  return 0;
});

/** Nothing is mapped there: the lock is as it was. */
const NOTHING = 1;

/**
 * do_vmi_munmap() - take mappings away.
 *
 * Context: mmap_lock for write. With `unlock` the pages are zapped under the lock for read, and it is released.
 * Return: 0, 1 if nothing was mapped (the lock is still held), or an error.
 * Models: mm/vma.c as of v6.12.
 */
export const do_vmi_munmap = kfunc(
  'do_vmi_munmap',
  function* (mm: MmStruct, start: number, length: number, unlock: boolean): Body<number> {
    if (start % PAGE_SIZE !== 0 || length <= 0) return -EINVAL;
    const end = start + Math.ceil(length / PAGE_SIZE) * PAGE_SIZE;
    const mas = new MaState(mm.mm_mt, start);
    const first = yield* mas_find(mas, end - 1);
    if (first === null || xa_is_zero(first)) return unlock ? NOTHING : 0;
    return yield* do_vmi_align_munmap(mm, start, end, unlock);
  },
);

const do_vmi_align_munmap = kfunc(
  'do_vmi_align_munmap',
  function* (mm: MmStruct, start: number, end: number, unlock: boolean): Body<number> {
    const detached = yield* vms_gather_munmap_vmas(mm, start, end);
    if (detached === null) return -ENOMEM;
    yield* mas_store_gfp(mm.mm_mt, start, end, null);
    yield* vms_complete_munmap_vmas(mm, start, end, detached, unlock);
    return 0;
  },
);

/** vms_gather_munmap_vmas() - split what sticks out, lock and detach what is in the range. */
const vms_gather_munmap_vmas = kfunc(
  'vms_gather_munmap_vmas',
  function* (mm: MmStruct, start: number, end: number): Body<readonly VmAreaStruct[] | null> {
    for (const address of [start, end]) {
      const vma = yield* mtree_load(mm.mm_mt, address);
      if (vma === null || xa_is_zero(vma) || (yield* vma.vm_start.read()) === address) continue;
      if (!(yield* __split_vma(mm, vma, address))) return null;
    }
    const detached: VmAreaStruct[] = [];
    const mas = new MaState(mm.mm_mt, start);
    for (let vma = yield* mas_find(mas, end - 1); vma !== null; vma = yield* mas_find(mas, end - 1)) {
      if (xa_is_zero(vma)) continue;
      yield* vma_start_write(vma);
      yield* vma_mark_detached(vma);
      detached.push(vma);
    }
    return detached;
  },
);

/** __split_vma() - two VMAs out of one; the new one is the part from `address` on. False where memory lacks. */
const __split_vma = kfunc('__split_vma', function* (mm: MmStruct, vma: VmAreaStruct, address: number) {
  const upper = yield* vm_area_dup(vma);
  if (upper === null) return false;
  const end = yield* vma.vm_end.read();
  upper.vm_start.value = address;
  yield* anon_vma_clone(upper, vma);
  yield* vma_start_write(vma);
  yield* vma_start_write(upper);
  yield* vma.vm_end.write(address);
  yield* vma_mark_attached(upper);
  yield* mas_store_gfp(mm.mm_mt, address, end, upper);
  yield* vma_link_file(upper);
  yield* mm.map_count.update((count) => count + 1, 'plain');
  return true;
});

/** vms_complete_munmap_vmas() - zap, free the tables and the VMAs. */
const vms_complete_munmap_vmas = kfunc(
  'vms_complete_munmap_vmas',
  function* (mm: MmStruct, start: number, end: number, detached: readonly VmAreaStruct[], unlock: boolean) {
    yield* mm.map_count.update((count) => count - detached.length, 'plain');
    for (const vma of detached) {
      if (((yield* vma.vm_flags.read()) & VM_LOCKED) === 0) continue;
      const pages = vma_pages(vma);
      yield* mm.locked_vm.update((locked) => locked - pages, 'plain');
    }
    const [prev, next] = yield* neighbours(mm, start, end);
    if (unlock) yield* mmap_write_downgrade(mm);

    const tlb = yield* tlb_gather_mmu(mm);
    yield* unmap_vmas(tlb, listed(detached), detached[0], start, end);
    yield* free_pgtables(tlb, listed(detached), detached[0], prev, next, !unlock);
    yield* tlb_finish_mmu(tlb);

    yield* mm.total_vm.update((total) => total - (end - start) / PAGE_SIZE, 'relaxed');
    const gone = (range: PageRange): boolean =>
      range.start >= prev && range.end <= next && range.start < end && range.end > start;
    yield* mm.pgd.update((ranges) => ranges.filter((range) => !gone(range)));
    for (const vma of detached) yield* remove_vma(vma, false);
    if (unlock) yield* mmap_read_unlock(mm);
  },
);

/** All but the first of a list of VMAs, one after the other. */
function listed(vmas: readonly VmAreaStruct[]): VmaSource {
  const position = { next: 1 };
  return () => nextListed(vmas, position);
}

function* nextListed(vmas: readonly VmAreaStruct[], position: { next: number }): Body<VmAreaStruct | null> {
  return position.next < vmas.length ? vmas[position.next++] : null;
}

/** The end of the mapping below a hole and the start of the one above. */
function* neighbours(mm: MmStruct, start: number, end: number): Body<readonly [number, number]> {
  let below = 0;
  let above = ULONG_MAX;
  const mas = new MaState(mm.mm_mt, 0);
  for (let vma = yield* mas_find(mas, ULONG_MAX); vma !== null; vma = yield* mas_find(mas, ULONG_MAX)) {
    if (xa_is_zero(vma)) continue;
    const vmaStart = yield* vma.vm_start.read();
    if (vmaStart < start) below = yield* vma.vm_end.read();
    else if (vmaStart >= end) above = Math.min(above, vmaStart);
  }
  return [below, above];
}
