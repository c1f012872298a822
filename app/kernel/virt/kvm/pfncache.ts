import type { Body } from '../../../sim/call.ts';
import type { Cell } from '../../../sim/cell.ts';
import { EFAULT, EINVAL } from '../../include/errno.ts';
import { INVALID_GPA, type GfnToPfnCache, type Kvm } from '../../include/kvm_host.ts';
import { list_add, list_del, list_first, list_next } from '../../include/list.ts';
import { PAGE_SIZE } from '../../include/mm_types.ts';
import { rcu_dereference, smp_rmb } from '../../include/rwonce.ts';
import { mutex_lock, mutex_unlock } from '../../kernel/locking/mutex.ts';
import {
  read_lock_irq,
  read_unlock_irq,
  write_lock_irq,
  write_unlock_irq,
} from '../../kernel/locking/rwlock.ts';
import { spin_lock, spin_unlock } from '../../kernel/locking/spinlock.ts';
import { WARN_ON_ONCE } from '../../kernel/panic.ts';
import { cond_resched } from '../../kernel/sched/core.ts';
import { kfunc, nothing } from '../../kfunc.ts';
import type { Page } from '../../mm/page_alloc.ts';
import { __gfn_to_memslot, gfn_to_hva_memslot, hva_to_pfn, kvm_release_page } from './guest_memory.ts';

/**
 * gfn_to_pfn_cache_invalidate_start() - caches of pages in the range become invalid.
 *
 * Context: takes gpc_lock whether there are caches or not. May be called where blocking is forbidden.
 */
export const gfn_to_pfn_cache_invalidate_start = kfunc(
  'gfn_to_pfn_cache_invalidate_start',
  function* (kvm: Kvm, start: number, end: number) {
    yield* spin_lock(kvm.gpc_lock);
    let gpc: GfnToPfnCache | null = yield* list_first(kvm.gpc_list);
    while (gpc !== null) {
      yield* read_lock_irq(gpc.lock);
      const hit: boolean = yield* isInside(gpc, start, end);
      yield* read_unlock_irq(gpc.lock);
      if (hit) {
        // Between the locks the cache may have changed: look again.
        yield* write_lock_irq(gpc.lock);
        if (yield* isInside(gpc, start, end)) yield* gpc.valid.write(false);
        yield* write_unlock_irq(gpc.lock);
      }
      gpc = yield* list_next(gpc.list, kvm.gpc_list);
    }
    yield* spin_unlock(kvm.gpc_lock);
  },
  { leaves: nothing },
);

function* isInside(gpc: GfnToPfnCache, start: number, end: number): Body<boolean> {
  if (!(yield* gpc.valid.read())) return false;
  if ((yield* gpc.pfn.read()) === null) return false;
  const uhva = yield* gpc.uhva.read();
  return uhva >= start && uhva < end;
}

/** Whether something was invalidated since the snapshot, by the number that `seqOf` names, or is right now. */
export function retryCache(seqOf: (kvm: Kvm) => Cell<number>): (kvm: Kvm, mmu_seq: number) => Body<boolean> {
  return function* (kvm, mmu_seq) {
    // The count, because caches are invalidated before mmu_invalidate_in_progress goes up.
    if ((yield* kvm.mn_active_invalidate_count.read()) !== 0) return true;
    smp_rmb();
    return (yield* seqOf(kvm).read()) !== mmu_seq;
  };
}

const mmuSeq = (kvm: Kvm): Cell<number> => kvm.mmu_invalidate_seq;

/** mmu_notifier_retry_cache() - was something invalidated since the snapshot, or is it right now? */
export const mmu_notifier_retry_cache = kfunc('mmu_notifier_retry_cache', retryCache(mmuSeq), {
  inlined: true,
});

/** The body of hva_to_pfn_retry(), by the number that `seqOf` names. */
export function hvaToPfnRetry(seqOf: (kvm: Kvm) => Cell<number>): (gpc: GfnToPfnCache) => Body<number> {
  return function* (gpc) {
    const { kvm } = gpc;
    let page: Page | null = null;
    yield* gpc.valid.write(false);
    do {
      const mmu_seq = yield* seqOf(kvm).read();
      smp_rmb();
      yield* write_unlock_irq(gpc.lock);
      if (page !== null) {
        yield* kvm_release_page(page);
        yield* cond_resched();
      }
      const found = yield* hva_to_pfn(yield* gpc.uhva.read(), true);
      if (found.page === null) {
        yield* write_lock_irq(gpc.lock);
        return -EFAULT;
      }
      page = found.page;
      yield* write_lock_irq(gpc.lock);
      WARN_ON_ONCE(yield* gpc.valid.read(), 'virt/kvm/pfncache.c:226');
      if (!(yield* mmu_notifier_retry_cache(kvm, mmu_seq))) break;
    } while (true as boolean);
    yield* gpc.valid.write(true);
    yield* gpc.pfn.write(page);
    // From here on invalidation keeps the cache honest, no reference does.
    yield* kvm_release_page(page);
    return 0;
  };
}

