import { v4_14Replacements as mmap } from '../mm/mmap.v4.14.ts';
import { v4_14Replacements as oom } from '../mm/oom_kill.v4.14.ts';
import type { Tree } from '../tree.ts';
import { v4_15 } from './v4.15.ts';

/** The kernel of the thread of 2017: the reaper no longer pins mm_users. */
export const v4_14: Tree = {
  name: 'v4.14',
  description: 'Linux 4.14: as 4.15, but exit_mmap() waits for the reaper only if its own task is a victim',
  release: '4.14.0',
  base: v4_15,
  replacements: [...mmap, ...oom],
  traits: v4_15.traits,
};
