import type { Body } from '../../sim/call.ts';
import { charge } from '../../sim/delay.ts';
import { EINTR, ENOMEM } from '../include/errno.ts';
import { list_add, list_empty } from '../include/list.ts';
import { mm_flags_set } from '../include/mm.ts';
import { xa_is_zero, XA_ZERO_ENTRY } from '../include/maple_tree.ts';
import {
  MM_ANONPAGES,
  MMF_OOM_SKIP,
  MMF_UNSTABLE,
  PAGE_SIZE,
  PageRange,
  PteTable,
  ULONG_MAX,
  VM_DONTCOPY,
  VM_LOCKED,
  VM_SHARED,
  type MmStruct,
  type Pte,
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
import { rcu_assign_pointer, READ_ONCE } from '../include/rwonce.ts';
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
import { __should_failslab } from '../mm/failslab.ts';
import { __pte_alloc, cover } from '../mm/memory_fault.ts';
import { pte_offset_map_lock, pte_unmap_unlock } from '../mm/memory.ts';
import { vma_link_file } from '../mm/file_rmap.ts';
import { get_page } from '../mm/page_alloc.ts';
import { mm_slots_fork } from '../mm/mm_slot.ts';
import { add_rmap, anon_vma_clone } from '../mm/rmap.ts';
import { swap_duplicate } from '../mm/swap_entries.ts';
import { vm_area_dup, vm_area_free, vma_mark_attached, vma_start_write } from '../mm/vma.ts';
import { uprobe_dup_mmap, uprobe_end_dup_mmap, uprobe_start_dup_mmap } from './events/dup_mmap_sem.ts';
import { mm_alloc, mmlist_lock, mmput } from './fork.ts';
import { spin_lock, spin_unlock } from './locking/spinlock.ts';
import { down_write_nested } from './locking/rwsem.ts';
import { fatal_signal_pending } from './signal.ts';

/** What it costs to copy the entry of one page (ns). */
const COPY_PTE_NS = 25;

/** dup_mm() - a copy of an address space for `task`. Return: the mm or null, whatever it was that failed. */
export const dup_mm = kfunc(
  'dup_mm',
  function* (task: TaskStruct, oldmm: MmStruct): Body<MmStruct | null> {
    const mm = yield* mm_alloc();
    if (mm === null) return null;
    mm.owner.value = task;
    return yield* dup_mm_copy(mm, oldmm);
  },
  { inlined: true },
);

/** The rest of dup_mm(): no probe is put anywhere until the copy is whole, or taken down again. */
export function* copyWithoutProbes(mm: MmStruct, oldmm: MmStruct): Body<MmStruct | null> {
  const started = yield* uprobe_start_dup_mmap();
  const whole = (yield* dup_mmap(mm, oldmm)) === 0;
  if (!whole) yield* dropUnfinished(mm);
  yield* uprobe_end_dup_mmap(started);
  return whole ? mm : null;
}

export const dup_mm_copy = kfunc('dup_mm_copy', copyWithoutProbes, { inlined: true });

/** mm_init_owner(): the task will never be. Whoever finds the mm meanwhile is a user of it now. */
export function* dropUnfinished(mm: MmStruct): Body<void> {
  yield* rcu_assign_pointer(mm.owner, null);
  yield* mmput(mm);
}

/** The page tables of a copy: VMAs that were split off each other share theirs there, too. */
export type CopiedRanges = Map<PageRange, PageRange>;

/**
 * dup_mmap() - copy the VMAs and the page tables of an mm.
 *
 * The tree comes first, as a whole, with the VMAs of the original in it; each is then replaced by its copy.
 * Context: takes both mmap_locks for write. Nobody sees the new mm but who finds it by mmlist or by reverse mappings.
 * Return: 0, -EINTR, -ENOMEM: then dup_mmap_unfinished() has seen to what is left.
 * Models: kernel/fork.c as of v6.8 to v6.18. Leaves out: userfaultfd, memory that is not to be committed.
 */
export const dup_mmap = kfunc('dup_mmap', function* (mm: MmStruct, oldmm: MmStruct) {
  if ((yield* mmap_write_lock_killable(oldmm)) !== 0) return -EINTR;
  yield* uprobe_dup_mmap(oldmm, mm);
  // Not linked in anywhere: nobody else can want it.
  yield* down_write_nested(mm.mmap_lock, 1);
  yield* mm.total_vm.write(yield* oldmm.total_vm.read());
  yield* scan_unfinished(mm, oldmm);
  let retval = (yield* __mt_dup(oldmm.mm_mt, mm.mm_mt)) ? 0 : -ENOMEM;
  if (retval === 0) {
    yield* mt_clear_in_rcu(mm.mm_mt);
    const stopped = yield* copyVmas(mm);
    if (stopped === null) {
      yield* mt_set_in_rcu(mm.mm_mt);
      yield* mm_slots_fork(mm, oldmm);
    } else {
      retval = stopped.error;
      yield* dup_mmap_unfinished(mm, stopped.at);
    }
  }
  yield* mmap_write_unlock(mm);
  yield* mmap_write_unlock(oldmm);
  return retval;
});

/** Where ksm_fork() and khugepaged_fork() stood before: at the beginning. Now an mm is scanned once it is whole. */
export const scan_unfinished = kfunc(
  'scan_unfinished',
  function* (_mm: MmStruct, _oldmm: MmStruct): Body<void> {},
  { inlined: true },
);

interface Stopped {
  readonly error: number;
  /** The first VMA that was not copied; null if all were. */
  readonly at: VmAreaStruct | null;
}

/** Replaces the original's VMAs in the tree of the copy. Null if all went well. */
function* copyVmas(mm: MmStruct): Body<Stopped | null> {
  const ranges: CopiedRanges = new Map();
  const mas = new MaState(mm.mm_mt, 0);
  for (let mpnt = yield* mas_find(mas, ULONG_MAX); mpnt !== null; mpnt = yield* mas_find(mas, ULONG_MAX)) {
    if (xa_is_zero(mpnt)) continue;
    if ((yield* dup_mmap_start_write(mpnt)) !== 0) return { error: -EINTR, at: mpnt };
    const start = yield* mpnt.vm_start.read();
    const end = yield* mpnt.vm_end.read();
    if (((yield* mpnt.vm_flags.read()) & VM_DONTCOPY) !== 0) {
      if (!(yield* mas_store_gfp(mm.mm_mt, start, end, null))) return { error: -ENOMEM, at: mpnt };
      yield* mm.total_vm.update((total) => total - (end - start) / PAGE_SIZE);
      continue;
    }
    if (yield* dup_mmap_killed()) return { error: -EINTR, at: mpnt };
    const tmp = yield* dup_vma(mm, mpnt, ranges);
    if (tmp === null) return { error: -ENOMEM, at: mpnt };
    yield* mas_store_gfp(mm.mm_mt, start, end, tmp);
    yield* mm.map_count.update((count) => count + 1);
    yield* vma_link_file(tmp);
    if (!(yield* copy_page_range(tmp, mpnt, start, end))) {
      // This one is the child's: it is gone through as far as it came.
      const next = yield* mas_find(mas, ULONG_MAX);
      return { error: -ENOMEM, at: xa_is_zero(next) ? null : next };
    }
  }
  return null;
}

/** A line of dup_mmap(): nobody changes the VMA while it is copied. 0, or -EINTR where a signal ends the wait. */
export const dup_mmap_start_write = kfunc(
  'dup_mmap_start_write',
  function* (mpnt: VmAreaStruct) {
    yield* vma_start_write(mpnt);
    return 0;
  },
  { inlined: true },
);

/** A line of dup_mmap(): is there a signal that will kill the task anyway? */
export const dup_mmap_killed = kfunc(
  'dup_mmap_killed',
  function* () {
    return yield* fatal_signal_pending(current());
  },
  { inlined: true },
);

/** A copy of a VMA for another mm, in no tree yet and without page tables; null where memory lacks. */
export function* dup_vma(mm: MmStruct, mpnt: VmAreaStruct, ranges: CopiedRanges): Body<VmAreaStruct | null> {
  const tmp = yield* vm_area_dup(mpnt);
  if (tmp === null) return null;
  tmp.vm_mm = mm;
  tmp.range = rangeFor(mm, mpnt.range, ranges);
  if (!(yield* anon_vma_fork(tmp, mpnt))) {
    yield* vm_area_free(tmp);
    return null;
  }
  tmp.vm_flags.value &= ~VM_LOCKED;
  yield* vma_mark_attached(tmp);
  return tmp;
}

/**
 * anon_vma_fork() - reclaim finds pages of the original through the copy, too. False where memory lacks.
 *
 * Models: mm/rmap.c. Leaves out: an anon_vma of the copy's own; what links the two is only asked for.
 */
const anon_vma_fork = kfunc('anon_vma_fork', function* (vma: VmAreaStruct, pvma: VmAreaStruct) {
  if ((yield* pvma.anon_vma.read()) === null) return true;
  if (yield* __should_failslab('anon_vma_chain')) return false;
  yield* anon_vma_clone(vma, pvma);
  return true;
});

/** Nobody else sees the new mm's page tables yet. */
function rangeFor(mm: MmStruct, old: PageRange, ranges: CopiedRanges): PageRange {
  let range = ranges.get(old);
  if (range === undefined) {
    range = new PageRange(mm, old.start, old.end, old.granule);
    ranges.set(old, range);
    mm.pgd.value = [...mm.pgd.value, range];
  }
  return range;
}

/**
 * The end of dup_mmap() where copying stopped before `at`, or, with null, with all VMAs there: what is behind belongs
 * to the parent still. A marker in place of `at` tells exit_mmap() so, and two flags tell others to keep away.
 *
 * Context: mmap_lock of the new mm held for write; mmput() follows.
 * Models: kernel/fork.c as of v6.14, v6.12.y and v6.18.
 */
export const dup_mmap_unfinished = kfunc(
  'dup_mmap_unfinished',
  function* (mm: MmStruct, at: VmAreaStruct | null) {
    yield* markUnfinished(mm, at);
    yield* mm_flags_set(MMF_UNSTABLE, mm);
  },
  { inlined: true },
);

/** The marker, and that there is nothing for the OOM killer. */
export function* markUnfinished(mm: MmStruct, at: VmAreaStruct | null): Body<void> {
  if (at === null) return;
  const start = yield* at.vm_start.read();
  yield* mas_store_gfp(mm.mm_mt, start, yield* at.vm_end.read(), XA_ZERO_ENTRY);
  yield* mm_flags_set(MMF_OOM_SKIP, mm);
}

/**
 * copy_page_range() - map in the copy what the original maps; private pages become read-only in both.
 *
 * Return: false where memory lacks. Models: mm/memory.c.
 */
export const copy_page_range = kfunc(
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
    const there = yield* dst.range.pmd.read();
    const to = there instanceof PteTable ? there : yield* __pte_alloc(dst.vm_mm, dst.range);
    if (to === null) return false;
    const from = yield* pte_offset_map_lock(src.range);
    if (from === null) return true;
    const { range } = src;
    for (const index of from.populated(range.indexOf(start), range.indexOf(end - 1) + 1)) {
      const pte = yield* READ_ONCE(from.ptes[index]);
      if (pte === null || pte.word !== undefined) continue;
      const copy = pte.counter === MM_ANONPAGES ? { ...pte, writable: false } : pte;
      if (pte.writable && copy !== pte) yield* from.set(index, copy);
      if (pte.page === null) yield* copy_nonpresent_pte(dst.vm_mm, src.vm_mm, pte);
      else if (pte.counter >= 0) {
        yield* get_page(pte.page);
        yield* add_rmap(pte.page);
      }
      charge(COPY_PTE_NS * range.pagesOf(index));
      if (pte.counter >= 0) yield* dst.vm_mm.rss_stat[pte.counter].add(range.pagesOf(index));
      yield* cover(dst.vm_mm, to, range.addressOf(index));
      yield* to.set(index, copy);
    }
    yield* pte_unmap_unlock(from);
    return true;
  },
  { inlined: true },
);

/** copy_nonpresent_pte() - the copy has the entry as well, and swapoff must be able to find it. */
const copy_nonpresent_pte = kfunc(
  'copy_nonpresent_pte',
  function* (dst_mm: MmStruct, src_mm: MmStruct, pte: Pte) {
    if (pte.swap !== undefined) yield* swap_duplicate(pte.swap);
    if (!(yield* list_empty(dst_mm.mmlist))) return;
    yield* spin_lock(mmlist_lock());
    if (yield* list_empty(dst_mm.mmlist)) yield* list_add(dst_mm.mmlist, src_mm.mmlist);
    yield* spin_unlock(mmlist_lock());
  },
  { inlined: true },
);
