import { replace } from '../kfunc.ts';
import { dup_mmap_unfinished, markUnfinished } from './dup_mmap.ts';

/** Up to v6.13 nothing but the marker said that fork had not finished an mm: MMF_OOM_SKIP is for the OOM killer. */
export const v6_8Replacements = [
  replace(
    dup_mmap_unfinished,
    markUnfinished,
    'puts the marker into the tree and sets MMF_OOM_SKIP, not MMF_UNSTABLE',
  ),
];
