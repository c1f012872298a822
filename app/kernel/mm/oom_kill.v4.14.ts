import { replace } from '../kfunc.ts';
import { oom_mm_installed } from './oom_kill.ts';

/** v4.14 (to v4.15-rc3): the OOM killer marks the task, not the mm. */
export const v4_14Replacements = [
  replace(oom_mm_installed, function* () {}, 'the mm of a victim is not marked'),
];
