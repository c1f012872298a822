import type { Body } from '../../sim/call.ts';
import { BlockingEffect, Effect, type Operation } from '../../sim/operation.ts';
import {
  atomic_add_unless,
  atomic_dec_and_test,
  atomic_set,
  atomic_sub_and_test,
} from '../include/atomic.ts';
import { EINTR } from '../include/errno.ts';
import { GFP_KERNEL } from '../include/gfp.ts';
import { xa_is_zero } from '../include/maple_tree.ts';
import { VmAreaStruct, type MmStruct } from '../include/mm_types.ts';
import { mmap_assert_write_locked } from '../include/mmap_lock.ts';
import { kernelGlobal } from '../globals.ts';
import { data_race, READ_ONCE, smp_load_acquire, WRITE_ONCE } from '../include/rwonce.ts';
import { current } from '../include/sched.ts';
import { config } from '../kernel.ts';
import { kfunc } from '../kfunc.ts';
import { BUG_ON } from '../kernel/bug.ts';
import { acquire, lock_release } from '../kernel/locking/lockdep.ts';
import { SIGKILL_MASK } from '../kernel/locking/mutex.ts';
import { call_rcu, rcu_read_lock, rcu_read_unlock } from '../kernel/rcu/tree.ts';
import { might_sleep } from '../kernel/sched/core.ts';
import { mtree_load } from '../lib/maple_tree.ts';
import { kmem_cache_alloc, kmem_cache_create, kmem_cache_free } from './slab.ts';
import { mmStructureFreed } from './reapers.ts';

export const VM_AREA_STRUCT_SIZE = 152;

export const vm_area_cachep = kernelGlobal('vm_area_cachep', () =>
  kmem_cache_create('vm_area_struct', VM_AREA_STRUCT_SIZE),
);

// --- life ----------------------------------------------------------------------------------------

/** vm_area_alloc() - a VMA that is in no tree yet, or null where memory lacks. */
export const vm_area_alloc = kfunc('vm_area_alloc', function* (mm: MmStruct) {
  const vma = yield* kmem_cache_alloc(vm_area_cachep(), VmAreaStruct, GFP_KERNEL);
  if (vma !== null) vma.vm_mm = mm;
  return vma;
});

/** vm_area_dup() - a copy of a VMA, in no tree yet, or null where memory lacks. */
export const vm_area_dup = kfunc('vm_area_dup', function* (orig: VmAreaStruct) {
  const vma = yield* kmem_cache_alloc(vm_area_cachep(), VmAreaStruct, GFP_KERNEL);
  if (vma === null) return null;
  // The copy is the caller's own until it is stored in a tree.
  vma.vm_start.value = yield* data_race(orig.vm_start.read());
  vma.vm_end.value = yield* data_race(orig.vm_end.read());
  vma.vm_flags.value = yield* data_race(orig.vm_flags.read());
  vma.vm_mm = orig.vm_mm;
  vma.vm_file = orig.vm_file;
  vma.vm_ops = orig.vm_ops;
  vma.range = orig.range;
  return vma;
});

/**
 * vm_area_free() - the end of a VMA that was taken out of its tree.
 *
 * Models: v6.18, where the cache is SLAB_TYPESAFE_BY_RCU: who found the VMA under RCU may still look at it.
 */
export const vm_area_free = kfunc('vm_area_free', function* (vma: VmAreaStruct) {
  yield* vma_assert_detached(vma);
  yield* call_rcu(vma.vm_rcu, () => freeTypesafe(vma));
});

/** What the slab allocator does with a freed object after a grace period. */
const freeTypesafe = kfunc('rcu_free_slab', function* (vma: VmAreaStruct) {
  yield* kmem_cache_free(vm_area_cachep(), vma);
});

/**
 * remove_vma() - let go of what a VMA holds, and of itself.
 *
 * Context: may sleep. Models: v6.18. Leaves out: files' references, memory policies.
 */
