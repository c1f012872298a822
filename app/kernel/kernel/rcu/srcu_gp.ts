import { READ_ONCE, smp_load_acquire, smp_mb, smp_store_release, WRITE_ONCE } from '../../include/rwonce.ts';
import type { Body } from '../../../sim/call.ts';
import { charge, delayUntil } from '../../../sim/delay.ts';
import { machineInForce } from '../../../sim/machine-in-force.ts';
import { config } from '../../kernel.ts';
import { kfunc, nothing } from '../../kfunc.ts';
import { mutex_lock, mutex_unlock } from '../locking/mutex.ts';
import { spin_lock_irq, spin_unlock_irq } from '../locking/spinlock.ts';
import { WARN_ON_ONCE } from '../panic.ts';
import { local_bh_disable, local_bh_enable } from '../sched/core.ts';
import { jiffies, jiffiesAt, tickTime, timed, wheelExpiry } from '../time/jiffies.ts';
import { timer_reduce, type Timer } from '../time/timer.ts';
import { queue_delayed_work, queue_work_on, type Work } from '../workqueue.ts';
import type { RcuHead } from './rcu_head.ts';
import { gracePeriod, isPlain } from './srcu_search.ts';
import {
  rcu_gp_wq,
  rcu_seq_end,
  rcu_seq_set_state,
  rcu_seq_state,
  SRCU_STATE_IDLE,
  SRCU_STATE_SCAN1,
  SRCU_STATE_SCAN2,
  type SrcuData,
  type SrcuStruct,
} from './srcu_struct.ts';

/** Where every callback is queued while an srcu_struct is small, as it is until there is contention. */
export const BOOT_CPU = 0;
/** Base delay of a grace period that nobody expedites, in jiffies. */
const SRCU_INTERVAL = 1;
/** No scan is put off for longer than this. */
const SRCU_MAX_INTERVAL = 10;
/** Between two looks at the readers within one scan. */
const SRCU_RETRY_CHECK_DELAY_NS = 5_000;

/** Looks without a delay in one phase of a grace period: about a jiffy's worth of them, between 3 and 1000. */
function srcu_max_nodelay_phase(): number {
  return Math.min(Math.max(Math.floor(2_000_000 / config().HZ / 5), 3), 1000);
}

/** Scans without a delay within one jiffy. */
function srcu_max_nodelay(): number {
  return Math.max(srcu_max_nodelay_phase(), 100);
}

/** The delay before the next scan as of a jiffy: grows with the age of the grace period. */
function delayAt(ssp: SrcuStruct, jiffy: number, base: number): number {
  return Math.min(base + Math.max(0, jiffy - 1 - ssp.srcu_gp_start), SRCU_MAX_INTERVAL);
}

/**
 * srcu_get_delay() - jiffies to wait before the next step of the grace period, 0 if it is expedited and young.
 *
 * Context: whoever pushes the grace period on. A search takes every grace period for young.
 */
export const srcu_get_delay = kfunc('srcu_get_delay', function* (ssp: SrcuStruct) {
  const expedited =
    (yield* smp_load_acquire(ssp.srcu_gp_seq)) < (yield* READ_ONCE(ssp.srcu_gp_seq_needed_exp));
  const base = expedited ? 0 : SRCU_INTERVAL;
  if (rcu_seq_state(yield* smp_load_acquire(ssp.srcu_gp_seq)) === SRCU_STATE_IDLE || !timed()) return base;
  const delay = delayAt(ssp, jiffies(), base);
  if (delay > 0) return delay;
  return ++ssp.srcu_n_exp_nodelay > srcu_max_nodelay_phase() ? 1 : 0;
});

/** srcu_gp_start() - start a grace period. Context: `lock` held. */
export const srcu_gp_start = kfunc(
  'srcu_gp_start',
  function* (ssp: SrcuStruct) {
    const seq = yield* smp_load_acquire(ssp.srcu_gp_seq);
    WARN_ON_ONCE(seq >= (yield* READ_ONCE(ssp.srcu_gp_seq_needed)), 'kernel/rcu/srcutree.c:784');
    ssp.srcu_gp_start = jiffies();
    ssp.srcu_n_exp_nodelay = 0;
    smp_mb();
    yield* smp_store_release(ssp.srcu_gp_seq, seq + 1);
  },
  { inlined: true },
);

