import type { Body } from '../../../sim/call.ts';
import { machineInForce, runningTask } from '../../../sim/machine-in-force.ts';
import { atomic_dec, atomic_dec_and_test, atomic_inc, atomic_set } from '../../include/atomic.ts';
import { READ_ONCE, smp_load_acquire, smp_store_release, WRITE_ONCE } from '../../include/rwonce.ts';
import { current } from '../../include/sched.ts';
import { kfunc } from '../../kfunc.ts';
import { callingFunction, thisFunction } from '../../stack.ts';
import { onStack } from '../../struct.ts';
import { lock_acquire, lock_is_held, lock_release, lock_sync } from '../locking/lockdep.ts';
import { mutex_lock, mutex_unlock } from '../locking/mutex.ts';
import {
  spin_lock_irq,
  spin_lock_irqsave,
  spin_unlock_irq,
  spin_unlock_irqrestore,
} from '../locking/spinlock.ts';
import { WARN_ON } from '../panic.ts';
import { complete, reinit_completion, wait_for_completion } from '../sched/completion.ts';
import { might_sleep } from '../sched/core.ts';
import { timed } from '../time/jiffies.ts';
import { timer_delete_sync } from '../time/timer.ts';
import { flush_delayed_work, flush_work, queue_delayed_work } from '../workqueue.ts';
import type { RcuCallback, RcuHead } from './rcu_head.ts';
import { SrcuGracePeriod } from './srcu_readers.ts';
import { append, call, cleanup, isPlain, readersActive } from './srcu_search.ts';
import { BOOT_CPU, srcu_get_delay, srcu_gp_start } from './srcu_gp.ts';
import {
  rcu_gp_wq,
  rcu_seq_end,
  rcu_seq_snap,
  rcu_seq_state,
  SRCU_STATE_IDLE,
  thisCpuData,
  type SrcuData,
  type SrcuStruct,
} from './srcu_struct.ts';
import { rcu_lock_map, RCU_LOCKDEP_WARN, RcuSynchronize, wakeme_after_rcu } from './update.ts';

export { RcuHead, type RcuCallback } from './rcu_head.ts';
export { SrcuData, SrcuStruct } from './srcu_struct.ts';

/** For so long after a grace period synchronize_srcu() does not expedite the next one (exp_holdoff). */
const EXP_HOLDOFF_NS = 25_000;

/**
 * srcu_read_lock() - begin a read-side section of `ssp`.
 *
 * Context: any; the section may sleep. Never waits.
 * Return: the index for srcu_read_unlock().
 * Models: include/linux/srcu.h, kernel/rcu/srcutree.c.
 */
export function* srcu_read_lock(ssp: SrcuStruct): Body<number> {
  const idx = yield* __srcu_read_lock(ssp);
  lock_acquire({ map: ssp.dep_map, read: 2, ip: thisFunction(runningTask()) });
  return idx;
}

/** srcu_read_unlock() - end the read-side section that srcu_read_lock() gave `idx` for. */
export function* srcu_read_unlock(ssp: SrcuStruct, idx: number): Body<void> {
  lock_release(ssp.dep_map);
  yield* __srcu_read_unlock(ssp, idx);
}

/** srcu_read_lock_held() - is the running task inside? True where lockdep cannot tell. */
export function srcu_read_lock_held(ssp: SrcuStruct): boolean {
  return lock_is_held(ssp.dep_map);
}

/** __srcu_read_lock() - reads the index, then counts itself in: a flip may come between. */
export const __srcu_read_lock = kfunc('__srcu_read_lock', function* (ssp: SrcuStruct) {
  const idx = (yield* READ_ONCE(ssp.srcu_idx)) & 1;
  const count = thisCpuData(ssp).srcu_lock_count[idx];
  const entered = callingFunction(runningTask());
  if (timed()) yield* count.lock(entered);
  else yield* ssp.readers[idx].enter(count, entered);
  return idx;
});

/** __srcu_read_unlock() - counts itself out, on whatever CPU. */
export const __srcu_read_unlock = kfunc('__srcu_read_unlock', function* (ssp: SrcuStruct, idx: number) {
  const count = thisCpuData(ssp).srcu_unlock_count[idx];
  if (!timed()) {
    yield* ssp.readers[idx].exit(count);
    return;
  }
  yield* count.unlock();
  yield* ssp.readers[idx].leave();
});

