import type { Call } from '../../sim/call.ts';
import type { Cell } from '../../sim/cell.ts';
import type { Memory } from '../../sim/memory.ts';
import { runningTask } from '../../sim/machine-in-force.ts';
import { hasLockdep, LockdepMap, lock_acquire, lock_release } from '../kernel/locking/lockdep.ts';
import { Spinlock } from '../kernel/locking/spinlock.ts';
import { RcuHead } from '../kernel/rcu/rcu_head.ts';
import { might_sleep } from '../kernel/sched/core.ts';
import { WaitQueueHead } from '../kernel/sched/wait.ts';
import { kernelGlobal } from '../globals.ts';
import { kfunc, type KernelFunction } from '../kfunc.ts';
import {
  __mmu_notifier_arch_invalidate_secondary_tlbs,
  __mmu_notifier_clear_flush_young,
  __mmu_notifier_clear_young,
  __mmu_notifier_invalidate_range_end,
  __mmu_notifier_invalidate_range_start,
  __mmu_notifier_release,
  __mmu_notifier_subscriptions_destroy,
  __mmu_notifier_test_young,
} from '../mm/mmu_notifier.ts';
import { thisFunction } from '../stack.ts';
import { Struct } from '../struct.ts';
import { HlistHead, HlistNode } from './hlist.ts';
import type { MmStruct } from './mm_types.ts';

/** enum mmu_notifier_event - why a range is invalidated. */
export const MMU_NOTIFY_UNMAP = 0;
export const MMU_NOTIFY_CLEAR = 1;
export const MMU_NOTIFY_PROTECTION_VMA = 2;
export const MMU_NOTIFY_PROTECTION_PAGE = 3;
export const MMU_NOTIFY_SOFT_DIRTY = 4;
export const MMU_NOTIFY_RELEASE = 5;
export const MMU_NOTIFY_MIGRATE = 6;
export const MMU_NOTIFY_EXCLUSIVE = 7;

/** Bits of `range->flags`. */
export const MMU_NOTIFIER_RANGE_BLOCKABLE = 1 << 0;

/** struct mmu_notifier_range - stands on the caller's stack, seen by the callbacks that it is handed to. */
export class MmuNotifierRange {
  mm!: MmStruct;
  start = 0;
  end = 0;
  flags = 0;
  event = MMU_NOTIFY_UNMAP;
}

export function mmu_notifier_range_init(
  range: MmuNotifierRange,
  event: number,
  flags: number,
  mm: MmStruct,
  start: number,
  end: number,
): void {
  range.event = event;
  range.mm = mm;
  range.start = start;
  range.end = end;
  range.flags = flags;
}

export function mmu_notifier_range_blockable(range: MmuNotifierRange): boolean {
  return (range.flags & MMU_NOTIFIER_RANGE_BLOCKABLE) !== 0;
}

/**
 * struct mmu_notifier_ops - what a subscriber wants to hear of. Each is called inside a read-side section of
 * the global srcu.
 */
export interface MmuNotifierOps {
  /** Last call before the pages of the mm are freed: drop every secondary mapping. */
  readonly release?: KernelFunction<[subscription: MmuNotifier, mm: MmStruct], void>;
  readonly clear_flush_young?: KernelFunction<
    [subscription: MmuNotifier, mm: MmStruct, start: number, end: number],
    boolean
  >;
  readonly clear_young?: KernelFunction<
    [subscription: MmuNotifier, mm: MmStruct, start: number, end: number],
    boolean
  >;
  readonly test_young?: KernelFunction<[subscription: MmuNotifier, mm: MmStruct, address: number], boolean>;
  /** Returns 0, or -EAGAIN where the range is not blockable; who may refuse must have no end op. */
  readonly invalidate_range_start?: KernelFunction<
    [subscription: MmuNotifier, range: MmuNotifierRange],
    number
  >;
  readonly invalidate_range_end?: KernelFunction<[subscription: MmuNotifier, range: MmuNotifierRange], void>;
  readonly arch_invalidate_secondary_tlbs?: KernelFunction<
    [subscription: MmuNotifier, mm: MmStruct, start: number, end: number],
    void
  >;
  /** flags of v4.16 to v4.18, MMU_INVALIDATE_DOES_NOT_BLOCK: the reaper may call it. */
  readonly invalidateDoesNotBlock?: boolean;
  /** For mmu_notifier_get(): a notifier, or a negative error number. */
  readonly alloc_notifier?: (mm: MmStruct) => Call<MmuNotifier | number>;
  readonly free_notifier?: (subscription: MmuNotifier) => Call<void>;
}

/**
 * struct mmu_notifier - a subscription of one mm. Usually embedded: `container` is what container_of() gives.
 */
