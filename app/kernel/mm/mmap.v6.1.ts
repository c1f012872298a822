import { ULONG_MAX, type VmAreaStruct } from '../include/mm_types.ts';
import { mmap_read_lock, mmap_read_unlock, mmap_write_unlock } from '../include/mmap_lock.ts';
import { mmu_notifier_release } from '../include/mmu_notifier.ts';
import { kernel } from '../kernel.ts';
import { replace } from '../kfunc.ts';
import { __mt_destroy, MaState, mas_find } from '../lib/maple_tree.ts';
import { exit_mmap, exit_mmap_vmas } from './mmap.ts';

/**
 * exit_mmap() of v6.0 to v6.7: as later, but fork leaves no marker in the tree. An address space without any VMA
 * needs no lock for write.
 */
export const v6_1Replacements = [
  replace(
    exit_mmap,
    function* (mm) {
      yield* mmu_notifier_release(mm);
      yield* mmap_read_lock(mm);
      for (const listener of kernel().hooks.exitMmapUnmaps) yield* listener(mm);
      const mas = new MaState(mm.mm_mt, 0);
      const first = (yield* mas_find(mas, ULONG_MAX)) as VmAreaStruct | null;
      if (first === null) {
        yield* mmap_read_unlock(mm);
        return;
      }
      yield* exit_mmap_vmas(mm, mas, first);
      yield* __mt_destroy(mm.mm_mt);
      kernel().hooks.emit('exitMmapDone', mm);
      yield* mmap_write_unlock(mm);
    },
    'zaps under mmap_lock for read, frees under it for write; an empty tree needs no lock for write',
  ),
];
