import { assert } from '../../base/assert.ts';
import type { Body } from '../../sim/call.ts';
import { EAGAIN, EINVAL, ENOMEM } from '../include/errno.ts';
import { atomic_read } from '../include/atomic.ts';
import { GFP_KERNEL } from '../include/gfp.ts';
import {
  hlist_add_head_rcu,
  hlist_del_init_rcu,
  hlist_empty,
  hlist_unhashed,
  type HlistNode,
} from '../include/hlist.ts';
import { mmap_assert_write_locked, mmap_write_lock, mmap_write_unlock } from '../include/mmap_lock.ts';
import type { MmStruct } from '../include/mm_types.ts';
import {
  __mmu_notifier_invalidate_range_start_map,
  lock_map_acquire,
  lock_map_release,
  mm_has_notifiers,
  mmu_notifier_range_blockable,
  MmuNotifierSubscriptions,
  type MmuNotifier,
  type MmuNotifierOps,
  type MmuNotifierRange,
} from '../include/mmu_notifier.ts';
import { mmdrop, mmgrab } from '../kernel/fork.ts';
import { spin_lock, spin_unlock } from '../kernel/locking/spinlock.ts';
import { BUG_ON } from '../kernel/bug.ts';
import { WARN_ON, WARN_ON_ONCE } from '../kernel/panic.ts';
import {
  call_srcu,
  SrcuStruct,
  srcu_read_lock,
  srcu_read_unlock,
  synchronize_srcu,
} from '../kernel/rcu/srcutree.ts';
import { non_block_end, non_block_start } from '../kernel/sched/core.ts';
import { kernelGlobal } from '../globals.ts';
import { rcu_dereference, smp_store_release } from '../include/rwonce.ts';
import { kernel } from '../kernel.ts';
import { kfunc, nothing } from '../kfunc.ts';
import { pr_info } from '../printk.ts';
import { entryFor, formatEntry } from '../stack.ts';
import { reserve } from '../struct.ts';
import { mn_itree_inv_end, mn_itree_invalidate, mn_itree_release } from './mmu_interval_notifier.ts';
import { mm_drop_all_locks, mm_take_all_locks } from './mm_all_locks.ts';
import { kfree, kzalloc } from './slab.ts';

/** One for all mms: a reader anywhere delays every grace period here. */
export const srcu = kernelGlobal('srcu', () => new SrcuStruct('srcu', reserve('global', 'srcu', 1024)));

/**
 * mn_hlist_release() - release all subscribers, detach them, wait for readers; in this order.
 *
 * Context: exit_mmap() of the last user, so nobody registers any more. Sleeps.
 */
export const mn_hlist_release = kfunc(
  'mn_hlist_release',
  function* (subscriptions: MmuNotifierSubscriptions, mm: MmStruct) {
    const id = yield* srcu_read_lock(srcu());
    let node: HlistNode<MmuNotifier> | null = yield* rcu_dereference(subscriptions.list.first);
    while (node !== null) {
      const subscription = node.owner;
      const { release } = yield* subscription.ops.read();
      if (release) yield* release(subscription, mm);
      node = yield* rcu_dereference(node.next);
    }

    yield* spin_lock(subscriptions.lock);
    for (;;) {
      const first: HlistNode<MmuNotifier> | null = yield* rcu_dereference(subscriptions.list.first);
      if (first === null) break;
      // Who comes with mmu_notifier_unregister() later finds itself unhashed and only waits.
      yield* hlist_del_init_rcu(first);
    }
    yield* spin_unlock(subscriptions.lock);
    yield* srcu_read_unlock(srcu(), id);

    // A release that mmu_notifier_unregister() calls elsewhere must have returned before pages are freed.
    yield* synchronize_srcu(srcu());
  },
  { inlined: true },
);

/** __mmu_notifier_release() - interval subscribers first, the list only if somebody is on it. */
export const __mmu_notifier_release = kfunc('__mmu_notifier_release', function* (mm: MmStruct) {
  const subscriptions = yield* subscriptionsOf(mm);
  if (yield* subscriptions.has_itree.read()) yield* mn_itree_release(subscriptions, mm);
  if (!(yield* hlist_empty(subscriptions.list))) yield* mn_hlist_release(subscriptions, mm);
});