/**
 * srcu_might_be_idle() - is it worth while to expedite? No lock: the answer is a guess.
 *
 * In a search the holdoff after the last grace period has always passed.
 */
const srcu_might_be_idle = kfunc(
  'srcu_might_be_idle',
  function* (ssp: SrcuStruct) {
    const sdp = thisCpuData(ssp);
    const flags = yield* spin_lock_irqsave(sdp.lock);
    const { pending } = sdp;
    yield* spin_unlock_irqrestore(sdp.lock, flags);
    if (pending) return false;
    const since = machineInForce().now - ssp.srcu_last_gp_end;
    if (timed() && ssp.srcu_last_gp_end > 0 && since < EXP_HOLDOFF_NS) return false;
    const seq = yield* smp_load_acquire(ssp.srcu_gp_seq);
    if (seq < (yield* READ_ONCE(ssp.srcu_gp_seq_needed))) return false;
    return seq === (yield* smp_load_acquire(ssp.srcu_gp_seq));
  },
  { inlined: true },
);

/** srcu_funnel_exp_start() - a grace period that was asked for already is wanted soon. */
const srcu_funnel_exp_start = kfunc('srcu_funnel_exp_start', function* (ssp: SrcuStruct, s: number) {
  const flags = yield* spin_lock_irqsave(ssp.lock);
  if ((yield* READ_ONCE(ssp.srcu_gp_seq_needed_exp)) < s) yield* WRITE_ONCE(ssp.srcu_gp_seq_needed_exp, s);
  yield* spin_unlock_irqrestore(ssp.lock, flags);
});

/**
 * srcu_funnel_gp_start() - note that a grace period is wanted, and start it if none is under way.
 *
 * Models: kernel/rcu/srcutree.c for a small srcu_struct, which has no tree to go up.
 */
const srcu_funnel_gp_start = kfunc(
  'srcu_funnel_gp_start',
  function* (ssp: SrcuStruct, s: number, do_norm: boolean) {
    const flags = yield* spin_lock_irqsave(ssp.lock);
    if ((yield* READ_ONCE(ssp.srcu_gp_seq_needed)) < s) yield* smp_store_release(ssp.srcu_gp_seq_needed, s);
    if (!do_norm && (yield* READ_ONCE(ssp.srcu_gp_seq_needed_exp)) < s) {
      yield* WRITE_ONCE(ssp.srcu_gp_seq_needed_exp, s);
    }
    const seq = yield* smp_load_acquire(ssp.srcu_gp_seq);
    if (seq < s && rcu_seq_state(seq) === SRCU_STATE_IDLE) {
      yield* srcu_gp_start(ssp);
      const delay = yield* srcu_get_delay(ssp);
      yield* queue_delayed_work(rcu_gp_wq(), ssp.work, delay > 0 ? 1 : 0);
    }
    yield* spin_unlock_irqrestore(ssp.lock, flags);
  },
);

/** srcu_gp_start_if_needed() - queue a callback and see to it that its grace period will run. */
const srcu_gp_start_if_needed = kfunc(
  'srcu_gp_start_if_needed',
  function* (ssp: SrcuStruct, head: RcuHead, do_norm: boolean) {
    // Inside a section, so that the number of the grace period cannot wrap meanwhile.
    const idx = yield* __srcu_read_lock(ssp);
    const sdp = ssp.sda[BOOT_CPU];
    const flags = yield* spin_lock_irqsave(sdp.lock);
    const s = rcu_seq_snap(yield* smp_load_acquire(ssp.srcu_gp_seq));
    sdp.advanced = yield* smp_load_acquire(ssp.srcu_gp_seq);
    sdp.cblist.push({ head, seq: s });
    sdp.cblist_len++;
    const needgp = sdp.srcu_gp_seq_needed < s;
    if (needgp) sdp.srcu_gp_seq_needed = s;
    const needexp = !do_norm && sdp.srcu_gp_seq_needed_exp < s;
    if (needexp) sdp.srcu_gp_seq_needed_exp = s;
    yield* spin_unlock_irqrestore(sdp.lock, flags);
    if (needgp) yield* srcu_funnel_gp_start(ssp, s, do_norm);
    else if (needexp) yield* srcu_funnel_exp_start(ssp, s);
    yield* __srcu_read_unlock(ssp, idx);
  },
);