export const remove_vma = kfunc(
  'remove_vma',
  function* (vma: VmAreaStruct, unreachable: boolean) {
    might_sleep('mm/vma.c', 468);
    yield* vma_close(vma);
    if (unreachable) yield* mmStructureFreed(vma.vm_mm, 'VMA');
    // In v6.18 who tears a whole tree down detaches each VMA first, as munmap() has done long before.
    if (unreachable) yield* vma_mark_detached(vma);
    yield* vm_area_free(vma);
  },
  { inlined: true },
);

/** vma_close() - tell the mapping's owner. */
export function* vma_close(vma: VmAreaStruct): Body<void> {
  if (vma.vm_ops?.close === undefined) return;
  yield* vma.vm_ops.close(vma);
  vma.vm_ops = null;
}

// --- per-VMA locks (v6.16 and later: a reference count) --------------------------------------------

/** Added to the count by a writer: nobody may become a reader then. */
export const VMA_LOCK_OFFSET = 0x40000000;
const VMA_REF_LIMIT = VMA_LOCK_OFFSET - 1;

/** What vma_start_read() found: the lock is taken, the VMA is being changed, or it is in no tree any more. */
export type VmaReadLock = 'locked' | 'busy' | 'detached';

/** Becomes a reader unless the VMA is detached or a writer is at it; the result is the count before. */
const tryGet = (vma: VmAreaStruct): Operation<number> =>
  new Effect('rmw', vma.vm_refcnt, 'write', () => {
    const before = vma.vm_refcnt.value;
    if (before !== 0 && before + 1 <= VMA_REF_LIMIT) vma.vm_refcnt.value = before + 1;
    return before;
  });

/**
 * vma_start_read() - lock one VMA for a fault, without mmap_lock.
 *
 * Context: inside of rcu_read_lock(); never waits.
 * Models: include/linux/mmap_lock.h of v6.18. Leaves out: a VMA that was handed out again to another mm.
 */
export const vma_start_read = kfunc(
  'vma_start_read',
  function* (mm: MmStruct, vma: VmAreaStruct): Body<VmaReadLock> {
    if ((yield* READ_ONCE(vma.vm_lock_seq)) === (yield* READ_ONCE(mm.mm_lock_seq))) return 'busy';
    const before = yield* tryGet(vma);
    if (before === 0) return 'detached';
    if (before + 1 > VMA_REF_LIMIT) return 'busy';
    acquire(vma.vmlock_dep_map, 0, true, 1);
    if ((yield* READ_ONCE(vma.vm_lock_seq)) === (yield* smp_load_acquire(mm.mm_lock_seq))) {
      yield* vma_refcount_put(vma);
      return 'busy';
    }
    return 'locked';
  },
  { inlined: true },
);

/** vma_end_read() */
export const vma_end_read = kfunc(
  'vma_end_read',
  function* (vma: VmAreaStruct) {
    yield* vma_refcount_put(vma);
  },
  { inlined: true },
);

function* vma_refcount_put(vma: VmAreaStruct): Body<void> {
  lock_release(vma.vmlock_dep_map);
  yield* atomic_dec_and_test(vma.vm_refcnt);
}

/**
 * vma_start_write() - keep readers of the VMA out until mmap_lock is released.
 *
 * Context: mmap_lock held for writing; waits for readers.
 */
export const vma_start_write = kfunc('__vma_start_write', function* (vma: VmAreaStruct) {
  mmap_assert_write_locked(vma.vm_mm);
  const seq = yield* vma.vm_mm.mm_lock_seq.read();
  if ((yield* vma.vm_lock_seq.read()) === seq) return;
  const locked = yield* __vma_enter_locked(vma, false);
  yield* WRITE_ONCE(vma.vm_lock_seq, seq);
  if (locked) yield* __vma_exit_locked(vma);
});

/**
 * vma_start_write_killable() - as vma_start_write(), but SIGKILL ends the wait for readers. 0 or -EINTR.
 *
 * Models: mm/mmap_lock.c as of v7.3.
 */
