import type { Body } from '../../../sim/call.ts';
import { atomic_dec } from '../../include/atomic.ts';
import { EAGAIN, EINVAL, ENOMEM } from '../../include/errno.ts';
import { GFP_HIGHUSER_MOVABLE, GFP_KERNEL } from '../../include/gfp.ts';
import {
  AnonVma,
  MM_ANONPAGES,
  PAGE_SIZE,
  type MmStruct,
  type VmAreaStruct,
} from '../../include/mm_types.ts';
import {
  MMU_NOTIFY_CLEAR,
  mmu_notifier_invalidate_range_end,
  mmu_notifier_invalidate_range_start,
  mmu_notifier_range_init,
  MmuNotifierRange,
} from '../../include/mmu_notifier.ts';
import { READ_ONCE } from '../../include/rwonce.ts';
import { kfunc } from '../../kfunc.ts';
import { anon_vma_prepare } from '../../mm/anon_vma.ts';
import { get_user_page_vma_remote } from '../../mm/gup.ts';
import { __mem_cgroup_charge } from '../../mm/memcontrol.ts';
import { zero_page } from '../../mm/memory_fault.ts';
import { pte_offset_map_lock, pte_unmap_unlock } from '../../mm/memory.ts';
import { get_page, put_page, type Page } from '../../mm/page_alloc.ts';
import { vma_alloc_folio } from '../../mm/page_limit.ts';
import { add_rmap } from '../../mm/rmap.ts';

/**
 * uprobe_write_opcode() - put a breakpoint into a page of code, or take it out: into a copy, which is the process's own
 * page from then on, and has its place in an anon_vma like any other.
 *
 * Context: mmap_lock held for write. Return: 0 or an error.
 * Models: kernel/events/uprobes.c as of v6.12. Leaves out: reference counters, huge pages.
 */
export const uprobe_write_opcode = kfunc(
  'uprobe_write_opcode',
  function* (mm: MmStruct, vaddr: number, is_register: boolean): Body<number> {
    for (;;) {
      const got = yield* get_user_page_vma_remote(mm, vaddr);
      if (typeof got === 'number') return got;
      const ret = yield* writeInto(got.vma, got.page, vaddr, is_register);
      yield* put_page(got.page);
      if (ret !== -EAGAIN) return ret;
    }
  },
);

function* writeInto(vma: VmAreaStruct, old: Page, vaddr: number, is_register: boolean): Body<number> {
  const at = vaddr % PAGE_SIZE;
  // verify_opcode(): it is as it is to be already.
  if (old.breakpoints.includes(at) === is_register) return 0;
  if (old === zero_page()) return -EINVAL;
  if (!is_register && !(old.mapping instanceof AnonVma)) return 0;
  if ((yield* anon_vma_prepare(vma)) !== 0) return -ENOMEM;
  const page = yield* vma_alloc_folio(GFP_HIGHUSER_MOVABLE, 0, 'anonymous page');
  if (page === null) return -ENOMEM;
  page.breakpoints = is_register ? [...old.breakpoints, at] : old.breakpoints.filter((other) => other !== at);
  page.mapping = yield* vma.anon_vma.read();
  page.index = vaddr - at;
  // Without any breakpoint it is as the page of the file, which comes back by a fault.
  const ret = yield* __replace_page(vma, vaddr - at, old, page.breakpoints.length === 0 ? null : page);
  yield* put_page(page);
  return ret;
}

/** __replace_page() - another page in place of `old`, or none. Return: 0, -ENOMEM, -EAGAIN if it has gone meanwhile. */
const __replace_page = kfunc(
  '__replace_page',
  function* (vma: VmAreaStruct, address: number, old: Page, page: Page | null): Body<number> {
    const mm = vma.vm_mm;
    if (page !== null && (yield* __mem_cgroup_charge(page, mm, GFP_KERNEL)) !== 0) return -ENOMEM;
    const range = new MmuNotifierRange();
    mmu_notifier_range_init(range, MMU_NOTIFY_CLEAR, 0, mm, address, address + PAGE_SIZE);
    yield* mmu_notifier_invalidate_range_start(range);
    const replaced = yield* replaceEntry(vma, address, old, page);
    if (replaced) yield* put_page(old);
    yield* mmu_notifier_invalidate_range_end(range);
    return replaced ? 0 : -EAGAIN;
  },
);

/** Changes the entry and what is counted, under the lock of the table. False if another page stands there. */
function* replaceEntry(vma: VmAreaStruct, address: number, old: Page, page: Page | null): Body<boolean> {
  const mm = vma.vm_mm;
  const table = yield* pte_offset_map_lock(vma.range);
  if (table === null) return false;
  const index = vma.range.indexOf(address);
  const pte = yield* READ_ONCE(table.ptes[index]);
  const same = pte !== null && pte.page === old;
  if (same) {
    if (page !== null) {
      yield* get_page(page);
      yield* add_rmap(page);
      yield* mm.rss_stat[MM_ANONPAGES].add(1);
    }
    yield* mm.rss_stat[pte.counter].add(-1);
    yield* table.set(index, null);
    if (page !== null) yield* table.set(index, { page, writable: false, counter: MM_ANONPAGES });
    yield* atomic_dec(old._mapcount);
  }
  yield* pte_unmap_unlock(table);
  return same;
}
