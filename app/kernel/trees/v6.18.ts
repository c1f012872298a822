import type { Tree } from '../tree.ts';

/** The newest tree: the bodies that the modules register are its own. */
export const v6_18: Tree = {
  name: 'v6.18',
  description: 'Linux 6.18, x86-64',
  release: '6.18.0',
  replacements: [],
  traits: {
    kvmAllocation: 'kvzalloc',
    preemptionModelInDumps: true,
    spteZapTouchesPage: false,
    ktimersThreads: true,
  },
};
