import type { Body, Call } from '../../sim/call.ts';
import { xchg } from '../include/atomic.ts';
import type { HlistNode } from '../include/hlist.ts';
import type { Kvm } from '../include/kvm_host.ts';
import type { MmStruct } from '../include/mm_types.ts';
import { mm_has_notifiers, type MmuNotifier, type MmuNotifierOps } from '../include/mmu_notifier.ts';
import { rcu_dereference } from '../include/rwonce.ts';
import { extend, kfunc, replace, type Replacement } from '../kfunc.ts';
import { srcu_read_lock, srcu_read_unlock } from '../kernel/rcu/srcutree.ts';
import { INIT_WORK, schedule_work, Work } from '../kernel/workqueue.ts';
import { mmu_notifier_register, mmu_notifier_unregister, srcu, subscriptionsOf } from '../mm/mmu_notifier.ts';
import { __oom_reap_task_mm } from '../mm/oom_reaper.ts';
import { Struct } from '../struct.ts';
import type { Patch } from '../tree.ts';
import { kvm_get_kvm_safe, kvm_leave_mmu_notifier, kvm_put_kvm } from '../virt/kvm/kvm_main.ts';
import {
  kvm_init_mmu_notifier,
  kvm_mmu_notifier_ops,
  mmu_notifier_to_kvm,
} from '../virt/kvm/kvm_mmu_notifier.ts';
import { atOomKill } from './oom-kill-site.ts';

// The proposals of March 2026: a callback that says "the OOM killer has come", on which KVM unsubscribes. What
// they have in common: subscribers are called one after another inside a read-side section of srcu.

interface OomEnterOps extends MmuNotifierOps {
  readonly oom_enter?: (subscription: MmuNotifier, mm: MmStruct) => Call<void>;
}

/** __mmu_notifier_oom_enter() - tell subscribers, inside srcu as all other callbacks. */
const __mmu_notifier_oom_enter = kfunc('__mmu_notifier_oom_enter', function* (mm: MmStruct) {
  const subscriptions = yield* subscriptionsOf(mm);
  const id = yield* srcu_read_lock(srcu());
  let node: HlistNode<MmuNotifier> | null = yield* rcu_dereference(subscriptions.list.first);
  while (node !== null) {
    const subscription = node.owner;
    const { oom_enter } = (yield* subscription.ops.read()) as OomEnterOps;
    if (oom_enter) yield* oom_enter(subscription, mm);
    node = yield* rcu_dereference(node.next);
  }
  yield* srcu_read_unlock(srcu(), id);
});

/** mmu_notifier_oom_enter() - an inline function. */
function* mmu_notifier_oom_enter(mm: MmStruct): Body<void> {
  if (yield* mm_has_notifiers(mm)) yield* __mmu_notifier_oom_enter(mm);
}

/** What the patch adds to struct kvm. */
class OomDetach extends Struct {
  /** The VM is not subscribed any more, or a work item will see to that: mm_count must be dropped once only. */
  readonly detached = this.field('oom_detached', false);
}

const added = new WeakMap<Kvm, OomDetach>();

function oomDetach(kvm: Kvm): OomDetach {
  let fields = added.get(kvm);
  if (fields === undefined) added.set(kvm, (fields = new OomDetach(kvm.memory)));
  return fields;
}

/** kvm_mmu_notifier_detach() - the VM's process dies: stop listening to it. */
const kvm_mmu_notifier_detach = kfunc('kvm_mmu_notifier_detach', function* (mn: MmuNotifier, mm: MmStruct) {
  yield* mmu_notifier_unregister(mn, mm);
  yield* oomDetach(mmu_notifier_to_kvm(mn)).detached.write(true);
});

/** kvm_mmu_notifier_detach_work() - only the first of several that were queued has something to detach. */
const kvm_mmu_notifier_detach_work = kfunc(
  'kvm_mmu_notifier_detach_work',
  function* (kvm: Kvm, first: boolean) {
    if (first) yield* mmu_notifier_unregister(kvm.mmu_notifier, kvm.mm);
    yield* kvm_put_kvm(kvm);
  },
);

/** kvm_mmu_notifier_detach_deferred() - leave the unregistering to a worker, which may wait for readers. */
const kvm_mmu_notifier_detach_deferred = kfunc(
  'kvm_mmu_notifier_detach_deferred',
  function* (mn: MmuNotifier, _mm: MmStruct) {
    const kvm = mmu_notifier_to_kvm(mn);
    if (!(yield* kvm_get_kvm_safe(kvm))) return;
    const first = !(yield* xchg(oomDetach(kvm).detached, true));
    const work = new Work('&kvm->oom_detach_work', kvm.memory);
    INIT_WORK(work, () => kvm_mmu_notifier_detach_work(kvm, first));
    yield* schedule_work(work);
  },
);

function overlay(oom_enter: NonNullable<OomEnterOps['oom_enter']>): readonly Replacement[] {
  const ops: OomEnterOps = { ...kvm_mmu_notifier_ops, oom_enter };
  return [
    replace(kvm_init_mmu_notifier, function* (kvm) {
      yield* kvm.mmu_notifier.ops.write(ops);
      return yield* mmu_notifier_register(kvm.mmu_notifier, kvm.mm);
    }),
    extend(
      kvm_leave_mmu_notifier,
      (below) =>
        function* (kvm) {
          if (!(yield* oomDetach(kvm).detached.read())) yield* below(kvm);
        },
    ),
    atOomKill(mmu_notifier_oom_enter),
    extend(
      __oom_reap_task_mm,
      (below) =>
        function* (mm) {
          yield* mmu_notifier_oom_enter(mm);
          return yield* below(mm);
        },
    ),
  ];
}

const BOTH_SITES =
  'As posted the call stands in __oom_kill_process(), after the SIGKILL; here __oom_reap_task_mm() makes it, too, ' +
  'so that it is reached where memory is reaped without the OOM killer. Where both are reached, the second ' +
  'finds whom the first has left.';

export const oomEnterSyncUnregister: Patch = {
  name: 'oom-enter-sync-unregister',
  title: 'mm/mmu_notifier: add oom_enter callback, let KVM unregister its notifier',
  description:
    'Posted on 28 March 2026. An OOM victim is not going to run its guest again, so KVM need not hear of what the ' +
    'reaper unmaps: on the new callback it unregisters its notifier, and kvm_destroy_vm() copes with ' +
    `unbalanced counts already. ${BOTH_SITES}`,
  appliesTo: ['v6.12', 'v6.18', 'v7.3'],
  replacements: overlay(kvm_mmu_notifier_detach),
};

export const oomEnterDeferredUnregister: Patch = {
  name: 'oom-enter-deferred-unregister',
  title: 'mm/mmu_notifier: add oom_enter callback, let KVM unregister from a work item',
  description:
    'Posted on 25 March 2026. As oom-enter-sync-unregister, but because unregistering waits for readers of srcu and the ' +
    `callback runs inside one, a work item does it later. ${BOTH_SITES} A reference keeps the VM until the ` +
    'work has run.',
  appliesTo: ['v6.12', 'v6.18', 'v7.3'],
  replacements: overlay(kvm_mmu_notifier_detach_deferred),
};
