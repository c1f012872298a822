import { replace } from '../kfunc.ts';
import { exit_mmap } from './mmap.ts';
import { munlockAll } from './mmap.v5.17.ts';
import { exitUnderLock } from './mmap.v5.18.ts';

/** Up to v5.17-rc5 `mm->mmap` goes on pointing at the VMAs that exit_mmap() has freed. */
export const v5_17_rc1Replacements = [
  replace(
    exit_mmap,
    (mm) => exitUnderLock(mm, munlockAll, false),
    'all under mmap_lock for write, but mm->mmap goes on pointing at freed VMAs',
  ),
];