/** Sums one count over all CPUs, each read on its own. */
function* sum(ssp: SrcuStruct, idx: number, which: 'srcu_lock_count' | 'srcu_unlock_count'): Body<number> {
  let total = 0;
  for (const sdp of ssp.sda) total += yield* sdp[which][idx].read();
  return total;
}

/**
 * srcu_readers_active_idx_check() - are there no readers of an index? Unlocks are summed first, so that a reader
 * that enters and leaves between the sums is never taken for two who left.
 */
const srcu_readers_active_idx_check = kfunc(
  'srcu_readers_active_idx_check',
  function* (ssp: SrcuStruct, idx: number) {
    const unlocks = yield* sum(ssp, idx, 'srcu_unlock_count');
    const locks = yield* sum(ssp, idx, 'srcu_lock_count');
    return locks === unlocks;
  },
  { inlined: true },
);

/** try_check_zero() - one scan: looks at the readers of an index a few times, 5 us apart. A search waits for them. */
const try_check_zero = kfunc('try_check_zero', function* (ssp: SrcuStruct, idx: number, trycount: number) {
  const readers = ssp.readers[idx];
  if (!timed()) {
    yield* readers.gone();
    return true;
  }
  const extra = (yield* srcu_get_delay(ssp)) === 0 ? 1 : 0;
  const seen = yield* readers.look();
  for (let left = trycount; ;) {
    if (yield* srcu_readers_active_idx_check(ssp, idx)) return true;
    if (--left + extra <= 0) break;
    charge(SRCU_RETRY_CHECK_DELAY_NS);
  }
  ssp.failed = { readers, seen };
  return false;
});

/**
 * Puts the next scan off until it can find something else than the last one did.
 *
 * The kernel scans again and again while a reader stays, at times that only the age of the grace period decides.
 * While nobody leaves, such a scan fails as the last one did and changes nothing. So the worker waits until
 * somebody leaves, and if time has passed, for the first of those times that comes after it: every scan that matters
 * takes place when the kernel's would, and none goes on for ever. If no reader ever leaves, the worker waits for
 * ever, and shows whom it waits for. In a search no scan fails.
 */
function* rescan(ssp: SrcuStruct): Body<void> {
  const { failed } = ssp;
  if (failed === null) return;
  ssp.failed = null;
  const waits = !failed.readers.hasChangedSince(failed.seen);
  let scan = jiffies();
  yield* failed.readers.moved(failed.seen);
  if (!waits) return;
  const now = jiffiesAt(machineInForce().now);
  const expedited =
    (yield* smp_load_acquire(ssp.srcu_gp_seq)) < (yield* READ_ONCE(ssp.srcu_gp_seq_needed_exp));
  const base = expedited ? 0 : SRCU_INTERVAL;
  // Without a delay the kernel polls until the tick.
  while (scan <= now && delayAt(ssp, scan, base) === 0) scan++;
  if (scan > now) return;
  while (scan <= now) scan = wheelExpiry(scan + delayAt(ssp, scan, base), scan);
  yield* delayUntil(tickTime(scan));
}

/**
 * srcu_flip() - readers that enter from now on use the other index.
 *
 * A reader that has read the index and not counted itself in yet enters the old one; the first scan of the next
 * grace period waits for it.
 */
const srcu_flip = kfunc(
  'srcu_flip',
  function* (ssp: SrcuStruct) {
    yield* WRITE_ONCE(ssp.srcu_idx, (yield* READ_ONCE(ssp.srcu_idx)) + 1);
  },
  { inlined: true },
);

/** Has `sdp->work` run after `delay` jiffies. */
export const srcu_schedule_cbs_sdp = kfunc(
  'srcu_schedule_cbs_sdp',
  function* (sdp: SrcuData, delay: number) {
    if (delay === 0) yield* queue_work_on(sdp.cpu, rcu_gp_wq(), sdp.work);
    else yield* timer_reduce(sdp.delay_work, jiffies() + delay);
  },
  { inlined: true },
);

export const srcu_delay_timer = kfunc('srcu_delay_timer', function* (timer: Timer) {
  const sdp = timer.container as SrcuData;
  yield* queue_work_on(sdp.cpu, rcu_gp_wq(), sdp.work);
});

/**
 * srcu_gp_end() - end the grace period, have callbacks invoked, and start the next one if it is wanted.
 *
 * Context: the grace-period worker, with srcu_gp_mutex, which is released here.
 * Models: kernel/rcu/srcutree.c for a small srcu_struct. Leaves out: the transition to a tree; wraps of counters.
 */
