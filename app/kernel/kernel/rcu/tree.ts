import type { Body } from '../../../sim/call.ts';
import { Counter } from '../../../sim/cell.ts';
import { delayUntil } from '../../../sim/delay.ts';
import { runningTask } from '../../../sim/machine-in-force.ts';
import { SimObject } from '../../../sim/object.ts';
import { BlockingEffect, Effect, type Operation } from '../../../sim/operation.ts';
import { kernelGlobal } from '../../globals.ts';
import { current } from '../../include/sched.ts';
import { INIT, kernelInit } from '../../init/initcall.ts';
import { config, kernel } from '../../kernel.ts';
import { kfunc } from '../../kfunc.ts';
import { kasan_record_aux_stack } from '../../mm/kasan/aux.ts';
import { thisFunction } from '../../stack.ts';
import { onStack } from '../../struct.ts';
import { kthread_at_boot } from '../kthread.ts';
import { lock_acquire, lock_is_held, lock_release } from '../locking/lockdep.ts';
import { wait_for_completion } from '../sched/completion.ts';
import {
  local_bh_disable,
  local_bh_enable,
  might_sleep,
  preempt_disable,
  preempt_enable,
} from '../sched/core.ts';
import { raise_softirq } from '../softirq.ts';
import { jiffies, tickTime, timed, wheelExpiry } from '../time/jiffies.ts';
import type { RcuCallback, RcuHead } from './rcu_head.ts';
import { RcuReaders } from './rcu_readers.ts';
import { rcu_lock_map, RCU_LOCKDEP_WARN, RcuSynchronize, wakeme_after_rcu } from './update.ts';

export { RcuReaders } from './rcu_readers.ts';
export { RcuHead, type RcuCallback } from './rcu_head.ts';
export { rcu_lock_map, RCU_LOCKDEP_WARN } from './update.ts';

export const rcu_readers = kernelGlobal('rcu_readers', () => new RcuReaders());

/**
 * rcu_read_lock() - begin an RCU read-side section.
 *
 * Context: any. With PREEMPT_RCU readers can be preempted, and on PREEMPT_RT wait for rtlocks.
 * Models: include/linux/rcupdate.h, kernel/rcu/tree_plugin.h. Only the outermost section is visible to others.
 */
export function* rcu_read_lock(): Body<void> {
  if (config().PREEMPT_RCU) current().rcu_read_lock_nesting++;
  else preempt_disable();
  if (current().rcu_sections++ === 0) {
    const entered = thisFunction(runningTask());
    yield* timed() ? rcu_readers().enter(entered) : rcu_readers().enterAlone(entered);
  }
  lock_acquire({ map: rcu_lock_map(), read: 2, check: false, ip: thisFunction(runningTask()) });
}

export function* rcu_read_unlock(): Body<void> {
  lock_release(rcu_lock_map());
  if (--current().rcu_sections === 0) {
    yield* timed() ? rcu_readers().leave() : rcu_readers().leaveAlone(runningTask());
  }
  if (config().PREEMPT_RCU) current().rcu_read_lock_nesting--;
  else preempt_enable();
}

/** rcu_read_lock_held() - is the running task inside? True where lockdep cannot tell. */
export function rcu_read_lock_held(): boolean {
  return lock_is_held(rcu_lock_map());
}

interface QueuedCallback {
  readonly head: RcuHead;
}

/** struct rcu_data - the callbacks queued on one CPU, in order. Only that CPU's operations and RCU touch it. */
class RcuData extends SimObject {
  private next: QueuedCallback[] = [];
  private waiting: QueuedCallback[] = [];
  private done: QueuedCallback[] = [];

  constructor(readonly cpu: number) {
    super(null);
  }

  override get name(): string {
    return `RCU callbacks of CPU ${this.cpu}`;
  }

  enqueue(head: RcuHead): Operation<void> {
    return new Effect('rmw', this, 'write', () => {
      this.next.push({ head });
    });
  }

  /** A grace period starts that all callbacks queued so far wait for. */
  accelerate(): Operation<boolean> {
    return new Effect('rmw', this, 'write', () => {
      this.waiting = this.next;
      this.next = [];
      return this.waiting.length > 0;
    });
  }

  /** The grace period has ended. */
  advance(): Operation<void> {
    return new Effect('rmw', this, 'write', () => {
      this.done.push(...this.waiting);
      this.waiting = [];
    });
  }

  extract(): Operation<readonly QueuedCallback[]> {
    return new Effect('rmw', this, 'write', () => {
      const ready = this.done;
      this.done = [];
      return ready;
    });
  }

  /** Waits until there is something to invoke. */
  ready(): Operation<void> {
    return new BlockingEffect<void>(
      'wait',
      this,
      'read',
      () => this.done.length > 0,
      () => {},
    );
  }
}

const rcu_data = kernelGlobal('rcu_data', () =>
  Array.from({ length: kernel().cpus }, (_, cpu) => new RcuData(cpu)),
);
/** How many callbacks ever asked for a grace period. */
const rcu_requests = kernelGlobal('rcu_state.gp_flags', () => new Counter(0, 'rcu_state.gp_flags'));

