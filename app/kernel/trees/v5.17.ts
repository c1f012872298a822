import { v5_17Replacements as mlock } from '../mm/mlock.v5.17.ts';
import { v5_17Replacements as mmap } from '../mm/mmap.v5.17.ts';
import { v5_17Replacements as oom } from '../mm/oom_kill.v5.17.ts';
import type { Tree } from '../tree.ts';
import { v5_18 } from './v5.18.ts';

/** exit_mmap() under mmap_lock, with its companions. */
export const v5_17: Tree = {
  name: 'v5.17',
  description:
    'Linux 5.17: as 5.18, but exit_mmap() munlocks first, under the lock, and reapers skip what is mlocked; the reaper comes at once',
  release: '5.17.0',
  base: v5_18,
  replacements: [...mlock, ...mmap, ...oom],
  traits: v5_18.traits,
};
