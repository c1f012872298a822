import {
  mmap_read_lock,
  mmap_read_unlock,
  mmap_write_lock,
  mmap_write_unlock,
} from '../include/mmap_lock.ts';
import { replace } from '../kfunc.ts';
import { exit_mmap } from '../mm/mmap.ts';
import { munlockAll } from '../mm/mmap.v5.17.ts';
import { mm_is_oom_victim, reapOneself, releaseNotifiers, removeVmas, unmapAll } from '../mm/mmap.v5.18.ts';
import { pmd_bad } from '../mm/mlock.v5.17.ts';
import type { Patch } from '../tree.ts';

// Munlocking beside a reaper: CVE-2018-1000200, and what the review of December 2021 said about it.

export const pmdBadRadix: Patch = {
  name: 'pmd-bad-radix',
  title: 'powerpc/mm/radix: pmd_bad()',
  description:
    'No fix: what the architecture does that the report of 2018 came from. On powerpc with a radix table pmd_bad() ' +
    'asks for bits that must not be set, and an entry that is none has no bits. On x86 it is bad.',
  appliesTo: ['v4.14', 'v4.15', 'v4.17', 'v5.10', 'v5.15', 'v5.16', 'v5.17'],
  replacements: [
    replace(pmd_bad, function* () {
      return false;
    }),
  ],
};

export const exitMmapMunlockRead: Patch = {
  name: 'exit-mmap-munlock-read-lock',
  title: 'mm: munlock under mmap_lock for read in exit_mmap()',
  description:
    'Asked in the review of "protect free_pgtables with mmap_lock write lock in exit_mmap" and answered with no: the ' +
    'reapers hold the lock for read, too, and test VM_LOCKED, which munlocking clears first.',
  appliesTo: ['v5.17'],
  replacements: [
    replace(exit_mmap, function* (mm) {
      yield* releaseNotifiers(mm);
      if (yield* mm_is_oom_victim(mm)) yield* reapOneself(mm);
      yield* mmap_read_lock(mm);
      yield* munlockAll(mm);
      yield* mmap_read_unlock(mm);
      yield* mmap_write_lock(mm);
      const first = yield* mm.mmap.read();
      if (first !== null) {
        yield* unmapAll(mm, first);
        yield* removeVmas(mm, first);
        yield* mm.mmap.write(null);
      }
      yield* mmap_write_unlock(mm);
    }),
  ],
};
