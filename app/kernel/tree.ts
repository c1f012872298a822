import type { Replacement } from './kfunc.ts';

/**
 * A kernel era: the bodies in which it differs from the ones that the modules register (those are of the
 * newest tree that shares them), and the traits that are data rather than code.
 */
export interface Tree {
  /** `v6.12` */
  readonly name: string;
  readonly description: string;
  /** What `uname -r` prints, for instance `6.12.117`. */
  readonly release: string;
  /** The newer tree that this one is told as a difference to; its replacements come first. */
  readonly base?: Tree;
  readonly replacements: readonly Replacement[];
  readonly traits: TreeTraits;
}

/** All replacements of a tree: those of the trees that it stands on, then its own. */
export function replacementsOf(tree: Tree): readonly Replacement[] {
  return [...(tree.base === undefined ? [] : replacementsOf(tree.base)), ...tree.replacements];
}

/** Differences between eras that are data. */
export interface TreeTraits {
  /** Where `struct kvm` comes from on x86 (facts/kvm.md, section 1). */
  readonly kvmAllocation: 'vmalloc' | 'kvzalloc';
  /** The CPU line of dumps names the preemption model after the version (facts/kasan-and-splats.md, 0). */
  readonly preemptionModelInDumps: boolean;
  /** Zapping an SPTE marks the page that it maps dirty and accessed (facts/kvm.md, section 5). */
  readonly spteZapTouchesPage: boolean;
  /** With PREEMPT_RT timers run in threads of their own, `ktimers/N`, instead of ksoftirqd (from v6.13 on). */
  readonly ktimersThreads?: boolean;
  /** `kvm->mmu_lock` is a spinlock on x86, too (until v5.11). */
  readonly mmuLockIsSpinlock?: boolean;
  /** `kvm->gpc_invalidate_seq`: caches of pages have a number of their own for what was invalidated (v7.3). */
  readonly gpcInvalidateSeq?: boolean;
  /** PROVE_RAW_LOCK_NESTING is y unless somebody says otherwise, where PROVE_LOCKING is. */
  readonly provesRawLockNesting?: boolean;
  /** There is no /dev/gru: the driver was taken out. */
  readonly withoutGru?: boolean;
}

/** A fix or a change as an overlay on trees, in the words of those who proposed it. */
export interface Patch {
  /** `mmu-notifier-async-oom-v2` */
  readonly name: string;
  /** The subject line, as posted. */
  readonly title: string;
  readonly description: string;
  /** Names of the trees that it applies to. */
  readonly appliesTo: readonly string[];
  readonly replacements: readonly Replacement[];
}
