import { v5_11Replacements as tdp } from '../arch/x86/kvm/mmu.v5.11.ts';
import { v5_10Replacements as oom } from '../mm/oom_kill.v5.10.ts';
import type { Tree } from '../tree.ts';
import { v5_11Replacements as kvm } from '../virt/kvm/kvm_mmu_notifier.v5.11.ts';
import { v5_12 } from './v5.12.ts';

/** No process_mrelease() yet. */
export const v5_10: Tree = {
  name: 'v5.10',
  description:
    'Linux 5.10.223: as 5.15 without process_mrelease(); the reaper comes after two seconds; the mmu_lock of KVM is a ' +
    'spinlock, and any invalidation under way makes every guest fault look again',
  release: '5.10.223',
  base: v5_12,
  replacements: [...kvm, ...oom, ...tdp],
  traits: { ...v5_12.traits, mmuLockIsSpinlock: true },
};
