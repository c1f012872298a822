import { atomic_read } from '../include/atomic.ts';
import { EAGAIN, EINVAL, EOVERFLOW } from '../include/errno.ts';
import { hlist_add_head, hlist_del_init, type HlistNode } from '../include/hlist.ts';
import { mmap_assert_write_locked } from '../include/mmap_lock.ts';
import { ULONG_MAX, type MmStruct } from '../include/mm_types.ts';
import {
  __mmu_notifier_invalidate_range_start_map,
  lock_map_acquire,
  lock_map_release,
  MMU_NOTIFIER_RANGE_BLOCKABLE,
  MMU_NOTIFY_RELEASE,
  mmu_notifier_range_blockable,
  mmu_notifier_range_init,
  MmuNotifierRange,
  type MmuIntervalNotifier,
  type MmuIntervalNotifierOps,
  type MmuNotifierSubscriptions,
} from '../include/mmu_notifier.ts';
import { READ_ONCE, smp_load_acquire, WRITE_ONCE } from '../include/rwonce.ts';
import { mmdrop, mmgrab } from '../kernel/fork.ts';
import { might_lock } from '../kernel/locking/lockdep.ts';
import { spin_lock, spin_unlock } from '../kernel/locking/spinlock.ts';
import { WARN_ON } from '../kernel/panic.ts';
import { might_sleep } from '../kernel/sched/core.ts';
import { wait_event, wake_up_all } from '../kernel/sched/wait.ts';
import { kfunc } from '../kfunc.ts';
import { __mmu_notifier_register, mmu_notifier_register, subscriptionsOf } from './mmu_notifier.ts';

// The interval half of mm/mmu_notifier.c: subscribers to ranges, with a sequence count that says when a range
// that somebody watches is being invalidated. While it is odd, the tree stands still and changes are deferred.

/** mn_itree_is_invalidating() - under `subscriptions->lock`. */
export const mn_itree_is_invalidating = kfunc(
  'mn_itree_is_invalidating',
  function* (subscriptions: MmuNotifierSubscriptions) {
    return ((yield* subscriptions.invalidate_seq.read()) & 1) === 1;
  },
  { inlined: true },
);

/**
 * mn_itree_inv_start_range() - a range starts; from here to the end the tree stands still if it is watched.
 *
 * Return: the subscribers that watch it, and the sequence number.
 */
export const mn_itree_inv_start_range = kfunc(
  'mn_itree_inv_start_range',
  function* (subscriptions: MmuNotifierSubscriptions, range: MmuNotifierRange) {
    yield* spin_lock(subscriptions.lock);
    const active = yield* subscriptions.active_invalidate_ranges.read();
    yield* subscriptions.active_invalidate_ranges.write(active + 1);
    const tree = yield* subscriptions.itree.read();
    const watchers = tree.filter((sub) => sub.start <= range.end - 1 && sub.last >= range.start);
    let seq = yield* subscriptions.invalidate_seq.read();
    if (watchers.length > 0) {
      seq |= 1;
      yield* subscriptions.invalidate_seq.write(seq);
    }
    yield* spin_unlock(subscriptions.lock);
    return { watchers, seq };
  },
  { inlined: true },
);

/** mn_itree_inv_end() - the last range ends: make the sequence even, catch up on changes, wake who waits. */
export const mn_itree_inv_end = kfunc(
  'mn_itree_inv_end',
  function* (subscriptions: MmuNotifierSubscriptions) {
    yield* spin_lock(subscriptions.lock);
    const active = (yield* subscriptions.active_invalidate_ranges.read()) - 1;
    yield* subscriptions.active_invalidate_ranges.write(active);
    if (active !== 0 || !(yield* mn_itree_is_invalidating(subscriptions))) {
      yield* spin_unlock(subscriptions.lock);
      return;
    }
    yield* subscriptions.invalidate_seq.write((yield* subscriptions.invalidate_seq.read()) + 1);

    let node: HlistNode<MmuIntervalNotifier> | null = yield* subscriptions.deferred_list.first.read();
    while (node !== null) {
      const next: HlistNode<MmuIntervalNotifier> | null = yield* node.next.read();
      const tree = yield* subscriptions.itree.read();
      if (tree.includes(node.owner)) yield* subscriptions.itree.write(without(tree, node.owner));
      else yield* subscriptions.itree.write(inserted(tree, node.owner));
      yield* hlist_del_init(node);
      node = next;
    }
    yield* spin_unlock(subscriptions.lock);
    yield* wake_up_all(subscriptions.wq);
  },
);

