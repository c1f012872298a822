import type { Body } from '../../sim/call.ts';
import { Cell } from '../../sim/cell.ts';
import { BlockingEffect } from '../../sim/operation.ts';
import { EBUSY, EINTR, EINVAL, ENODEV, ENOMEM } from '../include/errno.ts';
import { GFP_KERNEL } from '../include/gfp.ts';
import { list_add_tail, list_del, list_del_init, list_first, list_next } from '../include/list.ts';
import { xa_is_zero } from '../include/maple_tree.ts';
import {
  MM_ANONPAGES,
  MM_SWAPENTS,
  ULONG_MAX,
  VM_HUGETLB,
  type MmStruct,
  type Pte,
  type VmAreaStruct,
} from '../include/mm_types.ts';
import { mmap_read_lock, mmap_read_unlock } from '../include/mmap_lock.ts';
import { READ_ONCE } from '../include/rwonce.ts';
import { current, TIF_SIGPENDING } from '../include/sched.ts';
import { SwapInfoStruct, SWP_USED, SWP_WRITEOK } from '../include/swap.ts';
import { nullDereference } from '../arch/x86/mm/fault.ts';
import { splitPath } from '../fs/dcache.ts';
import { registerDevice } from '../drivers/base/core.ts';
import { INIT, kernelInit } from '../init/initcall.ts';
import { kernelGlobal } from '../globals.ts';
import { kfunc } from '../kfunc.ts';
import { mmget_not_zero, mmlist_lock, mmput } from '../kernel/fork.ts';
import { Mutex, mutex_lock, mutex_unlock } from '../kernel/locking/mutex.ts';
import { spin_lock, spin_unlock } from '../kernel/locking/spinlock.ts';
import { synchronize_rcu } from '../kernel/rcu/tree.ts';
import { cond_resched } from '../kernel/sched/core.ts';
import { signal_pending } from '../kernel/signal.ts';
import { MaState, mas_find } from '../lib/maple_tree.ts';
import { pr_info } from '../printk.ts';
import { pte_offset_map_lock, pte_unmap_unlock } from './memory.ts';
import { pmd_table } from './pgtable-generic.ts';
import { alloc_anon_folio, check_stable_address_space } from './memory_fault.ts';
import { put_page } from './page_alloc.ts';
import { add_rmap } from './rmap.ts';
import { kfree, kzalloc } from './slab.ts';
import { init_mm_mmlist, swap_active_head, swap_free, swap_lock } from './swap_entries.ts';

const swapon_mutex = kernelGlobal('swapon_mutex', () => new Mutex('swapon_mutex'));

/** All areas, also those that swapoff is at. Under swap_lock. */
const swap_info = kernelGlobal('swap_info', () => new Cell<readonly SwapInfoStruct[]>([], 'swap_info'));

/** (plain) The areas in use, for those who only show them. */
export const swapAreas = (): readonly SwapInfoStruct[] => swap_info().value;

/** (plain) total_swap_pages */
export const total_swap_pages = (): number => swapAreas().reduce((sum, { pages }) => sum + pages, 0);

/** Block devices that areas can be made of. Nothing else reads or writes them. */
const DEVICES = ['/dev/zram0', '/dev/zram1'];

/**
 * unuse_pte() - put a page in place of a swap entry.
 *
 * Return: 0 if the entry is gone by now, else 1.
 * Models: mm/swapfile.c. Leaves out: the swap cache; whoever comes for a page reads it from the area, and two
 * processes that share an entry get a page each.
 */
const unuse_pte = kfunc(
  'unuse_pte',
  function* (vma: VmAreaStruct, index: number, swapped: Pte): Body<number> {
    const page = yield* alloc_anon_folio(vma, index);
    if (page === null) return -ENOMEM;
    const table = yield* pte_offset_map_lock(vma.range);
    let ret = 0;
    if (table !== null) {
      if ((yield* READ_ONCE(table.ptes[index])) === swapped) {
        const pages = vma.range.pagesOf(index);
        yield* vma.vm_mm.rss_stat[MM_SWAPENTS].add(-pages);
        yield* vma.vm_mm.rss_stat[MM_ANONPAGES].add(pages);
        yield* add_rmap(page);
        yield* table.set(index, { page, writable: false, counter: MM_ANONPAGES });
        if (swapped.swap !== undefined) yield* swap_free(swapped.swap);
        ret = 1;
      }
      yield* pte_unmap_unlock(table);
    }
    if (ret === 0) yield* put_page(page);
    return ret;
  },
);

