import { EBUSY } from '../include/errno.ts';
import { mm_flags_set } from '../include/mm.ts';
import { MMF_UNSTABLE, ULONG_MAX, type MmStruct, type VmAreaStruct } from '../include/mm_types.ts';
import { kfunc, replace } from '../kfunc.ts';
import { MaState, mas_find_rev } from '../lib/maple_tree.ts';
import { __oom_reap_task_mm, reapable, reapVma } from './oom_reaper.ts';

/** zap_vma_for_reaping() - 0, or -EBUSY where a notifier refuses. */
const zap_vma_for_reaping = kfunc('zap_vma_for_reaping', function* (mm: MmStruct, vma: VmAreaStruct) {
  return (yield* reapVma(mm, vma)) ? 0 : -EBUSY;
});

/** Fork leaves no marker in a tree any more: all that is found are VMAs. */
export const v7_3Replacements = [
  replace(
    __oom_reap_task_mm,
    function* (mm) {
      let ret = true;
      yield* mm_flags_set(MMF_UNSTABLE, mm);
      const mas = new MaState(mm.mm_mt, ULONG_MAX);
      for (;;) {
        const vma = (yield* mas_find_rev(mas, 0)) as VmAreaStruct | null;
        if (vma === null) return ret;
        if ((yield* reapable(vma)) && (yield* zap_vma_for_reaping(mm, vma)) !== 0) ret = false;
      }
    },
    'zaps each VMA in zap_vma_for_reaping()',
  ),
];