const __call_srcu = kfunc(
  '__call_srcu',
  function* (ssp: SrcuStruct, head: RcuHead, func: RcuCallback, do_norm: boolean) {
    yield* head.func.write(func);
    if (isPlain(ssp)) yield* call(ssp, head, do_norm);
    else yield* srcu_gp_start_if_needed(ssp, head, do_norm);
  },
  { inlined: true },
);

/**
 * call_srcu() - have `func` called with `head` when all readers that are inside now have left.
 *
 * Context: any where a spinlock_t may be taken: on PREEMPT_RT not with preemption or interrupts disabled.
 * Models: kernel/rcu/srcutree.c.
 */
export const call_srcu = kfunc('call_srcu', function* (ssp: SrcuStruct, head: RcuHead, func: RcuCallback) {
  yield* __call_srcu(ssp, head, func, true);
});

/**
 * __synchronize_srcu() - wait for a grace period.
 *
 * Context: process context; waits uninterruptibly. Inside a reader of the same srcu it waits for itself.
 */
const __synchronize_srcu = kfunc('__synchronize_srcu', function* (ssp: SrcuStruct, do_norm: boolean) {
  lock_sync(ssp.dep_map, thisFunction(runningTask()));
  RCU_LOCKDEP_WARN(
    () => lock_is_held(ssp.dep_map) || lock_is_held(rcu_lock_map()),
    'Illegal synchronize_srcu() in same-type SRCU (or in RCU) read-side critical section',
    'kernel/rcu/srcutree.c',
    1388,
  );
  might_sleep('kernel/rcu/srcutree.c', 1396);
  const rcu = onStack(RcuSynchronize, 'rcu', 56);
  const waits_for = new SrcuGracePeriod(ssp.srcuName, ssp.readers);
  yield* __call_srcu(ssp, rcu.head, wakeme_after_rcu, do_norm);
  current().waits_for = waits_for;
  yield* wait_for_completion(rcu.completion);
  current().waits_for = null;
});

/** synchronize_srcu_expedited() - as synchronize_srcu(), without its delays. */
export const synchronize_srcu_expedited = kfunc('synchronize_srcu_expedited', function* (ssp: SrcuStruct) {
  yield* __synchronize_srcu(ssp, false);
});

/**
 * synchronize_srcu() - wait until all readers that are inside now have left.
 *
 * Context: process context, not inside a reader of `ssp`.
 * Models: kernel/rcu/srcutree.c: an srcu_struct that has been idle for a while is expedited. Says nothing about
 * callbacks that others have queued. Its calls are tail calls: stack traces do not show it.
 */
export const synchronize_srcu = kfunc(
  'synchronize_srcu',
  function* (ssp: SrcuStruct) {
    yield* __synchronize_srcu(ssp, !isPlain(ssp) && !(yield* srcu_might_be_idle(ssp)));
  },
  { inlined: true },
);

/** srcu_barrier_cb() - the marker behind the callbacks that srcu_barrier() waits for. */
const srcu_barrier_cb = kfunc('srcu_barrier_cb', function* (head: RcuHead) {
  const { ssp } = head.container as SrcuData;
  if (yield* atomic_dec_and_test(ssp.srcu_barrier_cpu_cnt)) yield* complete(ssp.srcu_barrier_completion);
});

/** srcu_barrier_one_cpu() - put the marker behind the last callback, if there is one. */
const srcu_barrier_one_cpu = kfunc('srcu_barrier_one_cpu', function* (ssp: SrcuStruct, sdp: SrcuData) {
  if (isPlain(ssp)) {
    yield* atomic_inc(ssp.srcu_barrier_cpu_cnt);
    yield* sdp.srcu_barrier_head.func.write(srcu_barrier_cb);
    if (!(yield* append(ssp, sdp.srcu_barrier_head))) yield* atomic_dec(ssp.srcu_barrier_cpu_cnt);
    return;
  }
  yield* spin_lock_irq(sdp.lock);
  yield* atomic_inc(ssp.srcu_barrier_cpu_cnt);
  yield* sdp.srcu_barrier_head.func.write(srcu_barrier_cb);
  if (sdp.cblist_len > 0) {
    // The last callback's grace period; if all are being invoked, none is left to wait for.
    sdp.cblist.push({ head: sdp.srcu_barrier_head, seq: sdp.cblist.at(-1)?.seq ?? sdp.advanced });
    sdp.cblist_len++;
  } else {
    yield* atomic_dec(ssp.srcu_barrier_cpu_cnt);
  }
  yield* spin_unlock_irq(sdp.lock);
});

