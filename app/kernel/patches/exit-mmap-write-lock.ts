import { replace } from '../kfunc.ts';
import { exit_mmap } from '../mm/mmap.ts';
import { munlockAll } from '../mm/mmap.v5.17.ts';
import { exitUnderLock } from '../mm/mmap.v5.18.ts';
import { process_mrelease } from '../mm/process_mrelease.ts';
import type { Patch } from '../tree.ts';

// The three changes of v5.17, one by one: what each of them leaves open alone.

const TREES = ['v5.15', 'v5.16'];

export const exitMmapWriteLock: Patch = {
  name: 'exit-mmap-write-lock',
  title: 'mm: protect free_pgtables with mmap_lock write lock in exit_mmap',
  description:
    'S. Baghdasaryan, December 2021, 64591e8605d6: exit_mmap() holds mmap_lock for write from munlocking to the last ' +
    'VMA, for everybody. Reapers come before or after.',
  appliesTo: TREES,
  replacements: [replace(exit_mmap, (mm) => exitUnderLock(mm, munlockAll, false))],
};

export const mreleaseMmCount: Patch = {
  name: 'mrelease-mm-count',
  title: 'mm/oom_kill: allow process_mrelease to run under mmap_lock protection',
  description:
    'ba535c1caf3e, the companion: process_mrelease() holds the mm_struct only, so that it never takes the address space ' +
    'down itself, and looks at MMF_OOM_SKIP once it has the lock. Alone it has no protection where the target is no ' +
    'victim of the OOM killer.',
  appliesTo: TREES,
  replacements: [replace(process_mrelease, (task, flags) => process_mrelease.symbol.body(task, flags))],
};

export const exitMmapClearMmap: Patch = {
  name: 'exit-mmap-clear-mmap',
  title: 'mm: fix use-after-free bug when mm->mmap is reused after being freed',
  description:
    'f798a1d4f94d, the fix on top of both: exit_mmap() leaves no pointer to the VMAs that it has freed for those who get the ' +
    'lock later.',
  appliesTo: ['v5.17-rc1'],
  replacements: [replace(exit_mmap, (mm) => exitUnderLock(mm, munlockAll, true))],
};
