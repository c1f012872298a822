import { replace } from '../kfunc.ts';
import { mm_slots_fork } from '../mm/mm_slot.ts';
import { dup_mmap_unfinished, markUnfinished, scan_unfinished } from './dup_mmap.ts';

/**
 * Up to v6.11 khugepaged and ksmd may look at an mm that fork is at, or has given up. Up to v6.13 nothing but the marker said that fork had not finished an mm either:
 * MMF_OOM_SKIP is for the OOM killer.
 */
export const v6_8Replacements = [
  replace(
    dup_mmap_unfinished,
    markUnfinished,
    'puts the marker into the tree and sets MMF_OOM_SKIP, not MMF_UNSTABLE',
  ),
  replace(scan_unfinished, mm_slots_fork, 'khugepaged and ksmd are told of the copy before there is any'),
];