/** __mmu_notifier_clear_flush_young() - was the range accessed through a secondary MMU? Clears that. */
export const __mmu_notifier_clear_flush_young = kfunc(
  '__mmu_notifier_clear_flush_young',
  function* (mm: MmStruct, start: number, end: number) {
    let young = false;
    const id = yield* srcu_read_lock(srcu());
    const subscriptions = yield* subscriptionsOf(mm);
    let node: HlistNode<MmuNotifier> | null = yield* rcu_dereference(subscriptions.list.first);
    while (node !== null) {
      const subscription = node.owner;
      const { clear_flush_young } = yield* subscription.ops.read();
      if (clear_flush_young && (yield* clear_flush_young(subscription, mm, start, end))) young = true;
      node = yield* rcu_dereference(node.next);
    }
    yield* srcu_read_unlock(srcu(), id);
    return young;
  },
);

/** __mmu_notifier_clear_young() - the same without a flush of secondary TLBs. */
export const __mmu_notifier_clear_young = kfunc(
  '__mmu_notifier_clear_young',
  function* (mm: MmStruct, start: number, end: number) {
    let young = false;
    const id = yield* srcu_read_lock(srcu());
    const subscriptions = yield* subscriptionsOf(mm);
    let node: HlistNode<MmuNotifier> | null = yield* rcu_dereference(subscriptions.list.first);
    while (node !== null) {
      const subscription = node.owner;
      const { clear_young } = yield* subscription.ops.read();
      if (clear_young && (yield* clear_young(subscription, mm, start, end))) young = true;
      node = yield* rcu_dereference(node.next);
    }
    yield* srcu_read_unlock(srcu(), id);
    return young;
  },
);

/** __mmu_notifier_test_young() - only looks; stops at the first subscriber that says yes. */
export const __mmu_notifier_test_young = kfunc(
  '__mmu_notifier_test_young',
  function* (mm: MmStruct, address: number) {
    let young = false;
    const id = yield* srcu_read_lock(srcu());
    const subscriptions = yield* subscriptionsOf(mm);
    let node: HlistNode<MmuNotifier> | null = yield* rcu_dereference(subscriptions.list.first);
    while (node !== null) {
      const subscription = node.owner;
      const { test_young } = yield* subscription.ops.read();
      if (test_young) young = yield* test_young(subscription, mm, address);
      if (young) break;
      node = yield* rcu_dereference(node.next);
    }
    yield* srcu_read_unlock(srcu(), id);
    return young;
  },
);

/** Nobody tells a subscriber that its start counts as failed, so who can fail must not have an end. */
export const mn_check_refusal = kfunc(
  'mn_check_refusal',
  function* (ops: MmuNotifierOps): Body<void> {
    WARN_ON(ops.invalidate_range_end !== undefined, 'mm/mmu_notifier.c:495');
  },
  { inlined: true },
);

/** After a refusal: call every end there is, in the same section of srcu. */
export const mn_hlist_unwind = kfunc(
  'mn_hlist_unwind',
  function* (subscriptions: MmuNotifierSubscriptions, range: MmuNotifierRange) {
    let node: HlistNode<MmuNotifier> | null = yield* rcu_dereference(subscriptions.list.first);
    while (node !== null) {
      const subscription = node.owner;
      const { invalidate_range_end } = yield* subscription.ops.read();
      if (invalidate_range_end) {
        kernel().hooks.emit('invalidateEnded', subscription, range);
        yield* invalidate_range_end(subscription, range);
      }
      node = yield* rcu_dereference(node.next);
    }
  },
  { inlined: true },
);

/** Puts a subscription on the list. Context: subscriptions->lock. */
export const mn_hlist_insert = kfunc(
  'mn_hlist_insert',
  function* (subscription: MmuNotifier, subscriptions: MmuNotifierSubscriptions) {
    yield* hlist_add_head_rcu(subscription.hlist, subscriptions.list);
  },
  { inlined: true },
);

/**
 * mn_hlist_invalidate_range_start() - call every start; if one refused, call the ends of the others.
 *
 * Context: may sleep if the range is blockable. All in one read-side section of srcu, which ends here and
 * not with the matching end.
 * Return: 0, or what the last subscriber that refused returned.
 */
