import { v5_16Replacements as mmap } from '../mm/mmap.v5.16.ts';
import { v5_16Replacements as mrelease } from '../mm/process_mrelease.v5.16.ts';
import type { Tree } from '../tree.ts';
import { v5_17 } from './v5.17.ts';

/** exit_mmap() frees without mmap_lock: the kernel that "protect free_pgtables with mmap_lock write lock" was written for. */
export const v5_16: Tree = {
  name: 'v5.16',
  description:
    'Linux 5.16: exit_mmap() without mmap_lock; an OOM victim reaps itself, says so, waits for the reaper; process_mrelease() is a user of the mm',
  release: '5.16.0',
  base: v5_17,
  replacements: [...mmap, ...mrelease],
  traits: v5_17.traits,
};
