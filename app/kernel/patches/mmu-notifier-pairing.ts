import type { Body } from '../../sim/call.ts';
import { EAGAIN } from '../include/errno.ts';
import type { HlistLink, HlistNode } from '../include/hlist.ts';
import {
  mmu_notifier_invalidate_range_end,
  mmu_notifier_range_blockable,
  type MmuNotifier,
  type MmuNotifierRange,
  type MmuNotifierSubscriptions,
} from '../include/mmu_notifier.ts';
import { rcu_assign_pointer, rcu_dereference, WRITE_ONCE } from '../include/rwonce.ts';
import { kernel } from '../kernel.ts';
import { replace } from '../kfunc.ts';
import { WARN_ON } from '../kernel/panic.ts';
import { srcu_read_lock, srcu_read_unlock } from '../kernel/rcu/srcutree.ts';
import { non_block_end, non_block_start } from '../kernel/sched/core.ts';
import {
  mn_check_refusal,
  mn_hlist_insert,
  mn_hlist_invalidate_range_start,
  mn_hlist_unwind,
  srcu,
} from '../mm/mmu_notifier.ts';
import { reap_refused } from '../mm/oom_reaper.ts';
import { pr_info } from '../printk.ts';
import { entryFor, formatEntry } from '../stack.ts';
import type { Patch } from '../tree.ts';

// What was said in March 2021 about subscribers that start an invalidation which another one then refuses.

export const oomReaperAlwaysEnd: Patch = {
  name: 'oom-reaper-always-end',
  title: 'mm/oom_kill: Ensure MMU notifier range_end() is called',
  description:
    'Proposed by Sean Christopherson on 10 March 2021: the reaper calls the ends whatever the starts returned. The walk of ' +
    'the list does not stop at a refusal, so that all others have started. Jason Gunthorpe: by contract there is no end ' +
    'after a refused start, and who has not been asked to start would be told of an end. Held back.',
  appliesTo: ['v5.11'],
  replacements: [
    replace(reap_refused, function* (range) {
      yield* mmu_notifier_invalidate_range_end(range);
    }),
  ],
};

/** A subscriber's place in the order. */
const addressOfNode = ({ memory }: MmuNotifier): number => memory.address;

/** Where a subscriber belongs: before the first with a higher address. */
function* placeFor(
  subscription: MmuNotifier,
  { list }: MmuNotifierSubscriptions,
): Body<HlistLink<MmuNotifier>> {
  let link = list.first;
  for (;;) {
    const node: HlistNode<MmuNotifier> | null = yield* rcu_dereference(link);
    if (node === null || addressOfNode(node.owner) > addressOfNode(subscription)) return link;
    link = node.next;
  }
}

/** Calls ends from the start of the list up to `refused`. */
function* endBelow(
  refused: MmuNotifier,
  subscriptions: MmuNotifierSubscriptions,
  range: MmuNotifierRange,
): Body<void> {
  let node: HlistNode<MmuNotifier> | null = yield* rcu_dereference(subscriptions.list.first);
  while (node !== null && addressOfNode(node.owner) < addressOfNode(refused)) {
    const { invalidate_range_end } = yield* node.owner.ops.read();
    if (invalidate_range_end) {
      kernel().hooks.emit('invalidateEnded', node.owner, range);
      yield* invalidate_range_end(node.owner, range);
    }
    node = yield* rcu_dereference(node.next);
  }
}

export const mmuNotifierSortedUnwind: Patch = {
  name: 'mmu-notifier-sorted-unwind',
  title: 'mm/mmu_notifier: keep subscriptions sorted, and end those before the one that refused',
  description:
    'Jason Gunthorpe’s idea in the same thread: entries may leave the list meanwhile, so that who had started cannot be ' +
    'found again by counting; but if the list is sorted by address and the walk stops at the first refusal, it is who ' +
    'stands below the one that refused.',
  appliesTo: ['v5.11'],
  replacements: [
    replace(mn_hlist_insert, function* (subscription, subscriptions) {
      const link = yield* placeFor(subscription, subscriptions);
      const { hlist } = subscription;
      const next = yield* link.read();
      yield* hlist.next.write(next);
      yield* WRITE_ONCE(hlist.pprev, link);
      yield* rcu_assign_pointer(link, hlist);
      if (next !== null) yield* WRITE_ONCE(next.pprev, hlist.next);
    }),
    replace(mn_hlist_invalidate_range_start, function* (subscriptions, range) {
      let ret = 0;
      const id = yield* srcu_read_lock(srcu());
      let node: HlistNode<MmuNotifier> | null = yield* rcu_dereference(subscriptions.list.first);
      for (; node !== null && ret === 0; node = yield* rcu_dereference(node.next)) {
        const subscription = node.owner;
        const { invalidate_range_start } = yield* subscription.ops.read();
        if (!invalidate_range_start) continue;
        if (!mmu_notifier_range_blockable(range)) non_block_start();
        ret = yield* invalidate_range_start(subscription, range);
        if (!mmu_notifier_range_blockable(range)) non_block_end();
        if (ret === 0) {
          kernel().hooks.emit('invalidateStarted', subscription, range);
          continue;
        }
        tellOfRefusal(invalidate_range_start.symbol.name, ret, range);
        yield* endBelow(subscription, subscriptions, range);
      }
      yield* srcu_read_unlock(srcu(), id);
      return ret;
    }),
  ],
};

function tellOfRefusal(start: string, ret: number, range: MmuNotifierRange): void {
  const name = formatEntry({ ...entryFor(start, ''), offset: 0 });
  const blockable = mmu_notifier_range_blockable(range);
  pr_info(`${name} callback failed with ${ret} in ${blockable ? '' : 'non-'}blockable context.`);
  WARN_ON(blockable || ret !== -EAGAIN, 'mm/mmu_notifier.c:487');
}

export const mmuNotifierNoUnwind: Patch = {
  name: 'mmu-notifier-no-unwind',
  title: 'Revert "mm/mmu_notifiers: ensure range_end() is paired with range_start()"',
  description:
    'c2655835fd8c of v5.12 taken back: where one subscriber refuses, the others are not told of the end. Later kernels rely ' +
    'on that; KVM has changes of memslots wait until all that was started has ended.',
  appliesTo: ['v5.12', 'v5.15', 'v6.12', 'v6.18', 'v7.3'],
  replacements: [replace(mn_hlist_unwind, function* () {}), replace(mn_check_refusal, function* () {})],
};
