import { v7_3Replacements as dup } from '../kernel/dup_mmap.v7.3.ts';
import { v7_3Replacements as mmap } from '../mm/mmap.v7.3.ts';
import { v7_3Replacements as oom } from '../mm/oom_kill.v7.3.ts';
import type { Tree } from '../tree.ts';
import { v7_3Replacements as kvm } from '../virt/kvm/kvm_main.v7.3.ts';
import { v7_3Replacements as caches } from '../virt/kvm/pfncache.v7.3.ts';
import { v6_18 } from './v6.18.ts';

/** The newest mainline that was read, told as a difference to the long-term kernel before it. */
export const v7_3: Tree = {
  name: 'v7.3',
  description:
    'Linux 7.3.4: dup_mmap() takes down itself what it could not finish, and leaves an empty tree and no marker; ' +
    'a wrong number of VMAs at exit is a warning only; the GRU driver is gone; reports are worded anew; caches of guest pages have a ' +
    'number of their own for what was invalidated; PROVE_RAW_LOCK_NESTING is y by default. The notifiers ' +
    'and their locks are those of 6.12: none of what was proposed against the sleeping locks of PREEMPT_RT is in it',
  release: '7.3.4',
  base: v6_18,
  replacements: [...caches, ...dup, ...mmap, ...oom, ...kvm],
  traits: { ...v6_18.traits, gpcInvalidateSeq: true, provesRawLockNesting: true, withoutGru: true },
};
