import type { Body, Call } from '../../sim/call.ts';
import { atomic_read } from '../include/atomic.ts';
import { GFP_ATOMIC } from '../include/gfp.ts';
import {
  hlist_add_head,
  hlist_del_init,
  hlist_del_init_rcu,
  hlist_empty,
  hlist_unhashed,
  HlistHead,
  type HlistNode,
} from '../include/hlist.ts';
import type { MmStruct } from '../include/mm_types.ts';
import type { MmuNotifier, MmuNotifierOps } from '../include/mmu_notifier.ts';
import { extend, kfunc, replace, type Replacement } from '../kfunc.ts';
import { mmdrop, mmgrab } from '../kernel/fork.ts';
import { spin_lock, spin_unlock } from '../kernel/locking/spinlock.ts';
import { WARN_ON, WARN_ON_ONCE } from '../kernel/panic.ts';
import { RcuHead } from '../kernel/rcu/rcu_head.ts';
import { call_srcu, srcu_barrier, srcu_read_lock, srcu_read_unlock } from '../kernel/rcu/srcutree.ts';
import { rcuwait_active } from '../kernel/rcuwait.ts';
import { mmu_notifier_register, srcu } from '../mm/mmu_notifier.ts';
import { __oom_reap_task_mm } from '../mm/oom_reaper.ts';
import { kfree, kmalloc } from '../mm/slab.ts';
import { onStack, Struct } from '../struct.ts';
import { trace_event } from '../trace-events.ts';
import type { Patch } from '../tree.ts';
import { kvm_leave_mmu_notifier } from '../virt/kvm/kvm_main.ts';
import {
  kvm_init_mmu_notifier,
  kvm_mmu_notifier_ops,
  mmu_notifier_to_kvm,
} from '../virt/kvm/kvm_mmu_notifier.ts';
import { atOomKill } from './oom-kill-site.ts';

interface AfterOomUnregisterOps extends MmuNotifierOps {
  /** Called when nobody uses the subscription any more that the OOM killer has taken off the list. */
  readonly after_oom_unregister?: (subscription: MmuNotifier) => Call<void>;
}

/** HLIST_HEAD(oom_list) - on the stack of mmu_notifier_oom_enter(). */
class OomList extends Struct {
  readonly head = new HlistHead<MmuNotifier>('oom_list', this.memory);
}

/** struct mmu_notifier_oom_callback - what a callback has to know. */
class MmuNotifierOomCallback extends Struct {
  readonly rcu = new RcuHead(this.memory, 'rcu.', this);
  subscription!: MmuNotifier;
  mm!: MmStruct;
}

/** mmu_notifier_oom_callback_fn() - a grace period has passed since the subscription was taken off the list. */
const mmu_notifier_oom_callback_fn = kfunc(
  'mmu_notifier_oom_callback_fn',
  function* (callback: MmuNotifierOomCallback) {
    const { subscription, mm } = callback;
    trace_event('mmu_notifier', 'mmu_notifier_oom_callback_fn', 'oom callback');
    const { after_oom_unregister } = (yield* subscription.ops.read()) as AfterOomUnregisterOps;
    if (after_oom_unregister) yield* after_oom_unregister(subscription);
    WARN_ON_ONCE((yield* atomic_read(mm.mm_count)) <= 0, 'mm/mmu_notifier.c:1084');
    yield* mmdrop(mm);
    yield* kfree(callback);
  },
);

/** The body of mmu_notifier_oom_enter(), with or without its hlist_del_init(). */
function oomEnter(leaveOnList: boolean): (mm: MmStruct) => Body<void> {
  return function* (mm) {
    const subscriptions = yield* mm.notifier_subscriptions.read();
    if (subscriptions === null) return;
    const { head: oom_list } = onStack(OomList, 'oom_list', 8);
    const id = yield* srcu_read_lock(srcu());

    yield* spin_lock(subscriptions.lock);
    let node: HlistNode<MmuNotifier> | null = yield* subscriptions.list.first.read();
    while (node !== null) {
      const next: HlistNode<MmuNotifier> | null = yield* node.next.read();
      const ops = yield* node.owner.ops.read();
      if ((ops as AfterOomUnregisterOps).after_oom_unregister !== undefined) {
        if (!WARN_ON(ops.alloc_notifier !== undefined, 'mm/mmu_notifier.c:1120')) {
          yield* hlist_del_init_rcu(node);
          yield* hlist_add_head(node, oom_list);
        }
      }
      node = next;
    }
    yield* spin_unlock(subscriptions.lock);
    trace_event('mmu_notifier', 'mmu_notifier_oom_enter', 'oom_enter: detached');

    node = yield* oom_list.first.read();
    while (node !== null) {
      const { release } = yield* node.owner.ops.read();
      if (release) yield* release(node.owner, mm);
      node = yield* node.next.read();
    }
    yield* srcu_read_unlock(srcu(), id);
    trace_event('mmu_notifier', 'mmu_notifier_oom_enter', 'oom_enter: released');
    if (yield* hlist_empty(oom_list)) return;

    node = yield* oom_list.first.read();
    while (node !== null) {
      const next: HlistNode<MmuNotifier> | null = yield* node.next.read();
      if (!leaveOnList) yield* hlist_del_init(node);
      const callback = yield* kmalloc(MmuNotifierOomCallback, GFP_ATOMIC, CALLBACK);
      if (callback !== null) {
        callback.subscription = node.owner;
        callback.mm = mm;
        yield* mmgrab(mm);
        yield* call_srcu(srcu(), callback.rcu, () => mmu_notifier_oom_callback_fn(callback));
        trace_event('mmu_notifier', 'mmu_notifier_oom_enter', 'oom_enter: queued');
      }
      node = next;
    }
  };
}

