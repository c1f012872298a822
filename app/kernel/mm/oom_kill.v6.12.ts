import { nullDereference } from '../arch/x86/mm/fault.ts';
import { mm_flags_set } from '../include/mm.ts';
import { xa_is_zero } from '../include/maple_tree.ts';
import { MMF_UNSTABLE, ULONG_MAX } from '../include/mm_types.ts';
import { replace } from '../kfunc.ts';
import { MaState, mas_find } from '../lib/maple_tree.ts';
import { __oom_reap_task_mm, reapable, reapVma, VM_FLAGS_OF_XA_ZERO } from './oom_reaper.ts';

/** The reaper walks from the bottom up. */
export const v6_12Replacements = [
  replace(
    __oom_reap_task_mm,
    function* (mm) {
      let ret = true;
      yield* mm_flags_set(MMF_UNSTABLE, mm);
      const mas = new MaState(mm.mm_mt, 0);
      for (;;) {
        const vma = yield* mas_find(mas, ULONG_MAX);
        if (vma === null) return ret;
        if (xa_is_zero(vma)) return yield* nullDereference(VM_FLAGS_OF_XA_ZERO);
        if ((yield* reapable(vma)) && !(yield* reapVma(mm, vma))) ret = false;
      }
    },
    'from the lowest address upwards',
  ),
];