/**
 * srcu_barrier() - wait until every callback queued before the call has run.
 *
 * Context: process context; may sleep. No grace period: without callbacks it returns at once.
 */
export const srcu_barrier = kfunc('srcu_barrier', function* (ssp: SrcuStruct) {
  const asked = rcu_seq_snap(yield* READ_ONCE(ssp.srcu_barrier_seq));
  yield* mutex_lock(ssp.srcu_barrier_mutex);
  // A whole barrier of somebody else has come and gone meanwhile: it did for this one, too.
  const seq = yield* READ_ONCE(ssp.srcu_barrier_seq);
  if (seq >= asked) {
    yield* mutex_unlock(ssp.srcu_barrier_mutex);
    return;
  }
  yield* WRITE_ONCE(ssp.srcu_barrier_seq, seq + 1);
  yield* reinit_completion(ssp.srcu_barrier_completion);
  // Counts for itself until all markers are placed.
  yield* atomic_set(ssp.srcu_barrier_cpu_cnt, 1);
  const idx = yield* __srcu_read_lock(ssp);
  yield* srcu_barrier_one_cpu(ssp, ssp.sda[BOOT_CPU]);
  yield* __srcu_read_unlock(ssp, idx);
  if (yield* atomic_dec_and_test(ssp.srcu_barrier_cpu_cnt)) yield* complete(ssp.srcu_barrier_completion);
  current().waits_for = new SrcuGracePeriod(ssp.srcuName, ssp.readers);
  yield* wait_for_completion(ssp.srcu_barrier_completion);
  current().waits_for = null;
  yield* WRITE_ONCE(ssp.srcu_barrier_seq, rcu_seq_end(seq + 1));
  yield* mutex_unlock(ssp.srcu_barrier_mutex);
});

/** The readers as the counts have them. */
function* srcu_readers_active(ssp: SrcuStruct): Body<boolean> {
  if (!timed()) return yield* readersActive(ssp);
  let sum = 0;
  for (const { srcu_lock_count: locks, srcu_unlock_count: unlocks } of ssp.sda) {
    sum += (yield* locks[0].read()) + (yield* locks[1].read());
    sum -= (yield* unlocks[0].read()) + (yield* unlocks[1].read());
  }
  return sum !== 0;
}

/**
 * cleanup_srcu_struct() - the end of an srcu_struct: warns, and leaks it, if it is still in use.
 *
 * Context: process context; waits for work and timers of `ssp`, not for readers or callbacks.
 */
export const cleanup_srcu_struct = kfunc('cleanup_srcu_struct', function* (ssp: SrcuStruct) {
  if (isPlain(ssp)) {
    yield* cleanup(ssp);
    return;
  }
  if (WARN_ON((yield* srcu_get_delay(ssp)) === 0, 'kernel/rcu/srcutree.c:654')) return;
  if (WARN_ON(yield* srcu_readers_active(ssp), 'kernel/rcu/srcutree.c:656')) return;
  yield* flush_delayed_work(ssp.work);
  const sdp = ssp.sda[BOOT_CPU];
  yield* timer_delete_sync(sdp.delay_work);
  yield* flush_work(sdp.work);
  if (WARN_ON(sdp.cblist_len > 0, 'kernel/rcu/srcutree.c:664')) return;
  const seq = yield* smp_load_acquire(ssp.srcu_gp_seq);
  if (WARN_ON(rcu_seq_state(seq) !== SRCU_STATE_IDLE, 'kernel/rcu/srcutree.c:667')) return;
  if (WARN_ON(seq !== (yield* READ_ONCE(ssp.srcu_gp_seq_needed)), 'kernel/rcu/srcutree.c:668')) return;
  WARN_ON(yield* srcu_readers_active(ssp), 'kernel/rcu/srcutree.c:669');
});
