import { mmap_read_lock, mmap_read_unlock } from '../include/mmap_lock.ts';
import { replace } from '../kfunc.ts';
import { unuse_mm, unuse_vmas } from './swapfile.ts';

/** Up to v6.17 swapoff takes every mm as it finds it, and whatever stands in its tree for a VMA. */
export const v6_8Replacements = [
  replace(
    unuse_mm,
    function* (mm, si) {
      yield* mmap_read_lock(mm);
      const ret = yield* unuse_vmas(mm, si);
      yield* mmap_read_unlock(mm);
      return ret;
    },
    'takes every mm as it finds it, also one that fork did not finish',
  ),
];