/** unuse_vma() - bring back what the area has of one VMA. Models: mm/swapfile.c, with the levels below it. */
const unuse_vma = kfunc('unuse_vma', function* (vma: VmAreaStruct, si: SwapInfoStruct): Body<number> {
  const { range } = vma;
  const table = yield* pmd_table(range.pmd);
  if (table === null) return 0;
  const first = range.indexOf(yield* vma.vm_start.read());
  const last = range.indexOf((yield* vma.vm_end.read()) - 1);
  for (const index of table.populated(first, last + 1)) {
    const pte = yield* READ_ONCE(table.ptes[index]);
    if (pte?.swap?.si !== si) continue;
    const ret = yield* unuse_pte(vma, index, pte);
    if (ret < 0) return ret;
  }
  return 0;
});

/** What a VMA's `anon_vma` is read from where the tree holds XA_ZERO_ENTRY, 0x406, in place of a VMA. */
const ANON_VMA_OF_XA_ZERO = 0x446;

/** unuse_mm() without its check whether the mm is stable. Context: mmap_lock held for read. */
export function* unuse_vmas(mm: MmStruct, si: SwapInfoStruct): Body<number> {
  const mas = new MaState(mm.mm_mt, 0);
  for (let vma = yield* mas_find(mas, ULONG_MAX); vma !== null; vma = yield* mas_find(mas, ULONG_MAX)) {
    if (xa_is_zero(vma)) return yield* nullDereference(ANON_VMA_OF_XA_ZERO);
    if ((yield* vma.anon_vma.read()) !== null && ((yield* vma.vm_flags.read()) & VM_HUGETLB) === 0) {
      const ret = yield* unuse_vma(vma, si);
      if (ret < 0) return ret;
    }
    yield* cond_resched('mm/swapfile.c', 2350);
  }
  return 0;
}

/**
 * unuse_mm() - bring back what the area has of an mm.
 *
 * Context: the caller is a user of the mm. Takes mmap_lock for read; may sleep.
 * Return: 0 or -ENOMEM.
 * Models: mm/swapfile.c as of v6.12.51 and v6.18: an mm that fork did not finish is left to its exit_mmap().
 */
export const unuse_mm = kfunc('unuse_mm', function* (mm: MmStruct, si: SwapInfoStruct): Body<number> {
  yield* mmap_read_lock(mm);
  const ret = (yield* check_stable_address_space(mm)) !== 0 ? 0 : yield* unuse_vmas(mm, si);
  yield* mmap_read_unlock(mm);
  return ret;
});

/** One walk over all mms that have swap entries. Return: 0 or an error. */
function* unuse_mms(si: SwapInfoStruct): Body<number> {
  const head = init_mm_mmlist();
  let prev: MmStruct | null = null;
  let at = head;
  yield* spin_lock(mmlist_lock());
  for (;;) {
    if ((yield* si.inuse_pages.read()) === 0 || (yield* signal_pending(current()))) break;
    const mm: MmStruct | null = yield* list_next(at, head);
    if (mm === null) break;
    at = mm.mmlist;
    // Its last user is in exit_mmap(), or on the way out of it: the entries go by themselves.
    if (!(yield* mmget_not_zero(mm))) continue;
    yield* spin_unlock(mmlist_lock());
    if (prev !== null) yield* mmput(prev);
    prev = mm;
    const ret = yield* unuse_mm(mm, si);
    if (ret < 0) {
      yield* mmput(mm);
      return ret;
    }
    yield* cond_resched('mm/swapfile.c', 2435);
    yield* spin_lock(mmlist_lock());
  }
  yield* spin_unlock(mmlist_lock());
  if (prev !== null) yield* mmput(prev);
  return 0;
}

/**
 * try_to_unuse() - empty an area, however long that takes.
 *
 * Return: 0, -ENOMEM, or -EINTR with a signal pending.
 * Models: mm/swapfile.c. Leaves out: shmem and the swap cache; walks that could find no more than the one before, of
 * which the C makes as many as there is time for: here it waits until somebody has given room back.
 */
export const try_to_unuse = kfunc('try_to_unuse', function* (si: SwapInfoStruct): Body<number> {
  const me = current();
  while ((yield* si.inuse_pages.read()) !== 0) {
    const ret = yield* unuse_mms(si);
    if (ret < 0) return ret;
    const left = yield* si.inuse_pages.read();
    if (left === 0) break;
    if (yield* signal_pending(me)) return -EINTR;
    const changed = (): boolean =>
      si.inuse_pages.value !== left || (me.thread_flags.value & (1 << TIF_SIGPENDING)) !== 0;
    yield* new BlockingEffect('wait', si.inuse_pages, 'read', changed, () => undefined, me.thread_flags);
  }
  return 0;
});

/** The device of a path, or null. */
function deviceAt(path: string): string | null {
  const device = `/${splitPath(path).join('/')}`;
  return DEVICES.includes(device) ? device : null;
}

