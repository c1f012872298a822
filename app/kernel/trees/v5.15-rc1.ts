import { v5_15_rc1Replacements as mrelease } from '../mm/process_mrelease.v5.15-rc1.ts';
import type { Tree } from '../tree.ts';
import { v5_15 } from './v5.15.ts';

/** Before process_mrelease() pinned mm_users. */
export const v5_15_rc1: Tree = {
  name: 'v5.15-rc1',
  description:
    'Linux 5.15-rc1: process_mrelease() as it was merged first, with nothing but mmap_lock for read against exit_mmap()',
  release: '5.15.0-rc1',
  base: v5_15,
  replacements: [...mrelease],
  traits: v5_15.traits,
};