export class MmuNotifier extends Struct {
  /** On `subscriptions->list`. Changed under `subscriptions->lock`, walked under srcu. */
  readonly hlist: HlistNode<MmuNotifier>;
  /** For mmu_notifier_put(). */
  readonly rcu: RcuHead;
  /** Under `subscriptions->lock`; counts mmu_notifier_get(). */
  readonly users: Cell<number>;
  /** Written before the subscription is published. The first thing that a walk of the list looks at. */
  readonly ops: Cell<MmuNotifierOps>;
  /** Pinned by mm_count while subscribed. Written before the subscription is published. */
  readonly mm: Cell<MmStruct | null>;

  constructor(
    memory: Memory,
    path = '',
    readonly container: Struct | null = null,
  ) {
    super(memory, path);
    this.hlist = new HlistNode<MmuNotifier>(this, `${path}hlist`, memory);
    this.ops = this.field<MmuNotifierOps>('ops', {});
    this.mm = this.field<MmStruct | null>('mm', null);
    this.rcu = new RcuHead(memory, `${path}rcu.`, this);
    this.users = this.field('users', 0);
  }
}

/** struct mmu_notifier_subscriptions - of one mm; published once, freed by the last mmdrop(). */
export class MmuNotifierSubscriptions extends Struct {
  /** Newest first. Writers hold `lock`, readers srcu; the tests for emptiness hold nothing. */
  readonly list: HlistHead<MmuNotifier>;
  /** Set once, by the first interval subscription. */
  readonly has_itree = this.field('has_itree', false);
  readonly lock: Spinlock;
  /** Odd while a range that somebody watches is invalidated. Under `lock`; `wq` waiters read it bare. */
  readonly invalidate_seq = this.field('invalidate_seq', 2);
  /** Under `lock`. */
  readonly active_invalidate_ranges = this.field('active_invalidate_ranges', 0);
  /** The interval tree as a list in order of start, then of insertion. Under `lock`; stable while seq is odd. */
  readonly itree = this.field<readonly MmuIntervalNotifier[]>('itree', []);
  readonly wq: WaitQueueHead;
  readonly deferred_list: HlistHead<MmuIntervalNotifier>;

  constructor(memory: Memory) {
    super(memory);
    this.list = new HlistHead<MmuNotifier>('list', memory);
    this.lock = new Spinlock('&subscriptions->lock', memory);
    this.wq = new WaitQueueHead('&subscriptions->wq', memory);
    this.deferred_list = new HlistHead<MmuIntervalNotifier>('deferred_list', memory);
  }
}

/** struct mmu_interval_notifier_ops */
export interface MmuIntervalNotifierOps {
  /** False refuses, which is legal for ranges that are not blockable only. */
  readonly invalidate: KernelFunction<
    [interval_sub: MmuIntervalNotifier, range: MmuNotifierRange, cur_seq: number],
    boolean
  >;
}

/** struct mmu_interval_notifier - a subscription for one range of addresses. */
export class MmuIntervalNotifier extends Struct {
  readonly deferred_item: HlistNode<MmuIntervalNotifier>;
  /** Set under the user's own lock; read under `subscriptions->lock`. */
  readonly invalidate_seq: Cell<number>;
  ops: MmuIntervalNotifierOps | null = null;
  mm: MmStruct | null = null;
  /** First and last address, both inside. Written before the subscription is inserted. */
  start = 0;
  last = 0;

  constructor(
    memory: Memory,
    path = '',
    readonly container: Struct | null = null,
  ) {
    super(memory, path);
    this.deferred_item = new HlistNode<MmuIntervalNotifier>(this, `${path}deferred_item`, memory);
    this.invalidate_seq = this.field('invalidate_seq', 0);
  }
}

/**
 * An annotation without a lock: what is taken inside a start must not be held where memory is allocated.
 */
export const __mmu_notifier_invalidate_range_start_map = kernelGlobal(
  '__mmu_notifier_invalidate_range_start_map',
  () => new LockdepMap('mmu_notifier_invalidate_range_start'),
);

/** lock_map_acquire() */
export function lock_map_acquire(map: LockdepMap): void {
  if (hasLockdep()) lock_acquire({ map, ip: thisFunction(runningTask()) });
}

/** lock_map_release() */
export const lock_map_release = (map: LockdepMap): void => lock_release(map);

/** True once somebody subscribed. The pointer never goes back to null while the mm lives. */
export const mm_has_notifiers = kfunc(
  'mm_has_notifiers',
  function* (mm: MmStruct) {
    return (yield* mm.notifier_subscriptions.read()) !== null;
  },
  { inlined: true },
);

