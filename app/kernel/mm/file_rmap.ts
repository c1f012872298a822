import type { VmAreaStruct } from '../include/mm_types.ts';
import { kfunc } from '../kfunc.ts';
import { down_write, up_write } from '../kernel/locking/rwsem.ts';

/**
 * vma_link_file() - whoever goes through a file's mappings finds the VMA from now on.
 *
 * Models: mm/vma.c, and the lines of dup_mmap() that do the same. Leaves out: files whose mappings nobody goes through.
 */
export const vma_link_file = kfunc(
  'vma_link_file',
  function* (vma: VmAreaStruct) {
    const mapping = vma.vm_file?.i_mapping;
    if (mapping === undefined) return;
    yield* down_write(mapping.i_mmap_rwsem);
    yield* mapping.i_mmap.update((vmas) => [...vmas, vma]);
    yield* up_write(mapping.i_mmap_rwsem);
  },
  { inlined: true },
);

/** unlink_file_vma() - and from now on no more. Context: mmap_lock for write, before the page tables go. */
export const unlink_file_vma = kfunc('unlink_file_vma', function* (vma: VmAreaStruct) {
  const mapping = vma.vm_file?.i_mapping;
  if (mapping === undefined) return;
  yield* down_write(mapping.i_mmap_rwsem);
  yield* mapping.i_mmap.update((vmas) => vmas.filter((other) => other !== vma));
  yield* up_write(mapping.i_mmap_rwsem);
});