/**
 * hva_to_pfn_retry() - look the page up until no invalidation came between.
 *
 * Context: refresh_lock, and gpc->lock for write, which it drops meanwhile. A count that never goes back to 0
 * keeps it here until the lookup fails.
 */
export const hva_to_pfn_retry = kfunc('hva_to_pfn_retry', hvaToPfnRetry(mmuSeq));

/** __kvm_gpc_refresh() - make the cache valid again. Refresh_lock held. */
export const __kvm_gpc_refresh = kfunc(
  '__kvm_gpc_refresh',
  function* (gpc: GfnToPfnCache, gpa: number, uhva: number) {
    yield* write_lock_irq(gpc.lock);
    if (!(yield* gpc.active.read())) {
      yield* write_unlock_irq(gpc.lock);
      return -EINVAL;
    }
    const old_uhva = yield* gpc.uhva.read();
    let ret = 0;
    let hva = uhva;
    if (gpa !== INVALID_GPA) {
      const slots = yield* (yield* rcu_dereference(gpc.kvm.memslots)).slots.read();
      const gfn = Math.floor(gpa / PAGE_SIZE);
      const slot = __gfn_to_memslot(slots, gfn);
      gpc.gpa = gpa;
      if (slot === null) ret = -EFAULT;
      else hva = gfn_to_hva_memslot(slot, gfn);
    } else {
      gpc.gpa = INVALID_GPA;
    }
    if (ret === 0) {
      yield* gpc.uhva.write(hva);
      if ((yield* gpc.valid.read()) && hva === old_uhva) {
        yield* write_unlock_irq(gpc.lock);
        return 0;
      }
      ret = yield* hva_to_pfn_retry(gpc);
    }
    if (ret !== 0) {
      yield* gpc.valid.write(false);
      yield* gpc.pfn.write(null);
    }
    yield* write_unlock_irq(gpc.lock);
    return ret;
  },
);

/** kvm_gpc_refresh() - for who found the cache invalid. Sleeps. */
export const kvm_gpc_refresh = kfunc('kvm_gpc_refresh', function* (gpc: GfnToPfnCache) {
  yield* mutex_lock(gpc.refresh_lock);
  const uhva = yield* gpc.uhva.read();
  const ret = yield* __kvm_gpc_refresh(gpc, gpc.gpa, uhva);
  yield* mutex_unlock(gpc.refresh_lock);
  return ret;
});

/** kvm_gpc_activate() - put the cache on the VM's list, then look its page up; in this order. */
export const kvm_gpc_activate = kfunc('kvm_gpc_activate', function* (gpc: GfnToPfnCache, gpa: number) {
  const { kvm } = gpc;
  yield* mutex_lock(gpc.refresh_lock);
  if (!(yield* gpc.active.read())) {
    yield* spin_lock(kvm.gpc_lock);
    yield* list_add(gpc.list, kvm.gpc_list);
    yield* spin_unlock(kvm.gpc_lock);

    // Reachable for invalidations before there is anything to invalidate.
    yield* write_lock_irq(gpc.lock);
    yield* gpc.active.write(true);
    yield* write_unlock_irq(gpc.lock);
  }
  const ret = yield* __kvm_gpc_refresh(gpc, gpa, 0);
  yield* mutex_unlock(gpc.refresh_lock);
  return ret;
});

/** kvm_gpc_deactivate() - the mirror image. */
export const kvm_gpc_deactivate = kfunc('kvm_gpc_deactivate', function* (gpc: GfnToPfnCache) {
  const { kvm } = gpc;
  yield* mutex_lock(gpc.refresh_lock);
  if (yield* gpc.active.read()) {
    yield* write_lock_irq(gpc.lock);
    yield* gpc.active.write(false);
    yield* gpc.valid.write(false);
    yield* gpc.pfn.write(null);
    yield* write_unlock_irq(gpc.lock);

    yield* spin_lock(kvm.gpc_lock);
    yield* list_del(gpc.list);
    yield* spin_unlock(kvm.gpc_lock);
  }
  yield* mutex_unlock(gpc.refresh_lock);
});
