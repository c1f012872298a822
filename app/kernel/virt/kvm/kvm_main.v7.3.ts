import { kvm_arch_destroy_vm } from '../../arch/x86/kvm/x86.ts';
import { srcu_barrier } from '../../kernel/rcu/srcutree.ts';
import { extend } from '../../kfunc.ts';

/**
 * kvm_destroy_vm() waits for callbacks of the VM's own SRCU before it cleans that up. Nothing of the model comes between
 * that and the end of kvm_arch_destroy_vm() but the memslots, which nobody else can see any more.
 */
export const v7_3Replacements = [
  extend(
    kvm_arch_destroy_vm,
    (below) =>
      function* (kvm) {
        yield* below(kvm);
        yield* srcu_barrier(kvm.srcu);
      },
    'the VM waits for callbacks of its SRCU before it goes',
  ),
];