export const vma_start_write_killable = kfunc('vma_start_write_killable', function* (vma: VmAreaStruct) {
  mmap_assert_write_locked(vma.vm_mm);
  const seq = yield* vma.vm_mm.mm_lock_seq.read();
  if ((yield* vma.vm_lock_seq.read()) === seq) return 0;
  if (!(yield* atomic_add_unless(vma.vm_refcnt, VMA_LOCK_OFFSET, 0))) {
    yield* WRITE_ONCE(vma.vm_lock_seq, seq);
    return 0;
  }
  acquire(vma.vmlock_dep_map);
  const alone = yield* untilAloneOrKilled(vma);
  if (alone) yield* WRITE_ONCE(vma.vm_lock_seq, seq);
  yield* __vma_exit_locked(vma);
  return alone ? 0 : -EINTR;
});

/** Waits until there are no readers, or for SIGKILL. True if there are none. */
function untilAloneOrKilled(vma: VmAreaStruct): Operation<boolean> {
  const { vm_refcnt } = vma;
  const { pending } = current();
  const alone = () => vm_refcnt.value === VMA_LOCK_OFFSET + 1;
  const ready = () => alone() || (pending.value & SIGKILL_MASK) !== 0;
  return new BlockingEffect('wait', vm_refcnt, 'read', ready, alone, pending);
}

/** Waits until the readers have gone. False for a detached VMA, which can have none. */
const __vma_enter_locked = kfunc('__vma_enter_locked', function* (vma: VmAreaStruct, detaching: boolean) {
  if (!(yield* atomic_add_unless(vma.vm_refcnt, VMA_LOCK_OFFSET, 0))) return false;
  acquire(vma.vmlock_dep_map);
  const target = VMA_LOCK_OFFSET + (detaching ? 0 : 1);
  yield* vma.vm_refcnt.await((count) => count === target);
  return true;
});

/** True if the VMA is detached after that. */
function* __vma_exit_locked(vma: VmAreaStruct): Body<boolean> {
  const detached = yield* atomic_sub_and_test(VMA_LOCK_OFFSET, vma.vm_refcnt);
  lock_release(vma.vmlock_dep_map);
  return detached;
}

/** vma_mark_attached() - the VMA is in a tree, or is just about to be: it can have readers. */
export const vma_mark_attached = kfunc(
  'vma_mark_attached',
  function* (vma: VmAreaStruct) {
    yield* atomic_set(vma.vm_refcnt, 1);
  },
  { inlined: true },
);

/** vma_mark_detached() - the VMA is to leave its tree. Context: write-locked. Waits for late readers. */
export const vma_mark_detached = kfunc('vma_mark_detached', function* (vma: VmAreaStruct) {
  if (yield* atomic_dec_and_test(vma.vm_refcnt)) return;
  if (yield* __vma_enter_locked(vma, true)) yield* __vma_exit_locked(vma);
});

function* vma_assert_detached(vma: VmAreaStruct): Body<void> {
  if (!config().DEBUG_VM) return;
  yield* BUG_ON((yield* vma.vm_refcnt.read()) !== 0, 'include/linux/mmap_lock.h:213');
}

/**
 * lock_vma_under_rcu() - find the VMA at an address and lock it for a fault.
 *
 * Context: without mmap_lock.
 * Return: the VMA, or null: then the caller takes mmap_lock.
 * Models: mm/mmap_lock.c.
 */
export const lock_vma_under_rcu = kfunc('lock_vma_under_rcu', function* (mm: MmStruct, address: number) {
  yield* rcu_read_lock();
  for (;;) {
    const vma = yield* mtree_load(mm.mm_mt, address);
    if (vma === null || xa_is_zero(vma)) break;
    const found = yield* vma_start_read(mm, vma);
    // Another VMA may stand in the place of a detached one: look again.
    if (found === 'detached') continue;
    if (found === 'busy') break;
    if (address < (yield* vma.vm_start.read()) || address >= (yield* vma.vm_end.read())) {
      yield* vma_end_read(vma);
      break;
    }
    yield* rcu_read_unlock();
    return vma;
  }
  yield* rcu_read_unlock();
  return null;
});