/** mn_itree_release() - one range over everything, so that all are called; none may refuse. */
export const mn_itree_release = kfunc(
  'mn_itree_release',
  function* (subscriptions: MmuNotifierSubscriptions, mm: MmStruct) {
    const range = new MmuNotifierRange();
    mmu_notifier_range_init(range, MMU_NOTIFY_RELEASE, MMU_NOTIFIER_RANGE_BLOCKABLE, mm, 0, ULONG_MAX);
    const { watchers, seq } = yield* mn_itree_inv_start_range(subscriptions, range);
    for (const sub of watchers) {
      WARN_ON(!(yield* opsOf(sub).invalidate(sub, range, seq)), 'mm/mmu_notifier.c:283');
    }
    yield* mn_itree_inv_end(subscriptions);
  },
  { inlined: true },
);

/**
 * mn_itree_invalidate() - call who watches the range.
 *
 * Return: 0, or -EAGAIN if one refused: then the range has ended already and end must not be called.
 */
export const mn_itree_invalidate = kfunc(
  'mn_itree_invalidate',
  function* (subscriptions: MmuNotifierSubscriptions, range: MmuNotifierRange) {
    const { watchers, seq } = yield* mn_itree_inv_start_range(subscriptions, range);
    for (const sub of watchers) {
      if (yield* opsOf(sub).invalidate(sub, range, seq)) continue;
      if (WARN_ON(mmu_notifier_range_blockable(range), 'mm/mmu_notifier.c:444')) continue;
      yield* mn_itree_inv_end(subscriptions);
      return -EAGAIN;
    }
    return 0;
  },
  { inlined: true },
);

/**
 * mmu_interval_read_begin() - start of a user's critical section against invalidations of its range.
 *
 * Context: may sleep until an invalidation that is under way ends.
 * Return: what mmu_interval_read_retry() wants.
 */
export const mmu_interval_read_begin = kfunc(
  'mmu_interval_read_begin',
  function* (interval_sub: MmuIntervalNotifier) {
    const subscriptions = yield* subscriptionsOf(mmOf(interval_sub));
    yield* spin_lock(subscriptions.lock);
    const seq = yield* READ_ONCE(interval_sub.invalidate_seq);
    const is_invalidating = seq === (yield* subscriptions.invalidate_seq.read());
    yield* spin_unlock(subscriptions.lock);

    // The wait below is for what runs inside a range: say so to lockdep even where it is not needed.
    lock_map_acquire(__mmu_notifier_invalidate_range_start_map());
    lock_map_release(__mmu_notifier_invalidate_range_start_map());
    if (is_invalidating) {
      yield* wait_event(subscriptions.wq, function* () {
        return (yield* READ_ONCE(subscriptions.invalidate_seq)) !== seq;
      });
    }
    return seq;
  },
);

/** mmu_interval_set_seq() - from the invalidate op, under the user's own lock. */
export const mmu_interval_set_seq = kfunc(
  'mmu_interval_set_seq',
  function* (interval_sub: MmuIntervalNotifier, cur_seq: number) {
    yield* WRITE_ONCE(interval_sub.invalidate_seq, cur_seq);
  },
  { inlined: true },
);

/** mmu_interval_read_retry() - true if the range was invalidated since; under the user's own lock. */
export const mmu_interval_read_retry = kfunc(
  'mmu_interval_read_retry',
  function* (interval_sub: MmuIntervalNotifier, seq: number) {
    return (yield* READ_ONCE(interval_sub.invalidate_seq)) !== seq;
  },
  { inlined: true },
);

/** __mmu_interval_notifier_insert() - put the subscription into the tree, or defer that to the last end. */
export const __mmu_interval_notifier_insert = kfunc(
  '__mmu_interval_notifier_insert',
  function* (
    interval_sub: MmuIntervalNotifier,
    mm: MmStruct,
    subscriptions: MmuNotifierSubscriptions,
    start: number,
    length: number,
    ops: MmuIntervalNotifierOps,
  ) {
    interval_sub.mm = mm;
    interval_sub.ops = ops;
    interval_sub.start = start;
    interval_sub.last = start + length - 1;
    if (length === 0) return -EOVERFLOW;
    if (WARN_ON((yield* atomic_read(mm.mm_users)) <= 0, 'mm/mmu_notifier.c:909')) return -EINVAL;
    // Dropped by mmu_interval_notifier_remove().
    yield* mmgrab(mm);

    // Which addresses the ranges under way cover is unknown, so this one counts as covered.
    yield* spin_lock(subscriptions.lock);
    if ((yield* subscriptions.active_invalidate_ranges.read()) !== 0) {
      if (yield* mn_itree_is_invalidating(subscriptions)) {
        yield* hlist_add_head(interval_sub.deferred_item, subscriptions.deferred_list);
      } else {
        yield* subscriptions.invalidate_seq.write((yield* subscriptions.invalidate_seq.read()) | 1);
        yield* subscriptions.itree.write(inserted(yield* subscriptions.itree.read(), interval_sub));
      }
      yield* interval_sub.invalidate_seq.write(yield* subscriptions.invalidate_seq.read());
    } else {
      WARN_ON(yield* mn_itree_is_invalidating(subscriptions), 'mm/mmu_notifier.c:940');
      yield* interval_sub.invalidate_seq.write((yield* subscriptions.invalidate_seq.read()) - 1);
      yield* subscriptions.itree.write(inserted(yield* subscriptions.itree.read(), interval_sub));
    }
    yield* spin_unlock(subscriptions.lock);
    return 0;
  },
  { inlined: true },
);