export const mn_hlist_invalidate_range_start = kfunc(
  'mn_hlist_invalidate_range_start',
  function* (subscriptions: MmuNotifierSubscriptions, range: MmuNotifierRange) {
    let ret = 0;
    const id = yield* srcu_read_lock(srcu());
    let node: HlistNode<MmuNotifier> | null = yield* rcu_dereference(subscriptions.list.first);
    while (node !== null) {
      const subscription = node.owner;
      const ops = yield* subscription.ops.read();
      if (ops.invalidate_range_start) {
        if (!mmu_notifier_range_blockable(range)) non_block_start();
        const _ret = yield* ops.invalidate_range_start(subscription, range);
        if (!mmu_notifier_range_blockable(range)) non_block_end();
        if (_ret !== 0) {
          const name = formatEntry({ ...entryFor(ops.invalidate_range_start.symbol.name, ''), offset: 0 });
          const kind = mmu_notifier_range_blockable(range) ? '' : 'non-';
          pr_info(`${name} callback failed with ${_ret} in ${kind}blockable context.`);
          WARN_ON(mmu_notifier_range_blockable(range) || _ret !== -EAGAIN, 'mm/mmu_notifier.c:487');
          yield* mn_check_refusal(ops);
          ret = _ret;
        } else {
          kernel().hooks.emit('invalidateStarted', subscription, range);
        }
      }
      node = yield* rcu_dereference(node.next);
    }

    if (ret !== 0) {
      // The caller will not call end: those that started get theirs here.
      yield* mn_hlist_unwind(subscriptions, range);
      for (const listener of kernel().hooks.rangeOver) yield* listener(range);
    }
    yield* srcu_read_unlock(srcu(), id);
    return ret;
  },
  { inlined: true },
);

/** __mmu_notifier_invalidate_range_start() - a refusal of the interval side keeps the list from being asked. */
export const __mmu_notifier_invalidate_range_start = kfunc(
  '__mmu_notifier_invalidate_range_start',
  function* (range: MmuNotifierRange) {
    const subscriptions = yield* subscriptionsOf(range.mm);
    if (yield* subscriptions.has_itree.read()) {
      const ret = yield* mn_itree_invalidate(subscriptions, range);
      if (ret !== 0) return ret;
    }
    if (!(yield* hlist_empty(subscriptions.list))) {
      return yield* mn_hlist_invalidate_range_start(subscriptions, range);
    }
    return 0;
  },
  { leaves: nothing },
);

/** mn_hlist_invalidate_end() - call every end, in a read-side section of its own. */
export const mn_hlist_invalidate_end = kfunc(
  'mn_hlist_invalidate_end',
  function* (subscriptions: MmuNotifierSubscriptions, range: MmuNotifierRange) {
    const id = yield* srcu_read_lock(srcu());
    let node: HlistNode<MmuNotifier> | null = yield* rcu_dereference(subscriptions.list.first);
    while (node !== null) {
      const subscription = node.owner;
      const { invalidate_range_end } = yield* subscription.ops.read();
      if (invalidate_range_end) {
        kernel().hooks.emit('invalidateEnded', subscription, range);
        if (!mmu_notifier_range_blockable(range)) non_block_start();
        yield* invalidate_range_end(subscription, range);
        if (!mmu_notifier_range_blockable(range)) non_block_end();
      }
      node = yield* rcu_dereference(node.next);
    }
    yield* srcu_read_unlock(srcu(), id);
  },
  { inlined: true },
);

export const __mmu_notifier_invalidate_range_end = kfunc(
  '__mmu_notifier_invalidate_range_end',
  function* (range: MmuNotifierRange) {
    const subscriptions = yield* subscriptionsOf(range.mm);
    lock_map_acquire(__mmu_notifier_invalidate_range_start_map());
    if (yield* subscriptions.has_itree.read()) yield* mn_itree_inv_end(subscriptions);
    if (!(yield* hlist_empty(subscriptions.list))) yield* mn_hlist_invalidate_end(subscriptions, range);
    for (const listener of kernel().hooks.rangeOver) yield* listener(range);
    lock_map_release(__mmu_notifier_invalidate_range_start_map());
  },
  { leaves: nothing },
);

export const __mmu_notifier_arch_invalidate_secondary_tlbs = kfunc(
  '__mmu_notifier_arch_invalidate_secondary_tlbs',
  function* (mm: MmStruct, start: number, end: number) {
    const id = yield* srcu_read_lock(srcu());
    const subscriptions = yield* subscriptionsOf(mm);
    let node: HlistNode<MmuNotifier> | null = yield* rcu_dereference(subscriptions.list.first);
    while (node !== null) {
      const subscription = node.owner;
      const { arch_invalidate_secondary_tlbs } = yield* subscription.ops.read();
      if (arch_invalidate_secondary_tlbs) yield* arch_invalidate_secondary_tlbs(subscription, mm, start, end);
      node = yield* rcu_dereference(node.next);
    }
    yield* srcu_read_unlock(srcu(), id);
  },
);

