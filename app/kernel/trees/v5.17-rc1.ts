import { v5_17_rc1Replacements as mmap } from '../mm/mmap.v5.17-rc1.ts';
import type { Tree } from '../tree.ts';
import { v5_17 } from './v5.17.ts';

/** Before `mm->mmap = NULL` at the end of exit_mmap() (v5.17-rc6). */
export const v5_17_rc1: Tree = {
  name: 'v5.17-rc1',
  description: 'Linux 5.17-rc1 to -rc5: exit_mmap() leaves mm->mmap pointing at the VMAs that it freed',
  release: '5.17.0-rc1',
  base: v5_17,
  replacements: [...mmap],
  traits: v5_17.traits,
};