const srcu_gp_end = kfunc('srcu_gp_end', function* (ssp: SrcuStruct) {
  yield* mutex_lock(ssp.srcu_cb_mutex);
  yield* spin_lock_irq(ssp.lock);
  const seq = yield* smp_load_acquire(ssp.srcu_gp_seq);
  const expedited = seq < (yield* READ_ONCE(ssp.srcu_gp_seq_needed_exp));
  ssp.srcu_last_gp_end = machineInForce().now;
  const ended = rcu_seq_end(seq);
  smp_mb();
  yield* smp_store_release(ssp.srcu_gp_seq, ended);
  if ((yield* READ_ONCE(ssp.srcu_gp_seq_needed_exp)) < ended)
    yield* WRITE_ONCE(ssp.srcu_gp_seq_needed_exp, ended);
  yield* spin_unlock_irq(ssp.lock);
  yield* mutex_unlock(ssp.srcu_gp_mutex);

  yield* srcu_schedule_cbs_sdp(ssp.sda[BOOT_CPU], expedited ? 0 : 1);
  yield* mutex_unlock(ssp.srcu_cb_mutex);

  yield* spin_lock_irq(ssp.lock);
  const now = yield* smp_load_acquire(ssp.srcu_gp_seq);
  if (rcu_seq_state(now) === SRCU_STATE_IDLE && now < (yield* READ_ONCE(ssp.srcu_gp_seq_needed))) {
    yield* srcu_gp_start(ssp);
    yield* spin_unlock_irq(ssp.lock);
    yield* srcu_reschedule(ssp, 0);
  } else {
    yield* spin_unlock_irq(ssp.lock);
  }
});

/** Starts the grace period that is wanted, if none is under way; false if there is nothing to push on. */
const startIfWanted = function* (ssp: SrcuStruct): Body<boolean> {
  yield* spin_lock_irq(ssp.lock);
  const seq = yield* smp_load_acquire(ssp.srcu_gp_seq);
  const wanted = seq < (yield* READ_ONCE(ssp.srcu_gp_seq_needed));
  const started = wanted && rcu_seq_state(seq) === SRCU_STATE_IDLE;
  if (started) yield* srcu_gp_start(ssp);
  yield* spin_unlock_irq(ssp.lock);
  return started;
};

/**
 * srcu_advance_state() - push the grace period through its states as far as the readers allow.
 *
 * Context: the grace-period worker.
 * Models: kernel/rcu/srcutree.c: SCAN1 waits for stragglers on the index that is not in use, then the index is
 * flipped, SCAN2 waits for those who used it until then.
 */
const srcu_advance_state = kfunc('srcu_advance_state', function* (ssp: SrcuStruct) {
  yield* mutex_lock(ssp.srcu_gp_mutex);
  if (
    rcu_seq_state(yield* smp_load_acquire(ssp.srcu_gp_seq)) === SRCU_STATE_IDLE &&
    !(yield* startIfWanted(ssp))
  ) {
    yield* mutex_unlock(ssp.srcu_gp_mutex);
    return;
  }

  if (rcu_seq_state(yield* smp_load_acquire(ssp.srcu_gp_seq)) === SRCU_STATE_SCAN1) {
    const idx = 1 ^ ((yield* READ_ONCE(ssp.srcu_idx)) & 1);
    if (!(yield* try_check_zero(ssp, idx, 1))) {
      yield* mutex_unlock(ssp.srcu_gp_mutex);
      return;
    }
    yield* srcu_flip(ssp);
    yield* spin_lock_irq(ssp.lock);
    yield* smp_store_release(
      ssp.srcu_gp_seq,
      rcu_seq_set_state(yield* smp_load_acquire(ssp.srcu_gp_seq), SRCU_STATE_SCAN2),
    );
    ssp.srcu_n_exp_nodelay = 0;
    yield* spin_unlock_irq(ssp.lock);
  }

  if (rcu_seq_state(yield* smp_load_acquire(ssp.srcu_gp_seq)) === SRCU_STATE_SCAN2) {
    const idx = 1 ^ ((yield* READ_ONCE(ssp.srcu_idx)) & 1);
    // Sections are short as a rule: look twice right after the flip.
    if (!(yield* try_check_zero(ssp, idx, 2))) {
      yield* mutex_unlock(ssp.srcu_gp_mutex);
      return;
    }
    ssp.srcu_n_exp_nodelay = 0;
    yield* srcu_gp_end(ssp);
  }
});

