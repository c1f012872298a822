import { v5_12Replacements as kvm } from '../virt/kvm/kvm_mmu_notifier.v5.12.ts';
import type { Tree } from '../tree.ts';
import { v5_15 } from './v5.15.ts';

/** The first with subscribers told of the end where one of them refused. */
export const v5_12: Tree = {
  name: 'v5.12',
  description:
    'Linux 5.12: who has started an invalidation is told of its end if another subscriber refuses; KVM counts all starts',
  release: '5.12.0',
  base: v5_15,
  replacements: [...kvm],
  traits: v5_15.traits,
};