/**
 * __mmu_notifier_register() - subscribe to an mm; without a subscription, make it ready for interval ones.
 *
 * Context: mmap_lock held for write; the caller's mm_users keeps mmu_notifier_release() away. Sleeps.
 * Return: 0, -EINVAL, -ENOMEM, or -EINTR with a signal pending.
 */
export const __mmu_notifier_register = kfunc(
  '__mmu_notifier_register',
  function* (subscription: MmuNotifier | null, mm: MmStruct) {
    mmap_assert_write_locked(mm);
    yield* BUG_ON((yield* atomic_read(mm.mm_users)) <= 0, 'mm/mmu_notifier.c:603');

    const ops = subscription === null ? {} : yield* subscription.ops.read();
    const both =
      ops.arch_invalidate_secondary_tlbs !== undefined &&
      (ops.invalidate_range_start !== undefined || ops.invalidate_range_end !== undefined);
    if (WARN_ON_ONCE(both, 'mm/mmu_notifier.c:609')) return -EINVAL;

    let subscriptions: MmuNotifierSubscriptions | null = null;
    if (!(yield* mm_has_notifiers(mm))) {
      // Not under mm_take_all_locks(): memory must not be allocated there.
      subscriptions = yield* kzalloc(MmuNotifierSubscriptions, GFP_KERNEL, SUBSCRIPTIONS);
      if (subscriptions === null) return -ENOMEM;
    }

    const ret = yield* mm_take_all_locks(mm);
    if (ret !== 0) {
      if (subscriptions !== null) yield* kfree(subscriptions);
      return ret;
    }

    // A release store: who sees the pointer without a lock sees the contents.
    if (subscriptions !== null) yield* smp_store_release(mm.notifier_subscriptions, subscriptions);

    if (subscription !== null) {
      // Dropped by mmu_notifier_unregister() and its like.
      yield* mmgrab(mm);
      yield* subscription.mm.write(mm);
      yield* subscription.users.write(1);

      const published = yield* subscriptionsOf(mm);
      yield* spin_lock(published.lock);
      yield* mn_hlist_insert(subscription, published);
      yield* spin_unlock(published.lock);
    } else {
      const published = yield* subscriptionsOf(mm);
      yield* published.has_itree.write(true);
    }

    yield* mm_drop_all_locks(mm);
    yield* BUG_ON((yield* atomic_read(mm.mm_users)) <= 0, 'mm/mmu_notifier.c:671');
    return 0;
  },
);

/** mmu_notifier_register() - __mmu_notifier_register() with mmap_lock taken for write. */
export const mmu_notifier_register = kfunc(
  'mmu_notifier_register',
  function* (subscription: MmuNotifier | null, mm: MmStruct) {
    yield* mmap_write_lock(mm);
    const ret = yield* __mmu_notifier_register(subscription, mm);
    yield* mmap_write_unlock(mm);
    return ret;
  },
);

/** find_get_mmu_notifier() - the subscription with these ops, with its count raised; null if there is none. */
export const find_get_mmu_notifier = kfunc(
  'find_get_mmu_notifier',
  function* (mm: MmStruct, ops: MmuNotifierOps) {
    const subscriptions = yield* subscriptionsOf(mm);
    yield* spin_lock(subscriptions.lock);
    let node: HlistNode<MmuNotifier> | null = yield* rcu_dereference(subscriptions.list.first);
    while (node !== null && (yield* node.owner.ops.read()) !== ops) {
      node = yield* rcu_dereference(node.next);
    }
    if (node !== null) yield* node.owner.users.write((yield* node.owner.users.read()) + 1);
    yield* spin_unlock(subscriptions.lock);
    return node === null ? null : node.owner;
  },
  { inlined: true },
);

/**
 * mmu_notifier_get_locked() - the one subscription of an mm with these ops, allocated by them if needed.
 *
 * Context: mmap_lock held for write.
 * Return: the subscription, to be put with mmu_notifier_put(), or a negative error number.
 */