/**
 * srcu_reschedule() - have the worker run again, unless all that was wanted is done.
 *
 * In a search any delay is as good as any other, and is asked for (null) only where there will be one.
 */
const srcu_reschedule = kfunc('srcu_reschedule', function* (ssp: SrcuStruct, delay: number | null) {
  let pushgp = true;
  yield* spin_lock_irq(ssp.lock);
  const seq = yield* smp_load_acquire(ssp.srcu_gp_seq);
  if (seq >= (yield* READ_ONCE(ssp.srcu_gp_seq_needed))) pushgp = false;
  else if (rcu_seq_state(seq) === SRCU_STATE_IDLE) yield* srcu_gp_start(ssp);
  yield* spin_unlock_irq(ssp.lock);
  if (pushgp) yield* queue_delayed_work(rcu_gp_wq(), ssp.work, delay ?? (yield* srcu_get_delay(ssp)));
});

/**
 * process_srcu() - one run of the grace-period worker.
 *
 * Context: a kworker, for rcu_gp_wq.
 * Models: kernel/rcu/srcutree.c; scans that cannot find anything new are left out, see rescan().
 * Return: in a search, the callbacks that are to follow.
 */
export const process_srcu = kfunc(
  'process_srcu',
  function* (work: Work): Body<readonly RcuHead[]> {
    const ssp = work.container as SrcuStruct;
    if (isPlain(ssp)) return yield* gracePeriod(ssp);
    yield* rescan(ssp);
    yield* srcu_advance_state(ssp);
    if (!timed()) {
      yield* srcu_reschedule(ssp, null);
      return [];
    }
    let delay = yield* srcu_get_delay(ssp);
    const now = jiffies();
    if (delay > 0) {
      ssp.reschedule_count = 0;
    } else if (ssp.reschedule_jiffies === now) {
      if (++ssp.reschedule_count > srcu_max_nodelay()) delay = 1;
    } else {
      ssp.reschedule_count = 1;
      ssp.reschedule_jiffies = now;
    }
    yield* srcu_reschedule(ssp, delay);
    return [];
  },
  { leaves: nothing },
);

/**
 * srcu_invoke_callbacks() - invoke what has passed its grace period, one after the other.
 *
 * Context: a kworker; each callback with bottom halves disabled, so it must not sleep.
 * Models: kernel/rcu/srcutree.c. A callback may free its head.
 */
export const srcu_invoke_callbacks = kfunc(
  'srcu_invoke_callbacks',
  function* (work: Work, after: readonly RcuHead[] = []) {
    const sdp = work.container as SrcuData;
    if (isPlain(sdp.ssp)) {
      yield* invoke(after);
      return;
    }
    yield* spin_lock_irq(sdp.lock);
    sdp.advanced = yield* smp_load_acquire(sdp.ssp.srcu_gp_seq);
    if (sdp.srcu_cblist_invoking || !sdp.ready) {
      yield* spin_unlock_irq(sdp.lock);
      return;
    }
    sdp.srcu_cblist_invoking = true;
    const ready = sdp.cblist.filter(({ seq }) => seq <= sdp.advanced);
    sdp.cblist = sdp.cblist.filter(({ seq }) => seq > sdp.advanced);
    yield* spin_unlock_irq(sdp.lock);
    yield* invoke(ready.map(({ head }) => head));
    yield* spin_lock_irq(sdp.lock);
    sdp.cblist_len -= ready.length;
    sdp.srcu_cblist_invoking = false;
    const more = sdp.ready;
    yield* spin_unlock_irq(sdp.lock);
    if (more) yield* srcu_schedule_cbs_sdp(sdp, 0);
  },
);

function* invoke(callbacks: readonly RcuHead[]): Body<void> {
  for (const head of callbacks) {
    yield* local_bh_disable();
    const func = yield* head.func.read();
    if (func !== null) yield* func(head);
    yield* local_bh_enable();
  }
}

/** In a search: one work item for grace periods and callbacks, which follow each other anyway. */
export const srcu_work_in_search = kfunc(
  'srcu_work_in_search',
  function* (work: Work) {
    const callbacks = yield* process_srcu(work);
    if (callbacks.length > 0) {
      yield* srcu_invoke_callbacks((work.container as SrcuStruct).sda[BOOT_CPU].work, callbacks);
    }
  },
  { inlined: true },
);