const CALLBACK = { label: 'mmu_notifier_oom_callback', size: 32 };

/**
 * mmu_notifier_oom_enter() - take willing subscribers off the list, release them, and call them back when no
 * reader of srcu can still be using them.
 *
 * Context: mmap_lock held for read by a reaper; or the OOM killer with oom_lock held. Must be able to run
 * where memory is short: allocates with GFP_ATOMIC, and goes without the callback if that fails.
 */
const mmu_notifier_oom_enter = kfunc('mmu_notifier_oom_enter', oomEnter(false));

/** mmu_notifier_barrier() - every callback that was queued before has run. No grace period. */
export const mmu_notifier_barrier = kfunc('mmu_notifier_barrier', function* () {
  yield* srcu_barrier(srcu());
});

/** kvm_mmu_notifier_after_oom_unregister() - a start without its end must not keep memslots from changing. */
const kvm_mmu_notifier_after_oom_unregister = kfunc(
  'kvm_mmu_notifier_after_oom_unregister',
  function* (mn: MmuNotifier) {
    const kvm = mmu_notifier_to_kvm(mn);
    WARN_ON(yield* rcuwait_active(kvm.mn_memslots_update_rcuwait), 'virt/kvm/kvm_main.c:929');
    if ((yield* kvm.mn_active_invalidate_count.read()) !== 0) {
      yield* kvm.mn_active_invalidate_count.write(0);
    } else {
      WARN_ON((yield* kvm.mmu_invalidate_in_progress.read()) !== 0, 'virt/kvm/kvm_main.c:933');
    }
  },
);

function overlay(callSite: Replacement): readonly Replacement[] {
  const ops: AfterOomUnregisterOps = {
    ...kvm_mmu_notifier_ops,
    after_oom_unregister: kvm_mmu_notifier_after_oom_unregister,
  };
  return [
    callSite,
    replace(kvm_init_mmu_notifier, function* (kvm) {
      yield* kvm.mmu_notifier.ops.write(ops);
      return yield* mmu_notifier_register(kvm.mmu_notifier, kvm.mm);
    }),
    extend(
      kvm_leave_mmu_notifier,
      (below) =>
        function* (kvm) {
          if (yield* hlist_unhashed(kvm.mmu_notifier.hlist)) {
            // Off the list already: what is left is to wait for the callback, and mm_count.
            yield* mmu_notifier_barrier();
            yield* mmdrop(kvm.mm);
          } else {
            yield* below(kvm);
          }
        },
    ),
  ];
}

const atReap = extend(
  __oom_reap_task_mm,
  (below) =>
    function* (mm) {
      yield* mmu_notifier_oom_enter(mm);
      return yield* below(mm);
    },
);

const TITLE = 'mm/mmu_notifier: Add async OOM cleanup via call_srcu()';
const APPLIES_TO = ['v6.12', 'v6.18', 'v7.3'];

export const mmuNotifierAsyncOomV2: Patch = {
  name: 'mmu-notifier-async-oom-v2',
  title: TITLE,
  description:
    'Posted on 30 April 2026. Notifiers that can do without hearing of what the OOM reaper unmaps are taken off the list ' +
    'before it starts, so that on PREEMPT_RT none of their sleeping locks is taken where blocking is forbidden. ' +
    'Their release is called at once; the new callback after_oom_unregister follows from call_srcu(), when no ' +
    'notifier call can still be running. Claims: reaping takes about 3 ms, the callback comes after about 57 ms, 20 runs are ' +
    'clean. Against v1 the call has moved from __oom_kill_process() to __oom_reap_task_mm(), and hlist_del_init() takes ' +
    'the node off the list on the stack, which cured a KASAN report (vmalloc-out-of-bounds).',
  appliesTo: APPLIES_TO,
  replacements: overlay(atReap),
};

export const mmuNotifierAsyncOomV2KillSite: Patch = {
  name: 'mmu-notifier-async-oom-v2-kill-site',
  title: `${TITLE} (call in __oom_kill_process())`,
  description:
    'mmu-notifier-async-oom-v2 with the call where its first version had it: in __oom_kill_process(), after the SIGKILL, ' +
    'with oom_lock held and without mmap_lock.',
  appliesTo: APPLIES_TO,
  replacements: overlay(atOomKill(mmu_notifier_oom_enter)),
};

export const mmuNotifierAsyncOomV2NoDelInit: Patch = {
  name: 'mmu-notifier-async-oom-v2-no-del-init',
  title: `${TITLE} (without hlist_del_init())`,
  description:
    'mmu-notifier-async-oom-v2 without the hlist_del_init() that its cover letter tells of: the node stays on the list, ' +
    'whose head stands on the stack of mmu_notifier_oom_enter() and is gone when that returns.',
  appliesTo: APPLIES_TO,
  replacements: [...overlay(atReap), replace(mmu_notifier_oom_enter, oomEnter(true))],
};
