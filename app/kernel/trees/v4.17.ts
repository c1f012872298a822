import { v4_17Replacements as mmap } from '../mm/mmap.v4.17.ts';
import { v4_17Replacements as oom } from '../mm/oom_kill.v4.17.ts';
import type { Tree } from '../tree.ts';
import { v5_10 } from './v5.10.ts';

/** With the fix of CVE-2018-1000200; oom_lock is held while reaping (to v4.18). */
export const v4_17: Tree = {
  name: 'v4.17',
  description:
    'Linux 4.17: exit_mmap() of a victim reaps first, then sets MMF_OOM_SKIP, then munlocks (since rc5); who reaps holds oom_lock, and leaves an mm alone that has a notifier which may block',
  release: '4.17.0',
  base: v5_10,
  replacements: [...mmap, ...oom],
  traits: v5_10.traits,
};
