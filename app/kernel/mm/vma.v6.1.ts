import { replace } from '../kfunc.ts';
import { might_sleep } from '../kernel/sched/core.ts';
import { __vm_area_free } from './vma.v6.12.ts';
import {
  lock_vma_under_rcu,
  remove_vma,
  vm_area_free,
  vma_close,
  vma_mark_attached,
  vma_mark_detached,
  vma_start_write,
} from './vma.ts';
import { mmStructureFreed } from './reapers.ts';

/** Before v6.4 VMAs have no locks of their own: faults take mmap_lock, and a VMA is freed at once. */
export const v6_1Replacements = [
  replace(
    lock_vma_under_rcu,
    function* () {
      return null;
    },
    'no per-VMA locks: faults take mmap_lock',
  ),
  replace(vma_start_write, function* () {}, 'no per-VMA locks'),
  replace(vma_mark_attached, function* () {}, 'no per-VMA locks'),
  replace(vma_mark_detached, function* () {}, 'no per-VMA locks'),
  replace(
    remove_vma,
    function* (vma, unreachable) {
      might_sleep('mm/mmap.c', 140);
      yield* vma_close(vma);
      if (unreachable) yield* mmStructureFreed(vma.vm_mm, 'VMA');
      yield* vm_area_free(vma);
    },
    'frees the VMA at once',
  ),
  replace(
    vm_area_free,
    function* (vma) {
      yield* __vm_area_free(vma);
    },
    'at once',
  ),
];
