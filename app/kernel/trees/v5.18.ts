import { v5_18Replacements as mmap } from '../mm/mmap.v5.18.ts';
import { v5_18Replacements as oom } from '../mm/oom_kill.v5.18.ts';
import type { Tree } from '../tree.ts';
import { v6_1 } from './v6.1.ts';

/** The last kernels whose VMAs are a list (v6.0 has the list, but the exit of v6.1). */
export const v5_18: Tree = {
  name: 'v5.18',
  description:
    'Linux 5.18: VMAs are a list; exit_mmap() holds mmap_lock for write from the zapping to the end; mlocked memory is reaped',
  release: '5.18.0',
  base: v6_1,
  replacements: [...mmap, ...oom],
  traits: v6_1.traits,
};
