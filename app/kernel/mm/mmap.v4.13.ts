import type { Body } from '../../sim/call.ts';
import { mm_flags_set } from '../include/mm.ts';
import { MMF_OOM_SKIP } from '../include/mm_types.ts';
import { replace } from '../kfunc.ts';
import { exit_mmap } from './mmap.ts';
import { exitBesideReaper } from './mmap.v4.15.ts';

/** A reaper is a user of the address space: where exit_mmap() runs, there is none. */
function* noBarrier(): Body<void> {}

/**
 * v4.7 to v4.13: no word to the OOM killer before all is done. __mmput() says it, at its end.
 *
 * Leaves out: what __mmput() does between exit_mmap() and that; nobody else waits for it.
 */
export const v4_13Replacements = [
  replace(
    exit_mmap,
    function* (mm) {
      yield* exitBesideReaper(mm, noBarrier);
      yield* mm_flags_set(MMF_OOM_SKIP, mm);
    },
    'no lock and no flag against reapers, which are users of the mm; MMF_OOM_SKIP when all is done',
  ),
];
