import type { Body, Call } from '../../sim/call.ts';
import { machineInForce } from '../../sim/machine-in-force.ts';
import { SimObject } from '../../sim/object.ts';
import { BlockingEffect, Effect, type Operation } from '../../sim/operation.ts';
import { kernelGlobal } from '../globals.ts';
import type { TaskStruct } from '../include/sched.ts';
import { INIT, kernelInit } from '../init/initcall.ts';
import { config, kernel } from '../kernel.ts';
import { kfunc } from '../kfunc.ts';
import { kthread_at_boot, newKernelThread } from './kthread.ts';
import {
  local_bh_disable,
  local_bh_enable,
  softirq_handle_begin,
  softirq_handle_end,
  updateStanding,
} from './sched/core.ts';

/** What a soft interrupt does, given as the call that does it. */
export type SoftirqAction = () => Call<void>;

/** The soft interrupts that are pending on one CPU, in the order in which they were raised. */
export class SoftirqQueue extends SimObject {
  private pending: readonly SoftirqAction[] = [];

  constructor(private readonly label: string) {
    super(null);
  }

  override get name(): string {
    return this.label;
  }

  override snapshot(): readonly SoftirqAction[] {
    return this.pending;
  }

  override restore(snapshot: unknown): void {
    this.pending = snapshot as readonly SoftirqAction[];
  }

  raise(action: SoftirqAction): Operation<void> {
    return new Effect('rmw', this, 'write', () => {
      this.pending = [...this.pending, action];
    });
  }

  take(): Operation<SoftirqAction> {
    return new BlockingEffect(
      'wait',
      this,
      'write',
      () => this.pending.length > 0,
      () => {
        const [first, ...others] = this.pending;
        this.pending = others;
        return first;
      },
    );
  }
}

const softirq_queues = kernelGlobal('irq_stat.__softirq_pending', () =>
  Array.from({ length: kernel().cpus }, (_, cpu) => new SoftirqQueue(`softirq pending on CPU ${cpu}`)),
);

/** The same for timers, where they have a thread of their own (PREEMPT_RT from v6.13 on). */
const timer_queues = kernelGlobal('pending_timer_softirq', () =>
  Array.from({ length: kernel().cpus }, (_, cpu) => new SoftirqQueue(`timers due on CPU ${cpu}`)),
);

/** Has something done soon, on a CPU, as a soft interrupt. */
export function raise_softirq(cpu: number, action: SoftirqAction): Operation<void> {
  return softirq_queues()[cpu].raise(action);
}

/** As raise_softirq(), for timers that are due. */
export function raise_timer_softirq(cpu: number, action: SoftirqAction): Operation<void> {
  return (timersHaveThreads() ? timer_queues() : softirq_queues())[cpu].raise(action);
}

function timersHaveThreads(): boolean {
  return config().PREEMPT_RT && kernel().tree.traits.ktimersThreads === true;
}

/**
 * handle_softirqs() - do what one raised soft interrupt asks for.
 *
 * Context: ksoftirqd/N with PREEMPT_RT; otherwise on the way out of an interrupt, on top of whatever runs.
 * Models: kernel/softirq.c. Leaves out: restarts and their limits.
 */
export const handle_softirqs = kfunc('handle_softirqs', function* (action: SoftirqAction) {
  if (config().PREEMPT_RT) yield* local_bh_disable();
  softirq_handle_begin();
  yield* action();
  softirq_handle_end();
  if (config().PREEMPT_RT) yield* local_bh_enable();
});

const run_ksoftirqd = kfunc('run_ksoftirqd', function* (action: SoftirqAction) {
  yield* handle_softirqs(action);
});

const run_ktimerd = kfunc('run_ktimerd', function* (action: SoftirqAction) {
  yield* handle_softirqs(action);
});

const smpboot_thread_fn = kfunc(
  'smpboot_thread_fn',
  function* (queue: SoftirqQueue, run: (action: SoftirqAction) => Call<void>) {
    for (;;) {
      const action = yield* queue.take();
      yield* run(action);
    }
  },
);

const __irq_exit_rcu = kfunc('__irq_exit_rcu', function* (action: SoftirqAction) {
  yield* handle_softirqs(action);
});

const irq_exit_rcu = kfunc('irq_exit_rcu', function* (action: SoftirqAction) {
  yield* __irq_exit_rcu(action);
});

const sysvec_apic_timer_interrupt = kfunc('sysvec_apic_timer_interrupt', function* (action: SoftirqAction) {
  yield* irq_exit_rcu(action);
});

const asm_sysvec_apic_timer_interrupt = kfunc(
  'asm_sysvec_apic_timer_interrupt',
  function* (action: SoftirqAction) {
    yield* sysvec_apic_timer_interrupt(action);
  },
);

/** Soft interrupts of one CPU without PREEMPT_RT: as if the interrupt always met the idle task. */
function* interruptsOf(queue: SoftirqQueue): Body<void> {
  for (;;) {
    const action = yield* queue.take();
    yield* asm_sysvec_apic_timer_interrupt(action);
  }
}

function startSoftirqs(cpu: number): void {
  if (config().PREEMPT_RT) {
    kthread_at_boot(() => smpboot_thread_fn(softirq_queues()[cpu], run_ksoftirqd), `ksoftirqd/${cpu}`, {
      cpu,
    });
    if (timersHaveThreads()) {
      kthread_at_boot(() => smpboot_thread_fn(timer_queues()[cpu], run_ktimerd), `ktimers/${cpu}`, {
        cpu,
        priority: 1,
      });
    }
    return;
  }
  const idle: TaskStruct = newKernelThread(`swapper/${cpu}`, 0);
  machineInForce().spawn({
    label: `softirq/${cpu}`,
    daemon: true,
    context: idle,
    body: () => interruptsOf(softirq_queues()[cpu]),
    prepare: (thread) => {
      idle.thread = thread;
      idle.bound_cpu = cpu;
      updateStanding(idle);
      thread.standing.level = 1;
      thread.standing.pinnedTo = cpu;
    },
  });
}

kernelInit('softirq_init', INIT.EARLY, () => {
  for (let cpu = 0; cpu < kernel().cpus; cpu++) startSoftirqs(cpu);
});
