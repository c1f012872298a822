import type { Body } from '../../sim/call.ts';
import { EINTR, ENOMEM } from '../include/errno.ts';
import { mm_flags_set } from '../include/mm.ts';
import { xa_is_zero, XA_ZERO_ENTRY } from '../include/maple_tree.ts';
import {
  MM_ANONPAGES,
  MMF_OOM_SKIP,
  MMF_UNSTABLE,
  PageRange,
  ULONG_MAX,
  VM_DONTCOPY,
  VM_LOCKED,
  VM_SHARED,
  type MmStruct,
  type VmAreaStruct,
} from '../include/mm_types.ts';
import { mmap_write_lock_killable, mmap_write_unlock } from '../include/mmap_lock.ts';
import {
  MMU_NOTIFY_PROTECTION_PAGE,
  mmu_notifier_invalidate_range_end,
  mmu_notifier_invalidate_range_start,
  mmu_notifier_range_init,
  MmuNotifierRange,
} from '../include/mmu_notifier.ts';
import { READ_ONCE } from '../include/rwonce.ts';
import { current, type TaskStruct } from '../include/sched.ts';
import { kfunc } from '../kfunc.ts';
import {
  __mt_dup,
  MaState,
  mas_find,
  mas_store_gfp,
  mt_clear_in_rcu,
  mt_set_in_rcu,
} from '../lib/maple_tree.ts';
import { __pte_alloc, cover } from '../mm/memory_fault.ts';
import { pte_offset_map_lock, pte_unmap_unlock } from '../mm/memory.ts';
import { get_page } from '../mm/page_alloc.ts';
import { add_rmap, anon_vma_clone } from '../mm/rmap.ts';
import { vm_area_dup, vma_mark_attached, vma_start_write } from '../mm/vma.ts';
import { mm_alloc, mmput } from './fork.ts';
import { down_write_nested } from './locking/rwsem.ts';
import { fatal_signal_pending } from './signal.ts';

/** dup_mm() - a copy of an address space for `task`. Return: the mm or a negative error number. */
export const dup_mm = kfunc(
  'dup_mm',
  function* (task: TaskStruct, oldmm: MmStruct): Body<MmStruct | number> {
    const mm = yield* mm_alloc();
    if (mm === null) return -ENOMEM;
    mm.owner.value = task;
    const err = yield* dup_mmap(mm, oldmm);
    if (err === 0) return mm;
    yield* mmput(mm);
    return err;
  },
  { inlined: true },
);

/**
 * dup_mmap() - copy the VMAs and the page tables of an mm.
 *
 * Context: takes both mmap_locks for write.
 * Return: 0, -EINTR, -ENOMEM: then the tree ends with a marker, which tells exit_mmap() how far the copy came.
 * Models: kernel/fork.c as of v6.12.51 and v6.18. Leaves out: files' trees of mappings, userfaultfd, KSM.
 */
export const dup_mmap = kfunc('dup_mmap', function* (mm: MmStruct, oldmm: MmStruct) {
  if ((yield* mmap_write_lock_killable(oldmm)) !== 0) return -EINTR;
  // Not linked in anywhere: nobody else can want it.
  yield* down_write_nested(mm.mmap_lock, 1);
  yield* mm.total_vm.write(yield* oldmm.total_vm.read());
  let retval = (yield* __mt_dup(oldmm.mm_mt, mm.mm_mt)) ? 0 : -ENOMEM;
  if (retval === 0) {
    yield* mt_clear_in_rcu(mm.mm_mt);
    const stopped = yield* copyVmas(mm, oldmm);
    if (stopped === null) {
      yield* mt_set_in_rcu(mm.mm_mt);
    } else {
      retval = stopped.error;
      yield* markUnfinished(mm, stopped.at);
    }
  }
  yield* mmap_write_unlock(mm);
  yield* mmap_write_unlock(oldmm);
  return retval;
});

interface Stopped {
  readonly error: number;
  /** The first VMA that was not copied; null if all were. */
  readonly at: VmAreaStruct | null;
}

