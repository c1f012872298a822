import { replace } from '../../kfunc.ts';
import { dropUnfinished, dup_mm_copy, dup_mmap } from '../dup_mmap.ts';
import { uprobe_end_dup_mmap, uprobe_start_dup_mmap } from './dup_mmap_sem.ts';
import { register_skips } from './uprobes.ts';

/** Up to v6.13 probes are kept away while fork copies, not while it takes an unfinished copy down; and do not ask. */
export const v6_8Replacements = [
  replace(
    dup_mm_copy,
    function* (mm, oldmm) {
      const started = yield* uprobe_start_dup_mmap();
      const whole = (yield* dup_mmap(mm, oldmm)) === 0;
      yield* uprobe_end_dup_mmap(started);
      if (whole) return mm;
      yield* dropUnfinished(mm);
      return null;
    },
    'lets probes in before it takes down what it could not finish',
  ),
  replace(
    register_skips,
    function* () {
      return false;
    },
    'probes are put into every mm that maps the file, also into one that fork did not finish',
  ),
];
