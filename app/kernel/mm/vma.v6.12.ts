import { kfunc, replace } from '../kfunc.ts';
import { mmap_assert_write_locked } from '../include/mmap_lock.ts';
import type { VmAreaStruct } from '../include/mm_types.ts';
import { READ_ONCE, smp_load_acquire, WRITE_ONCE } from '../include/rwonce.ts';
import { down_read_trylock, down_write, up_read, up_write } from '../kernel/locking/rwsem.ts';
import { call_rcu } from '../kernel/rcu/tree.ts';
import { KernelMemory } from '../tracking.ts';
import { kmem_cache_free } from './slab.ts';
import { might_sleep } from '../kernel/sched/core.ts';
import {
  remove_vma,
  vm_area_cachep,
  vm_area_free,
  vma_close,
  vma_end_read,
  vma_mark_attached,
  vma_mark_detached,
  vma_start_read,
  vma_start_write,
} from './vma.ts';
import { mmStructureFreed } from './reapers.ts';

const vm_area_free_rcu_cb = kfunc('vm_area_free_rcu_cb', function* (vma: VmAreaStruct) {
  yield* __vm_area_free(vma);
});

/** __vm_area_free() - at once, for VMAs that nobody can find any more. */
export const __vm_area_free = kfunc(
  '__vm_area_free',
  function* (vma: VmAreaStruct) {
    // The cache is not SLAB_TYPESAFE_BY_RCU yet: freed objects are the allocator's to write to.
    if (vma.memory instanceof KernelMemory) vma.memory.firstWords = [vma.vm_start, vma.vm_end];
    yield* kmem_cache_free(vm_area_cachep(), vma);
  },
  { inlined: true },
);

/** Per-VMA locks of v6.12: an rwsem of its own, and a number that marks a VMA as locked for writing. */
export const v6_12Replacements = [
  replace(
    remove_vma,
    function* (vma, unreachable) {
      might_sleep('mm/vma.c', 366);
      yield* vma_close(vma);
      if (unreachable) yield* mmStructureFreed(vma.vm_mm, 'VMA');
      if (unreachable) yield* __vm_area_free(vma);
      else yield* vm_area_free(vma);
    },
    'frees the VMA at once',
  ),
  replace(
    vm_area_free,
    function* (vma) {
      yield* call_rcu(vma.vm_rcu, () => vm_area_free_rcu_cb(vma));
    },
    'after an RCU grace period',
  ),
  replace(
    vma_start_read,
    function* (mm, vma) {
      if ((yield* READ_ONCE(vma.vm_lock_seq)) === (yield* READ_ONCE(mm.mm_lock_seq))) return 'busy';
      if (!(yield* down_read_trylock(vma.vm_lock))) return 'busy';
      if ((yield* vma.vm_lock_seq.read()) === (yield* smp_load_acquire(mm.mm_lock_seq))) {
        yield* up_read(vma.vm_lock);
        return 'busy';
      }
      if (yield* vma.detached.read()) {
        yield* up_read(vma.vm_lock);
        return 'detached';
      }
      return 'locked';
    },
    'an rwsem of each VMA and a sequence number',
  ),
  replace(
    vma_end_read,
    function* (vma) {
      yield* up_read(vma.vm_lock);
    },
    'an rwsem of each VMA',
  ),
  replace(
    vma_start_write,
    function* (vma) {
      mmap_assert_write_locked(vma.vm_mm);
      const seq = yield* vma.vm_mm.mm_lock_seq.read();
      if ((yield* vma.vm_lock_seq.read()) === seq) return;
      yield* down_write(vma.vm_lock);
      yield* WRITE_ONCE(vma.vm_lock_seq, seq);
      yield* up_write(vma.vm_lock);
    },
    'an rwsem of each VMA, taken for a moment',
  ),
  replace(
    vma_mark_attached,
    function* (vma) {
      yield* vma.detached.write(false);
    },
    'a flag, detached',
  ),
  replace(
    vma_mark_detached,
    function* (vma) {
      yield* vma.detached.write(true);
    },
    'a flag, detached',
  ),
];
