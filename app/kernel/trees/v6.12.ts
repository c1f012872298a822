import { v6_12Replacements as tdp } from '../arch/x86/kvm/mmu.v6.12.ts';
import { v6_12Replacements as fork } from '../kernel/fork.v6.12.ts';
import { v6_12Replacements as gather } from '../mm/mmu_gather.v6.12.ts';
import { v6_12Replacements as reaper } from '../mm/oom_kill.v6.12.ts';
import { v6_12Replacements as swap } from '../mm/swapfile.v6.12.ts';
import { v6_12Replacements as vma } from '../mm/vma.v6.12.ts';
import { v6_12Replacements as kvmAging } from '../virt/kvm/kvm_mmu_notifier.v6.12.ts';
import type { Tree } from '../tree.ts';

/** The kernel of the captures. What it does otherwise than v6.18 stands beside what it replaces. */
export const v6_12: Tree = {
  name: 'v6.12',
  description:
    'Linux 6.12.117 (Debian source), the kernel of the captures: per-VMA locks are rwsems; the reaper walks upwards; ' +
    'zapping an SPTE marks its page; struct kvm is vmalloc memory; swapoff leaves an mm alone that fork did not finish',
  release: '6.12.117',
  replacements: [...fork, ...gather, ...kvmAging, ...reaper, ...swap, ...tdp, ...vma],
  traits: {
    kvmAllocation: 'vmalloc',
    preemptionModelInDumps: false,
    spteZapTouchesPage: true,
  },
};
