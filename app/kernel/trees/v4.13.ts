import { v4_13Replacements as mmap } from '../mm/mmap.v4.13.ts';
import { v4_13Replacements as oom } from '../mm/oom_kill.v4.13.ts';
import type { Tree } from '../tree.ts';
import { v4_14 } from './v4.14.ts';

/** The reaper pins mm_users (since v4.7). */
export const v4_13: Tree = {
  name: 'v4.13',
  description:
    'Linux 4.13: the reaper is a user of the address space it reaps, so that it never meets exit_mmap(); once that has begun it cannot help',
  release: '4.13.0',
  base: v4_14,
  replacements: [...mmap, ...oom],
  traits: v4_14.traits,
};
