import { v6_8Replacements as dup } from '../kernel/dup_mmap.v6.8.ts';
import { v6_8Replacements as uprobes } from '../kernel/events/uprobes.v6.8.ts';
import { v6_8Replacements as memory } from '../mm/memory.v6.8.ts';
import { v6_8Replacements as swap } from '../mm/swapfile.v6.8.ts';
import type { Tree } from '../tree.ts';
import { v6_12 } from './v6.12.ts';

/** v6.12 but for what becomes of an mm that fork could not finish. */
export const v6_8: Tree = {
  name: 'v6.8',
  description:
    'Linux 6.8: fork copies the tree of VMAs as a whole first, and marks how far it came if it fails. Nobody but ' +
    'exit_mmap() and the OOM killer knows of the marker',
  release: '6.8.0',
  base: v6_12,
  replacements: [...dup, ...memory, ...swap, ...uprobes],
  traits: v6_12.traits,
};