/**
 * __x64_sys_swapon() - from now on pages may be written to a device.
 *
 * Models: mm/swapfile.c. Leaves out: the header that mkswap writes; the caller says how large the area is.
 */
export const __x64_sys_swapon = kfunc('__x64_sys_swapon', function* (path: string, pages: number) {
  const device = deviceAt(path);
  if (device === null) return -ENODEV;
  const si = yield* kzalloc(SwapInfoStruct, GFP_KERNEL, { label: 'swap_info_struct', size: 688 });
  if (si === null) return -ENOMEM;
  si.device = device;
  si.pages = pages;
  yield* mutex_lock(swapon_mutex());
  yield* spin_lock(swap_lock());
  const taken = (yield* areaOf(device)) !== null;
  if (!taken) {
    yield* spin_lock(si.lock);
    yield* si.flags.write(SWP_USED | SWP_WRITEOK);
    yield* list_add_tail(si.list, swap_active_head());
    yield* spin_unlock(si.lock);
    yield* swap_info().update((areas) => [...areas, si]);
  }
  yield* spin_unlock(swap_lock());
  yield* mutex_unlock(swapon_mutex());
  if (taken) {
    yield* kfree(si);
    return -EBUSY;
  }
  pr_info(`Adding ${pages * 4}k swap on ${device}.  Priority:-2 extents:1 across:${pages * 4}k SS`);
  return 0;
});

/** The area that a device is in use as. Context: swap_lock. */
function* areaOf(device: string): Body<SwapInfoStruct | null> {
  let si = yield* list_first(swap_active_head());
  while (si !== null && si.device !== device) si = yield* list_next(si.list, swap_active_head());
  return si;
}

/** Up to v6.14 a line of swapoff(): CPUs keep no free slots while an area is emptied. Later there is no such cache. */
export const disable_swap_slots_cache_lock = kfunc('disable_swap_slots_cache_lock', function* () {}, {
  inlined: true,
});

export const reenable_swap_slots_cache_unlock = kfunc('reenable_swap_slots_cache_unlock', function* () {}, {
  inlined: true,
});

/**
 * __x64_sys_swapoff() - bring back all that was written to a device, and use it no more.
 *
 * Return: 0, -EINVAL for what is no area in use, -ENOMEM, or -EINTR.
 * Models: mm/swapfile.c. Leaves out: whether there is memory enough, who still reads from the device, and that the next
 * area takes over the struct, which is never freed.
 */
export const __x64_sys_swapoff = kfunc('__x64_sys_swapoff', function* (path: string) {
  yield* spin_lock(swap_lock());
  const si = yield* areaOf(deviceAt(path) ?? '');
  if (si === null) {
    yield* spin_unlock(swap_lock());
    return -EINVAL;
  }
  yield* spin_lock(si.lock);
  yield* list_del(si.list);
  yield* si.flags.write(SWP_USED);
  yield* spin_unlock(si.lock);
  yield* spin_unlock(swap_lock());

  yield* disable_swap_slots_cache_lock();
  const err = yield* try_to_unuse(si);
  if (err < 0) {
    yield* spin_lock(swap_lock());
    yield* spin_lock(si.lock);
    yield* si.flags.write(SWP_USED | SWP_WRITEOK);
    yield* list_add_tail(si.list, swap_active_head());
    yield* spin_unlock(si.lock);
    yield* spin_unlock(swap_lock());
    yield* reenable_swap_slots_cache_unlock();
    return err;
  }
  yield* reenable_swap_slots_cache_unlock();
  yield* synchronize_rcu();
  yield* mutex_lock(swapon_mutex());
  yield* spin_lock(swap_lock());
  yield* spin_lock(si.lock);
  yield* drain_mmlist();
  yield* si.flags.write(0);
  yield* spin_unlock(si.lock);
  yield* swap_info().update((areas) => areas.filter((other) => other !== si));
  yield* spin_unlock(swap_lock());
  yield* mutex_unlock(swapon_mutex());
  return 0;
});

/** drain_mmlist() - with the last area empty, nobody has swap entries. Context: swap_lock, which keeps areas away. */
function* drain_mmlist(): Body<void> {
  for (const si of yield* swap_info().read()) {
    if ((yield* si.inuse_pages.read()) !== 0) return;
  }
  const head = init_mm_mmlist();
  yield* spin_lock(mmlist_lock());
  for (let mm = yield* list_first(head); mm !== null; mm = yield* list_first(head)) {
    yield* list_del_init(mm.mmlist);
  }
  yield* spin_unlock(mmlist_lock());
}

kernelInit('swap', INIT.DEVICE, () => {
  for (const path of DEVICES) registerDevice(path, {});
});