export const mmu_notifier_get_locked = kfunc(
  'mmu_notifier_get_locked',
  function* (ops: MmuNotifierOps, mm: MmStruct) {
    mmap_assert_write_locked(mm);
    if (yield* mm_has_notifiers(mm)) {
      const found = yield* find_get_mmu_notifier(mm, ops);
      if (found !== null) return found;
    }
    if (ops.alloc_notifier === undefined || ops.free_notifier === undefined) return -EINVAL;
    const subscription = yield* ops.alloc_notifier(mm);
    if (typeof subscription === 'number') return subscription;
    yield* subscription.ops.write(ops);
    const ret = yield* __mmu_notifier_register(subscription, mm);
    if (ret === 0) return subscription;
    yield* ops.free_notifier(subscription);
    return ret;
  },
);

/** __mmu_notifier_subscriptions_destroy() - called after the last mmu_notifier_unregister() returned. */
export const __mmu_notifier_subscriptions_destroy = kfunc(
  '__mmu_notifier_subscriptions_destroy',
  function* (mm: MmStruct) {
    const subscriptions = yield* subscriptionsOf(mm);
    yield* BUG_ON(!(yield* hlist_empty(subscriptions.list)), 'mm/mmu_notifier.c:782');
    yield* kfree(subscriptions);
  },
);

/**
 * mmu_notifier_unregister() - call release unless exit_mmap() did, detach, wait for readers, drop the mm.
 *
 * Context: sleeps. Must not be called from inside a read-side section of srcu, that is from a callback.
 */
export const mmu_notifier_unregister = kfunc(
  'mmu_notifier_unregister',
  function* (subscription: MmuNotifier, mm: MmStruct) {
    yield* BUG_ON((yield* atomic_read(mm.mm_count)) <= 0, 'mm/mmu_notifier.c:800');

    if (!(yield* hlist_unhashed(subscription.hlist))) {
      // exit_mmap() waits in mmu_notifier_release() until the release here has returned.
      const id = yield* srcu_read_lock(srcu());
      const { release } = yield* subscription.ops.read();
      if (release) yield* release(subscription, mm);
      yield* srcu_read_unlock(srcu(), id);

      const subscriptions = yield* subscriptionsOf(mm);
      yield* spin_lock(subscriptions.lock);
      // __mmu_notifier_release() may have been faster: the deletion looks again whether it is hashed.
      yield* hlist_del_init_rcu(subscription.hlist);
      yield* spin_unlock(subscriptions.lock);
    }

    // Any method that runs elsewhere has returned after this, release included.
    yield* synchronize_srcu(srcu());

    yield* BUG_ON((yield* atomic_read(mm.mm_count)) <= 0, 'mm/mmu_notifier.c:833');
    yield* mmdrop(mm);
  },
);

/** mmu_notifier_free_rcu() - the grace period after the last put is over. */
export const mmu_notifier_free_rcu = kfunc('mmu_notifier_free_rcu', function* (subscription: MmuNotifier) {
  const mm = yield* subscription.mm.read();
  const { free_notifier } = yield* subscription.ops.read();
  if (free_notifier) yield* free_notifier(subscription);
  if (mm !== null) yield* mmdrop(mm);
});

/** mmu_notifier_put() - give back what mmu_notifier_get_locked() gave; the last one frees after readers. */
export const mmu_notifier_put = kfunc('mmu_notifier_put', function* (subscription: MmuNotifier) {
  const mm = yield* subscription.mm.read();
  if (mm === null) return;
  const subscriptions = yield* subscriptionsOf(mm);
  yield* spin_lock(subscriptions.lock);
  const users = yield* subscription.users.read();
  if (!WARN_ON(users === 0, 'mm/mmu_notifier.c:877')) yield* subscription.users.write(users - 1);
  if (users !== 1) {
    yield* spin_unlock(subscriptions.lock);
    return;
  }
  yield* hlist_del_init_rcu(subscription.hlist);
  yield* spin_unlock(subscriptions.lock);
  yield* call_srcu(srcu(), subscription.rcu, () => mmu_notifier_free_rcu(subscription));
});

/** mmu_notifier_synchronize() - wait for callbacks that run; not for queued ones to have run. */
export const mmu_notifier_synchronize = kfunc('mmu_notifier_synchronize', function* () {
  yield* synchronize_srcu(srcu());
});

const SUBSCRIPTIONS = { label: 'mmu_notifier_subscriptions', size: 296 };

/** `mm->notifier_subscriptions` where it is known to be set. */
export function* subscriptionsOf(mm: MmStruct): Body<MmuNotifierSubscriptions> {
  const subscriptions = yield* mm.notifier_subscriptions.read();
  assert(subscriptions !== null, 'the mm has no notifier subscriptions');
  return subscriptions;
}
