import type { Tree } from '../tree.ts';
import { v5_16 } from './v5.16.ts';

/** What differs from v5.16 (the loop that munlocks) is the same steps. */
export const v5_15: Tree = {
  name: 'v5.15',
  description: 'Linux 5.15: as 5.16 in all that is modelled',
  release: '5.15.0',
  base: v5_16,
  replacements: [],
  traits: v5_16.traits,
};
