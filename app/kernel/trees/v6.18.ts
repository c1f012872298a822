import type { Tree } from '../tree.ts';

/** The newest tree: the bodies that the modules register are its own. */
export const v6_18: Tree = {
  name: 'v6.18',
  description:
    'Linux 6.18: the reaper walks downwards, away from exit_mmap(); per-VMA locks are counts; page tables are freed by ' +
    'RCU; zapping an SPTE leaves its page alone; struct kvm is slab memory; timers of PREEMPT_RT have threads',
  release: '6.18.0',
  replacements: [],
  traits: {
    kvmAllocation: 'kvzalloc',
    preemptionModelInDumps: true,
    spteZapTouchesPage: false,
    ktimersThreads: true,
  },
};