function* copyVmas(mm: MmStruct, oldmm: MmStruct): Body<Stopped | null> {
  // PageRange by PageRange: VMAs that were split off each other share theirs in the copy, too.
  const ranges = new Map<PageRange, PageRange>();
  const mas = new MaState(oldmm.mm_mt, 0);
  for (let mpnt = yield* mas_find(mas, ULONG_MAX); mpnt !== null; mpnt = yield* mas_find(mas, ULONG_MAX)) {
    if (xa_is_zero(mpnt)) continue;
    yield* vma_start_write(mpnt);
    const start = yield* mpnt.vm_start.read();
    const end = yield* mpnt.vm_end.read();
    if (((yield* mpnt.vm_flags.read()) & VM_DONTCOPY) !== 0) {
      yield* mas_store_gfp(mm.mm_mt, start, end, null);
      yield* mm.total_vm.update((total) => total - (end - start) / 4096);
      continue;
    }
    if (yield* fatal_signal_pending(current())) return { error: -EINTR, at: mpnt };
    const tmp = yield* vm_area_dup(mpnt);
    if (tmp === null) return { error: -ENOMEM, at: mpnt };
    tmp.vm_mm = mm;
    tmp.range = rangeFor(mm, mpnt.range, ranges);
    yield* anon_vma_clone(tmp, mpnt);
    tmp.vm_flags.value &= ~VM_LOCKED;
    yield* vma_mark_attached(tmp);
    yield* mas_store_gfp(mm.mm_mt, start, end, tmp);
    yield* mm.map_count.update((count) => count + 1);
    if (!(yield* copy_page_range(tmp, mpnt, start, end))) {
      const next = yield* mas_find(mas, ULONG_MAX);
      return { error: -ENOMEM, at: xa_is_zero(next) ? null : next };
    }
  }
  return null;
}

/** Nobody else sees the new mm's page tables yet. */
function rangeFor(mm: MmStruct, old: PageRange, ranges: Map<PageRange, PageRange>): PageRange {
  let range = ranges.get(old);
  if (range === undefined) {
    range = new PageRange(mm, old.start, old.end, old.granule);
    ranges.set(old, range);
    mm.pgd.value = [...mm.pgd.value, range];
  }
  return range;
}

/** What is behind the marker belongs to the parent still. */
function* markUnfinished(mm: MmStruct, at: VmAreaStruct | null): Body<void> {
  if (at !== null) {
    const start = yield* at.vm_start.read();
    yield* mas_store_gfp(mm.mm_mt, start, yield* at.vm_end.read(), XA_ZERO_ENTRY);
    yield* mm_flags_set(MMF_OOM_SKIP, mm);
  }
  yield* mm_flags_set(MMF_UNSTABLE, mm);
}

/**
 * copy_page_range() - map in the copy what the original maps; private pages become read-only in both.
 *
 * Return: false where memory lacks. Models: mm/memory.c.
 */
const copy_page_range = kfunc(
  'copy_page_range',
  function* (dst: VmAreaStruct, src: VmAreaStruct, start: number, end: number) {
    const shared = ((yield* src.vm_flags.read()) & VM_SHARED) !== 0;
    // File pages come back by faults.
    if (!src.anonymous && shared) return true;
    const range = new MmuNotifierRange();
    mmu_notifier_range_init(range, MMU_NOTIFY_PROTECTION_PAGE, 0, src.vm_mm, start, end);
    yield* mmu_notifier_invalidate_range_start(range);
    const done = yield* copy_pte_range(dst, src, start, end);
    yield* mmu_notifier_invalidate_range_end(range);
    return done;
  },
);

const copy_pte_range = kfunc(
  'copy_pte_range',
  function* (dst: VmAreaStruct, src: VmAreaStruct, start: number, end: number) {
    if ((yield* src.range.pmd.read()) === null) return true;
    const to = (yield* dst.range.pmd.read()) ?? (yield* __pte_alloc(dst.vm_mm, dst.range));
    if (to === null) return false;
    const from = yield* pte_offset_map_lock(src.range);
    if (from === null) return true;
    const { range } = src;
    for (const index of from.populated(range.indexOf(start), range.indexOf(end - 1) + 1)) {
      const pte = yield* READ_ONCE(from.ptes[index]);
      if (pte === null) continue;
      const copy = pte.counter === MM_ANONPAGES ? { ...pte, writable: false } : pte;
      if (pte.writable && copy !== pte) yield* from.set(index, copy);
      if (pte.page !== null && pte.counter >= 0) {
        yield* get_page(pte.page);
        yield* add_rmap(pte.page);
      }
      if (pte.counter >= 0) yield* dst.vm_mm.rss_stat[pte.counter].add(range.pagesOf(index));
      yield* cover(dst.vm_mm, to, range.addressOf(index));
      yield* to.set(index, copy);
    }
    yield* pte_unmap_unlock(from);
    return true;
  },
  { inlined: true },
);
