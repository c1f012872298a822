import { RetryWait } from '../arch/x86/kvm/x86.ts';
import type { Checker } from '../checker.ts';
import type { Kernel } from '../kernel.ts';
import { pr_err } from '../printk.ts';
import { formatEntry, stackOf } from '../stack.ts';

/**
 * Reports a vCPU whose fault is retried for ever: an invalidation that has begun and does not end, or a memslot that
 * stays invalid. It keeps a CPU busy until a signal comes, and its guest stands still.
 *
 * Not verified: timed runs, in which a later retry could still come to something.
 */
export const retryingVcpu: Checker = {
  name: 'retrying-vcpu',
  enabled: (config) => config.SCYTHE_INVARIANTS && config.KVM,
  attach: (of) => {
    of.hooks.on('endOfRun', () => of.machine.inside(() => report(of)));
  },
};

function report({ machine }: Kernel): void {
  for (const task of machine.tasks) {
    if (!(task.pending instanceof RetryWait) || task.enabled) continue;
    pr_err('SCYTHE: fault retried for ever in kvm_tdp_page_fault');
    pr_err(
      `${task.label} enters the guest and faults again and again: ${task.pending.object.name} never changes.`,
    );
    for (const entry of stackOf(task)) pr_err(` ${formatEntry(entry)}`);
  }
}
