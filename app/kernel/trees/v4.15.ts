import { v4_15Replacements as mmap } from '../mm/mmap.v4.15.ts';
import { v4_15Replacements as oom } from '../mm/oom_kill.v4.15.ts';
import type { Tree } from '../tree.ts';
import { v4_17 } from './v4.17.ts';

/** From rc4 on the mm says that it is a victim's. */
export const v4_15: Tree = {
  name: 'v4.15',
  description:
    'Linux 4.15: exit_mmap() zaps beside the reaper; it waits for it before the page tables go, if the OOM killer has marked the mm; an mm with notifiers is not reaped',
  release: '4.15.0',
  base: v4_17,
  replacements: [...mmap, ...oom],
  traits: v4_17.traits,
};
