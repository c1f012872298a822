import type { Body } from '../../../sim/call.ts';
import type { Memory } from '../../../sim/memory.ts';
import { SimObject } from '../../../sim/object.ts';
import { Effect, type Operation } from '../../../sim/operation.ts';
import { READ_ONCE, WRITE_ONCE } from '../../include/rwonce.ts';
import { config, kernel } from '../../kernel.ts';
import { WARN_ON } from '../panic.ts';
import { flush_work, queue_once_more, work_busy } from '../workqueue.ts';
import type { RcuHead } from './rcu_head.ts';
import { rcu_gp_wq, type SrcuStruct } from './srcu_struct.ts';

// The grace periods of SRCU as a search sees them. What readers and those who wait for them can notice is kept: the
// index that readers read and then count themselves in, its flip, a wait for the readers of either index, and
// callbacks in order, from a kworker. What they cannot notice is left out: sequence numbers, locks around them, who of
// several starts a grace period that all of them want, and how long it waits before it looks again. All orders of
// those would be searched, and they are many. Where locks are checked, or sleep, it is all there as in a timed run.

/** Is an srcu_struct as described here? */
export const isPlain = ({ work }: SrcuStruct): boolean =>
  work.desk !== null && !config().PREEMPT_RT && !config().PROVE_LOCKING && !kernel().searchDetail.srcu;

/** Callbacks for which no grace period has begun, in order; srcu_barrier() waits for no grace period by itself. */
export class SrcuCallbacks extends SimObject {
  private queued: readonly Queued[] = [];

  constructor(
    override readonly name: string,
    memory: Memory,
  ) {
    super(memory);
  }

  override likeness(): unknown {
    return this.queued.map(({ head, waits, expedited }) => [head, waits, expedited]);
  }

  enqueue(callback: Queued): Operation<void> {
    return new Effect<void>('rmw', this, 'write', () => {
      this.queued = [...this.queued, callback];
    });
  }

  take(): Operation<readonly Queued[]> {
    return new Effect('rmw', this, 'write', () => {
      const { queued } = this;
      this.queued = [];
      return queued;
    });
  }
}

interface Queued {
  readonly head: RcuHead;
  readonly waits: boolean;
  /** After its grace period a timer leads to it, unless it is expedited. */
  readonly expedited: boolean;
}

/** __call_srcu(), once the head has its function. */
export function* call(ssp: SrcuStruct, head: RcuHead, do_norm: boolean): Body<void> {
  yield* ssp.unended.add(1);
  // Who comes first at the list comes first to the work as well, and starts its worker.
  yield* ssp.callbacks.enqueue({ head, waits: true, expedited: !do_norm });
  yield* queue_once_more(rcu_gp_wq(), ssp.work);
}

/** srcu_barrier_one_cpu(): false if there is no callback to come after. */
export function* append(ssp: SrcuStruct, head: RcuHead): Body<boolean> {
  if (!(yield* work_busy(ssp.work))) return false;
  yield* ssp.callbacks.enqueue({ head, waits: false, expedited: false });
  yield* queue_once_more(rcu_gp_wq(), ssp.work);
  return true;
}

/** process_srcu(): a grace period for all callbacks that there are, which come next. Runs once for each of them. */
export function* gracePeriod(ssp: SrcuStruct): Body<readonly RcuHead[]> {
  const callbacks = yield* ssp.callbacks.take();
  const waiting = callbacks.filter(({ waits }) => waits).length;
  if (waiting > 0) {
    const now = yield* READ_ONCE(ssp.srcu_idx);
    yield* ssp.readers[(now & 1) === 0 ? 1 : 0].gone();
    yield* WRITE_ONCE(ssp.srcu_idx, now + 1);
    yield* ssp.readers[(now & 1) === 0 ? 0 : 1].gone();
    yield* ssp.unended.add(-waiting);
    if (!callbacks.some(({ expedited }) => expedited) && (yield* ssp.cancelled.read())) {
      yield* ssp.lost.write(true);
      return [];
    }
  }
  return callbacks.map(({ head }) => head);
}

/** cleanup_srcu_struct() */
export function* cleanup(ssp: SrcuStruct): Body<void> {
  if (WARN_ON((yield* ssp.unended.read()) > 0, 'kernel/rcu/srcutree.c:654')) return;
  if (WARN_ON(yield* readersActive(ssp), 'kernel/rcu/srcutree.c:656')) return;
  // timer_delete_sync(): what no timer leads to any more will never be called.
  yield* ssp.cancelled.write(true);
  yield* flush_work(ssp.work);
  if (WARN_ON(yield* ssp.lost.read(), 'kernel/rcu/srcutree.c:664')) return;
  WARN_ON(yield* readersActive(ssp), 'kernel/rcu/srcutree.c:669');
}

export function* readersActive({ readers }: SrcuStruct): Body<boolean> {
  return (yield* readers[0].active()) || (yield* readers[1].active());
}
