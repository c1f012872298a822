import { v5_12Replacements as tdp } from '../arch/x86/kvm/mmu.v5.12.ts';
import { v5_12Replacements as kvm } from '../virt/kvm/kvm_mmu_notifier.v5.12.ts';
import { v5_12Replacements as memslots } from '../virt/kvm/memslots.v5.12.ts';
import type { Tree } from '../tree.ts';
import { v5_15 } from './v5.15.ts';

/** The first with subscribers told of the end where one of them refused. */
export const v5_12: Tree = {
  name: 'v5.12',
  description:
    'Linux 5.12: who has started an invalidation is told of its end if another subscriber refuses; KVM counts all starts, ' +
    'and guest faults look again if their frame is in the range; changes of memslots wait for no invalidation. ' +
    'What is not known to differ is as in 5.15: early looks at the count before a page is looked up, locks of memslots, ' +
    'caches of pages',
  release: '5.12.0',
  base: v5_15,
  replacements: [...kvm, ...memslots, ...tdp],
  traits: v5_15.traits,
};
