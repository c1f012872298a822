import { v6_1Replacements as dup } from '../kernel/dup_mmap.v6.1.ts';
import { v6_8Replacements as uprobes } from '../kernel/events/uprobes.v6.8.ts';
import { v6_1Replacements as memory } from '../mm/memory.v6.1.ts';
import { v6_8Replacements as entries } from '../mm/memory.v6.8.ts';
import { v6_1Replacements as mmap } from '../mm/mmap.v6.1.ts';
import { v6_8Replacements as swap } from '../mm/swapfile.v6.8.ts';
import { v6_1Replacements as vma } from '../mm/vma.v6.1.ts';
import type { Tree } from '../tree.ts';
import { v6_12 } from './v6.12.ts';

/** No per-VMA locks, no marker of an unfinished fork. */
export const v6_1: Tree = {
  name: 'v6.1',
  description:
    'Linux 6.1: exit_mmap() zaps under mmap_lock for read and frees under it for write (since v6.0); no per-VMA locks yet',
  release: '6.1.192',
  base: v6_12,
  replacements: [...dup, ...entries, ...memory, ...mmap, ...swap, ...uprobes, ...vma],
  traits: v6_12.traits,
};
