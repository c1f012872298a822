import { v5_11Replacements as tdp } from '../arch/x86/kvm/mmu.v5.11.ts';
import { v5_11Replacements as notifiers } from '../mm/mmu_notifier.v5.11.ts';
import type { Tree } from '../tree.ts';
import { v5_11Replacements as kvm } from '../virt/kvm/kvm_mmu_notifier.v5.11.ts';
import { v5_12 } from './v5.12.ts';

/** Starts that one subscriber refuses have no end for the others. */
export const v5_11: Tree = {
  name: 'v5.11',
  description:
    'Linux 5.11.0: where one subscriber of an mm refuses an invalidation, the others never hear of its end; KVM is that ' +
    'of 5.10',
  release: '5.11.0',
  base: v5_12,
  replacements: [...kvm, ...notifiers, ...tdp],
  traits: { ...v5_12.traits, mmuLockIsSpinlock: true },
};