/**
 * call_rcu() - have `func` called with `head` after a grace period.
 *
 * Context: any.
 * Models: kernel/rcu/tree.c. Leaves out: the tree of nodes; segments of callbacks (a callback waits for the next
 * grace period that starts); limits of batches.
 */
export const call_rcu = kfunc('call_rcu', function* (head: RcuHead, func: RcuCallback) {
  yield* head.func.write(func);
  kasan_record_aux_stack(head.func.memory);
  yield* rcu_data()[runningTask().cpu % kernel().cpus].enqueue(head);
  yield* rcu_requests().add(1);
});

/**
 * synchronize_rcu() - wait until all readers that are inside now have left.
 *
 * Context: process context; may sleep, not inside a reader.
 */
export const synchronize_rcu = kfunc('synchronize_rcu', function* () {
  RCU_LOCKDEP_WARN(
    () => rcu_read_lock_held(),
    'Illegal synchronize_rcu() in RCU read-side critical section',
    'kernel/rcu/tree.c',
    4113,
  );
  might_sleep('kernel/rcu/tree.c', 4027);
  yield* synchronize_rcu_normal();
});

const synchronize_rcu_normal = kfunc('synchronize_rcu_normal', function* () {
  yield* __wait_rcu_gp();
});

const __wait_rcu_gp = kfunc('__wait_rcu_gp', function* () {
  const rcu = onStack(RcuSynchronize, 'rs_array', 56);
  yield* call_rcu(rcu.head, wakeme_after_rcu);
  current().waits_for = rcu_readers();
  yield* wait_for_completion(rcu.completion);
  current().waits_for = null;
});

/** Jiffies until a grace period looks for CPUs that have passed a quiescent state. */
function jiffies_till_first_fqs(): number {
  const { HZ } = config();
  return 1 + (HZ > 250 ? 1 : 0) + (HZ > 500 ? 1 : 0);
}

/**
 * rcu_gp_kthread() - runs one grace period after the other while callbacks wait for them.
 *
 * Models: kernel/rcu/tree.c. A grace period takes its first look at the readers after some jiffies, and CPUs
 * learn of its end at their next tick. Leaves out: reports of quiescent states up the tree; boosting; stalls.
 */
const rcu_gp_kthread = kfunc('rcu_gp_kthread', function* () {
  let served = 0;
  for (;;) {
    const last = served;
    served = yield* rcu_requests().await((requests) => requests !== last);
    const cpus: RcuData[] = [];
    for (const rdp of rcu_data()) if (yield* rdp.accelerate()) cpus.push(rdp);
    if (cpus.length === 0) continue;
    if (timed()) yield* readersInTime();
    else for (const section of yield* rcu_readers().enteredSinceLast()) yield* section.end();
    for (const rdp of cpus) {
      yield* rdp.advance();
      if (!config().PREEMPT_RT) yield* raise_softirq(rdp.cpu, () => rcu_core_si(rdp));
    }
  }
});

/** The first look at the readers, and the news that the last one has left, take some jiffies each. */
function* readersInTime(): Body<void> {
  const readers = yield* rcu_readers().present();
  yield* delayUntil(tickTime(wheelExpiry(jiffies() + jiffies_till_first_fqs(), jiffies())));
  yield* rcu_readers().drained(readers);
  yield* delayUntil(tickTime(jiffies() + 1));
}

const rcu_core_si = kfunc('rcu_core_si', function* (rdp: RcuData) {
  yield* rcu_core(rdp);
});

const rcu_core = kfunc('rcu_core', function* (rdp: RcuData) {
  yield* rcu_do_batch(rdp);
});

/**
 * rcu_do_batch() - invoke callbacks whose grace period has passed.
 *
 * Context: soft interrupt, or rcuc/N with bottom halves disabled on PREEMPT_RT.
 */
const rcu_do_batch = kfunc('rcu_do_batch', function* (rdp: RcuData) {
  for (const { head } of yield* rdp.extract()) {
    const func = yield* head.func.read();
    if (func !== null) yield* func(head);
  }
});

/** rcu_cpu_kthread() - what invokes callbacks on PREEMPT_RT, where it is no soft interrupt. */
const rcu_cpu_kthread = kfunc('rcu_cpu_kthread', function* (rdp: RcuData) {
  yield* local_bh_disable();
  yield* rcu_core(rdp);
  yield* local_bh_enable();
});

const rcuc_thread = kfunc(
  'rcuc_thread',
  function* (rdp: RcuData) {
    for (;;) {
      yield* rdp.ready();
      yield* rcu_cpu_kthread(rdp);
    }
  },
  { inlined: true },
);

kernelInit('rcu_init', INIT.EARLY, () => {
  kthread_at_boot(() => rcu_gp_kthread(), config().PREEMPT_RCU ? 'rcu_preempt' : 'rcu_sched');
  if (!config().PREEMPT_RT) return;
  for (const rdp of rcu_data()) {
    kthread_at_boot(() => rcuc_thread(rdp), `rcuc/${rdp.cpu}`, { cpu: rdp.cpu, priority: 1 });
  }
});