/** mmu_interval_notifier_insert() - subscribe to `length` bytes from `start`. Sleeps. */
export const mmu_interval_notifier_insert = kfunc(
  'mmu_interval_notifier_insert',
  function* (
    interval_sub: MmuIntervalNotifier,
    mm: MmStruct,
    start: number,
    length: number,
    ops: MmuIntervalNotifierOps,
  ) {
    if (mm.mmap_lock.dep_map !== null) might_lock(mm.mmap_lock.dep_map);
    const known = yield* smp_load_acquire(mm.notifier_subscriptions);
    if (known === null || !(yield* known.has_itree.read())) {
      const ret = yield* mmu_notifier_register(null, mm);
      if (ret !== 0) return ret;
    }
    const subscriptions = yield* subscriptionsOf(mm);
    return yield* __mmu_interval_notifier_insert(interval_sub, mm, subscriptions, start, length, ops);
  },
);

/** mmu_interval_notifier_insert_locked() - the same with mmap_lock held for write. */
export const mmu_interval_notifier_insert_locked = kfunc(
  'mmu_interval_notifier_insert_locked',
  function* (
    interval_sub: MmuIntervalNotifier,
    mm: MmStruct,
    start: number,
    length: number,
    ops: MmuIntervalNotifierOps,
  ) {
    mmap_assert_write_locked(mm);
    const known = yield* mm.notifier_subscriptions.read();
    if (known === null || !(yield* known.has_itree.read())) {
      const ret = yield* __mmu_notifier_register(null, mm);
      if (ret !== 0) return ret;
    }
    const subscriptions = yield* subscriptionsOf(mm);
    return yield* __mmu_interval_notifier_insert(interval_sub, mm, subscriptions, start, length, ops);
  },
);

/** mmu_interval_seq_released() - has the invalidation with this sequence number ended? */
export const mmu_interval_seq_released = kfunc(
  'mmu_interval_seq_released',
  function* (subscriptions: MmuNotifierSubscriptions, seq: number) {
    yield* spin_lock(subscriptions.lock);
    const ret = (yield* subscriptions.invalidate_seq.read()) !== seq;
    yield* spin_unlock(subscriptions.lock);
    return ret;
  },
);

/** mmu_interval_notifier_remove() - when it returns, the op does not run and will not. Not from an op. */
export const mmu_interval_notifier_remove = kfunc(
  'mmu_interval_notifier_remove',
  function* (interval_sub: MmuIntervalNotifier) {
    const mm = mmOf(interval_sub);
    const subscriptions = yield* subscriptionsOf(mm);
    let seq = 0;
    might_sleep('mm/mmu_notifier.c', 1045);

    yield* spin_lock(subscriptions.lock);
    const tree = yield* subscriptions.itree.read();
    if (yield* mn_itree_is_invalidating(subscriptions)) {
      if (!tree.includes(interval_sub)) {
        // Inserted while deferred, and not processed yet.
        yield* hlist_del_init(interval_sub.deferred_item);
      } else {
        yield* hlist_add_head(interval_sub.deferred_item, subscriptions.deferred_list);
        seq = yield* subscriptions.invalidate_seq.read();
      }
    } else {
      WARN_ON(!tree.includes(interval_sub), 'mm/mmu_notifier.c:1061');
      yield* subscriptions.itree.write(without(tree, interval_sub));
    }
    yield* spin_unlock(subscriptions.lock);

    lock_map_acquire(__mmu_notifier_invalidate_range_start_map());
    lock_map_release(__mmu_notifier_invalidate_range_start_map());
    if (seq !== 0) {
      yield* wait_event(subscriptions.wq, function* () {
        return yield* mmu_interval_seq_released(subscriptions, seq);
      });
    }
    yield* mmdrop(mm);
  },
);

type Tree = readonly MmuIntervalNotifier[];

function inserted(tree: Tree, sub: MmuIntervalNotifier): Tree {
  const before = tree.filter((other) => other.start <= sub.start);
  return [...before, sub, ...tree.filter((other) => other.start > sub.start)];
}

function without(tree: Tree, sub: MmuIntervalNotifier): Tree {
  return tree.filter((other) => other !== sub);
}

function opsOf(sub: MmuIntervalNotifier): MmuIntervalNotifierOps {
  if (sub.ops === null) throw new Error('an interval notifier without ops is in the tree');
  return sub.ops;
}

function mmOf(sub: MmuIntervalNotifier): MmStruct {
  if (sub.mm === null) throw new Error('an interval notifier without an mm');
  return sub.mm;
}