/** mmu_notifier_subscriptions_init() - a new mm starts without subscribers. */
export const mmu_notifier_subscriptions_init = kfunc(
  'mmu_notifier_subscriptions_init',
  function* (mm: MmStruct) {
    yield* mm.notifier_subscriptions.write(null);
  },
  { inlined: true },
);

/** mmu_notifier_subscriptions_destroy() - from __mmdrop(), when nobody can find the mm any more. */
export const mmu_notifier_subscriptions_destroy = kfunc(
  'mmu_notifier_subscriptions_destroy',
  function* (mm: MmStruct) {
    if (yield* mm_has_notifiers(mm)) yield* __mmu_notifier_subscriptions_destroy(mm);
  },
  { inlined: true },
);

/** mmu_notifier_release() - tell subscribers that the address space goes. From exit_mmap(); may sleep. */
export const mmu_notifier_release = kfunc(
  'mmu_notifier_release',
  function* (mm: MmStruct) {
    if (yield* mm_has_notifiers(mm)) yield* __mmu_notifier_release(mm);
  },
  { inlined: true },
);

/** mmu_notifier_invalidate_range_start() - before PTEs of the range change. May sleep, cannot fail. */
export const mmu_notifier_invalidate_range_start = kfunc(
  'mmu_notifier_invalidate_range_start',
  function* (range: MmuNotifierRange) {
    might_sleep('include/linux/mmu_notifier.h', 434);
    lock_map_acquire(__mmu_notifier_invalidate_range_start_map());
    if (yield* mm_has_notifiers(range.mm)) {
      range.flags |= MMU_NOTIFIER_RANGE_BLOCKABLE;
      yield* __mmu_notifier_invalidate_range_start(range);
    }
    lock_map_release(__mmu_notifier_invalidate_range_start_map());
  },
  { inlined: true },
);

/**
 * mmu_notifier_invalidate_range_start_nonblock() - the same for OOM reaping: subscribers must not block.
 *
 * Return: 0, or -EAGAIN: then the caller must neither change PTEs of the range nor call end.
 */
export const mmu_notifier_invalidate_range_start_nonblock = kfunc(
  'mmu_notifier_invalidate_range_start_nonblock',
  function* (range: MmuNotifierRange) {
    let ret = 0;
    lock_map_acquire(__mmu_notifier_invalidate_range_start_map());
    if (yield* mm_has_notifiers(range.mm)) {
      range.flags &= ~MMU_NOTIFIER_RANGE_BLOCKABLE;
      ret = yield* __mmu_notifier_invalidate_range_start(range);
    }
    lock_map_release(__mmu_notifier_invalidate_range_start_map());
    return ret;
  },
  { inlined: true },
);

/** mmu_notifier_invalidate_range_end() - after PTEs of the range changed. */
export const mmu_notifier_invalidate_range_end = kfunc(
  'mmu_notifier_invalidate_range_end',
  function* (range: MmuNotifierRange) {
    if (mmu_notifier_range_blockable(range)) might_sleep('include/linux/mmu_notifier.h', 469);
    if (yield* mm_has_notifiers(range.mm)) yield* __mmu_notifier_invalidate_range_end(range);
  },
  { inlined: true },
);

export const mmu_notifier_clear_flush_young = kfunc(
  'mmu_notifier_clear_flush_young',
  function* (mm: MmStruct, start: number, end: number) {
    if (yield* mm_has_notifiers(mm)) return yield* __mmu_notifier_clear_flush_young(mm, start, end);
    return false;
  },
  { inlined: true },
);

export const mmu_notifier_clear_young = kfunc(
  'mmu_notifier_clear_young',
  function* (mm: MmStruct, start: number, end: number) {
    if (yield* mm_has_notifiers(mm)) return yield* __mmu_notifier_clear_young(mm, start, end);
    return false;
  },
  { inlined: true },
);

export const mmu_notifier_test_young = kfunc(
  'mmu_notifier_test_young',
  function* (mm: MmStruct, address: number) {
    if (yield* mm_has_notifiers(mm)) return yield* __mmu_notifier_test_young(mm, address);
    return false;
  },
  { inlined: true },
);

/** For who shares the CPU's page tables: called where TLBs of the range are flushed. */
export const mmu_notifier_arch_invalidate_secondary_tlbs = kfunc(
  'mmu_notifier_arch_invalidate_secondary_tlbs',
  function* (mm: MmStruct, start: number, end: number) {
    if (yield* mm_has_notifiers(mm)) {
      yield* __mmu_notifier_arch_invalidate_secondary_tlbs(mm, start, end);
    }
  },
  { inlined: true },
);
