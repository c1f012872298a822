import type { Body, Call } from '../../sim/call.ts';
import type { Memory } from '../../sim/memory.ts';
import { SimObject } from '../../sim/object.ts';
import { BlockingEffect, Effect, type Operation } from '../../sim/operation.ts';
import { keepOnly } from '../../sim/keep-only.ts';
import { runningTask } from '../../sim/machine-in-force.ts';
import { kernelGlobal } from '../globals.ts';
import { current, type TaskStruct } from '../include/sched.ts';
import { INIT, kernelInit } from '../init/initcall.ts';
import { kernel } from '../kernel.ts';
import { kfunc } from '../kfunc.ts';
import { pr_info } from '../printk.ts';
import { onStack, reserve, Struct } from '../struct.ts';
import { trace_event } from '../trace-events.ts';
import { TASK_UNINTERRUPTIBLE } from '../include/task_state.ts';
import { kthread_at_boot, kthread_run, kthread_spawn } from './kthread.ts';
import { complete, Completion, wait_for_completion } from './sched/completion.ts';
import { block, unblock, type BlockedOn } from './sched/core.ts';
import { add_timer, jiffies, timed, Timer, timer_delete_sync, timer_setup } from './time/timer.ts';
import { WorkDesk } from './work_desk.ts';

export type WorkFunction = (work: Work) => Call<unknown>;

/** struct work_struct - a function to be called once by a kworker. */
export class Work extends Struct {
  /** WORK_STRUCT_PENDING: queued, or about to be. Set by who queues, cleared by the worker before the call. */
  readonly pending = this.field('data', false);
  func: WorkFunction | null = null;
  /** The pool and the queue that it was queued on last; change with PENDING. */
  last_pool: WorkerPool | null = null;
  last_wq: Workqueue | null = null;
  /** In a search, which knows no pools. */
  readonly desk: WorkDesk | null;

  constructor(
    /** As the kernel's messages name it: `&mm->async_put_work`. */
    readonly workName: string,
    memory: Memory,
    /** The struct that the work is a part of. */
    readonly container: unknown = null,
  ) {
    super(memory, `${fieldOf(workName)}.`);
    this.desk = timed() || kernel().searchDetail.works ? null : new WorkDesk(workName);
  }
}

/** struct delayed_work - work that is queued when a timer fires. */
export class DelayedWork extends Work {
  readonly timer = new Timer(this.memory, `${this.path}timer.`, this);
  wq!: Workqueue;
}

/** `async_put_work` of `&mm->async_put_work`. */
function fieldOf(name: string): string {
  const at = Math.max(name.lastIndexOf('>'), name.lastIndexOf('.'), name.lastIndexOf('&'));
  return name.slice(at + 1);
}

/** Initialises a work item. */
export function INIT_WORK(work: Work, func: WorkFunction): void {
  work.func = func;
}

/** A work item that is there from boot on. */
export function DECLARE_WORK(name: string, func: WorkFunction): Work {
  const work = new Work(name, reserve('global', name, 64));
  work.func = func;
  return work;
}

export function INIT_DELAYED_WORK(work: DelayedWork, func: WorkFunction): void {
  work.func = func;
  timer_setup(work.timer, delayed_work_timer_fn);
}

/** struct workqueue_struct - where work is queued: by CPU, or on any. */
export class Workqueue {
  constructor(
    readonly name: string,
    /** Its work runs on any CPU (WQ_UNBOUND). */
    readonly unbound = false,
  ) {}
}

export const system_wq = kernelGlobal('system_wq', () => new Workqueue('events'));
export const system_unbound_wq = kernelGlobal(
  'system_unbound_wq',
  () => new Workqueue('events_unbound', true),
);

/** Who waits for one work item in flush_work(). */
class WqBarrier extends Struct {
  readonly done = new Completion('(work_completion)(&barr->work)', this.memory);
}

interface Worker {
  task: TaskStruct;
  readonly id: number;
}

/** A pool as it is between two operations; replaced as a whole. */
interface PoolState {
  readonly worklist: readonly Work[];
  readonly idle: readonly Worker[];
  readonly busy: readonly { readonly worker: Worker; readonly work: Work }[];
  readonly barriers: readonly { readonly work: Work; readonly barrier: WqBarrier }[];
}

/** A piece of work that a worker has taken. */
interface Taken {
  readonly work: Work;
  /** Somebody else is left to look after the list. */
  readonly othersIdle: boolean;
}

/**
 * struct worker_pool - the workers of one CPU, or those for all CPUs, and the work that waits for them. Every
 * change is made under pool->lock in the C, hence in one operation here.
 *
 * Only the first idle worker may take work, as only it is woken; it sees to it that another one is idle
 * before it starts. No work item runs twice at the same time.
 */
export class WorkerPool extends SimObject {
  workers = 0;
  private state: PoolState = { worklist: [], idle: [], busy: [], barriers: [] };

  constructor(readonly cpu: number | null) {
    super(null);
  }

  override get name(): string {
    return this.cpu === null ? 'unbound worker pool' : `worker pool of CPU ${this.cpu}`;
  }

  override snapshot(): PoolState {
    return this.state;
  }

  override restore(snapshot: unknown): void {
    this.state = snapshot as PoolState;
  }

  workerName(id: number): string {
    return this.cpu === null ? `kworker/u${kernel().cpus * 4}:${id}` : `kworker/${this.cpu}:${id}`;
  }

  /** What a worker of the pool is at. */
  workOf(task: TaskStruct): Work | null {
    return this.state.busy.find(({ worker }) => worker.task === task)?.work ?? null;
  }

  private runs(work: Work): boolean {
    return this.state.busy.some((busy) => busy.work === work);
  }

  /** The first item that does not run already. */
  private ready(): Work | null {
    return this.state.worklist.find((work) => !this.runs(work)) ?? null;
  }

  /** Waits for work. */
  take(worker: Worker): Operation<Taken> {
    return new BlockingEffect(
      'wait',
      this,
      'write',
      () => this.state.idle[0] === worker && this.ready() !== null,
      () => {
        const { state } = this;
        const work = this.ready() as Work;
        const idle = state.idle.slice(1);
        const worklist = state.worklist.filter((item) => item !== work);
        this.state = { ...state, worklist, idle, busy: [...state.busy, { worker, work }] };
        return { work, othersIdle: idle.length > 0 };
      },
    );
  }

  /** The work is done; whoever waits in flush_work() for it is to be told. */
  finish(worker: Worker, work: Work): Operation<readonly WqBarrier[]> {
    return new Effect('rmw', this, 'write', () => {
      const { state } = this;
      const through = !state.worklist.includes(work);
      const done = state.barriers.filter((entry) => through && entry.work === work);
      this.state = {
        ...state,
        busy: state.busy.filter((busy) => busy.worker !== worker),
        idle: [worker, ...state.idle],
        barriers: state.barriers.filter((entry) => !done.includes(entry)),
      };
      return done.map(({ barrier }) => barrier);
    });
  }

  insert(work: Work): Operation<void> {
    return new Effect('rmw', this, 'write', () => {
      this.append(work);
    });
  }

  private append(work: Work): void {
    this.state = { ...this.state, worklist: [...this.state.worklist, work] };
  }

  /** As insert(), but only if the work runs here right now. */
  insertIfRunning(work: Work): Operation<boolean> {
    return new Effect('rmw', this, 'write', () => {
      if (!this.runs(work)) return false;
      this.append(work);
      return true;
    });
  }

  /** Has `barrier` completed once the work is through; false if it is neither queued here nor running. */
  insertBarrier(work: Work, barrier: WqBarrier): Operation<boolean> {
    return new Effect('rmw', this, 'write', () => {
      const { state } = this;
      if (!this.runs(work) && !state.worklist.includes(work)) return false;
      this.state = { ...state, barriers: [...state.barriers, { work, barrier }] };
      return true;
    });
  }

  addIdle(worker: Worker): Operation<void> {
    return new Effect('rmw', this, 'write', () => {
      this.addIdleAtBoot(worker);
    });
  }

  addIdleAtBoot(worker: Worker): void {
    this.state = { ...this.state, idle: [...this.state.idle, worker] };
  }
}

const cpu_worker_pools = kernelGlobal('cpu_worker_pools', () =>
  Array.from({ length: kernel().cpus }, (_, cpu) => new WorkerPool(cpu)),
);
const unbound_worker_pool = kernelGlobal('unbound_pool', () => new WorkerPool(null));

/**
 * queue_work_on() - have a work item run on a CPU.
 *
 * Context: any.
 * Return: false if it was pending already.
 * Models: kernel/workqueue.c. Leaves out: pool_workqueues and their limits of concurrency.
 */
export const queue_work_on = kfunc('queue_work_on', function* (cpu: number, wq: Workqueue, work: Work) {
  const pending = yield* work.pending.update(() => true);
  if (pending) return false;
  yield* __queue_work(cpu, wq, work);
  return true;
});

/** queue_work() - have a work item run, on this CPU if the queue is per-CPU. */
export const queue_work = kfunc(
  'queue_work',
  function* (wq: Workqueue, work: Work) {
    return yield* queue_work_on(thisCpu(), wq, work);
  },
  { inlined: true },
);

/** schedule_work() - have a work item run in process context some time soon. */
export const schedule_work = kfunc(
  'schedule_work',
  function* (work: Work) {
    return yield* queue_work(system_wq(), work);
  },
  { inlined: true },
);

const __queue_work = kfunc('__queue_work', function* (cpu: number, wq: Workqueue, work: Work) {
  if (work.desk !== null) {
    trace_event(
      'workqueue',
      'workqueue_queue_work',
      () => `work struct=${work.workName} workqueue=${wq.name}`,
    );
    yield* putOnDesk(work.desk, cpu, wq, work);
    return;
  }
  const pool = wq.unbound ? unbound_worker_pool() : cpu_worker_pools()[cpu];
  const last = work.last_pool;
  trace_event('workqueue', 'workqueue_queue_work', () => `work struct=${work.workName} workqueue=${wq.name}`);
  // Where it still runs it is queued again, so that it never runs on two CPUs at once.
  if (last !== null && last !== pool && (yield* last.insertIfRunning(work))) return;
  work.last_pool = pool;
  work.last_wq = wq;
  yield* pool.insert(work);
});

function* putOnDesk(desk: WorkDesk, cpu: number, wq: Workqueue, work: Work): Body<void> {
  work.last_wq = wq;
  if (!desk.staffed) {
    desk.staffed = true;
    desk.worker = yield* kthread_spawn(
      () => worker_thread(() => workAtDesk(desk, work)),
      deskWorkerName(wq, cpu),
      { cpu, given: [desk] },
    );
  }
  yield* desk.put();
}

/** In a search: has an item run once more for each time that it is queued, whether or not it waits already. */
export function* queue_once_more(wq: Workqueue, work: Work): Body<void> {
  if (work.desk !== null) yield* putOnDesk(work.desk, thisCpu(), wq, work);
}

/** In a search: does an item wait or run? */
export function* work_busy(work: Work): Body<boolean> {
  return work.desk !== null && (yield* work.desk.busy());
}

const deskWorkerName = ({ unbound }: Workqueue, cpu: number): string =>
  unbound ? `kworker/u${kernel().cpus * 4}:` : `kworker/${cpu}:`;

/**
 * queue_delayed_work() - have a work item queued after `delay` jiffies; at once for 0.
 *
 * Context: any.
 * Return: false if it was pending already.
 */
export const queue_delayed_work = kfunc(
  'queue_delayed_work_on',
  function* (wq: Workqueue, work: DelayedWork, delay: number) {
    const pending = yield* work.pending.update(() => true);
    if (pending) return false;
    work.wq = wq;
    if (delay === 0) yield* __queue_work(thisCpu(), wq, work);
    else yield* add_timer(work.timer, jiffies() + delay);
    return true;
  },
);

const delayed_work_timer_fn = kfunc('delayed_work_timer_fn', function* (timer: Timer) {
  const work = timer.container as DelayedWork;
  yield* __queue_work(thisCpu(), work.wq, work);
});

/**
 * flush_work() - wait until a work item that is queued or running is through.
 *
 * Context: process context; may sleep.
 * Return: false if it was idle. In a search always, and nobody asks.
 */
export const flush_work = kfunc('flush_work', function* (work: Work) {
  return yield* __flush_work(work);
});

const __flush_work = kfunc('__flush_work', function* (work: Work) {
  if (work.desk !== null) {
    block(flushing);
    yield* work.desk.end();
    unblock();
    return false;
  }
  const pool = work.last_pool;
  if (pool === null) return false;
  const barrier = onStack(WqBarrier, 'barr', 96);
  if (!(yield* pool.insertBarrier(work, barrier))) return false;
  yield* wait_for_completion(barrier.done);
  return true;
});

/** flush_delayed_work() - queue delayed work now if it waits for its time, and wait until it is through. */
export const flush_delayed_work = kfunc('flush_delayed_work', function* (work: DelayedWork) {
  if (yield* timer_delete_sync(work.timer)) yield* __queue_work(thisCpu(), work.wq, work);
  return yield* flush_work(work);
});

/**
 * process_one_work() - run one work item.
 *
 * Context: a kworker.
 * Models: kernel/workqueue.c. The work item may be freed by its function: nothing here looks at it afterwards.
 */
const process_one_work = kfunc('process_one_work', function* (work: Work) {
  const { func, workName } = work;
  yield* work.pending.store(false, 'full');
  if (func === null) return;
  trace_event('workqueue', 'workqueue_execute_start', () => `work struct=${workName}`);
  yield* func(work);
  trace_event('workqueue', 'workqueue_execute_end', () => `work struct=${workName}`);
});

/** How a task shows that waits in flush_work(). */
const flushing: BlockedOn = {
  state: TASK_UNINTERRUPTIBLE,
  frames: ['__schedule', 'schedule', 'schedule_timeout', '__wait_for_common'],
};

const worker_thread = kfunc('worker_thread', function* (work: () => Body<never>): Body<never> {
  return yield* work();
});

function* workInPool(pool: WorkerPool, worker: Worker): Body<never> {
  for (;;) {
    const { work, othersIdle } = yield* pool.take(worker);
    if (!othersIdle) yield* create_worker(pool);
    yield* process_one_work(work);
    for (const barrier of yield* pool.finish(worker, work)) yield* complete(barrier.done);
  }
}

/** The same for a worker that has one work item only. */
function* workAtDesk(desk: WorkDesk, work: Work): Body<never> {
  for (;;) {
    yield* desk.taking();
    yield* process_one_work(work);
    yield* desk.finishing();
    keepOnly(desk);
  }
}

const create_worker = kfunc('create_worker', function* (pool: WorkerPool): Body<void> {
  const worker: Worker = { task: current(), id: pool.workers++ };
  worker.task = yield* kthread_run(
    () => worker_thread(() => workInPool(pool, worker)),
    pool.workerName(worker.id),
    {
      ...(pool.cpu === null ? {} : { cpu: pool.cpu }),
    },
  );
  yield* pool.addIdle(worker);
});

function createWorkerAtBoot(pool: WorkerPool): void {
  const id = pool.workers++;
  const worker = { id } as Worker;
  pool.addIdleAtBoot(worker);
  worker.task = kthread_at_boot(() => worker_thread(() => workInPool(pool, worker)), pool.workerName(id), {
    ...(pool.cpu === null ? {} : { cpu: pool.cpu }),
  });
}

/** print_worker_info() - which work a kworker is at, in dumps of tasks. */
export function print_worker_info(task: TaskStruct): void {
  for (const pool of [...cpu_worker_pools(), unbound_worker_pool()]) {
    const wq = pool.workOf(task)?.last_wq ?? null;
    if (wq !== null) pr_info(`Workqueue: ${wq.name} ${workFunction(task)}`);
  }
}

/** What process_one_work() has called. */
function workFunction(task: TaskStruct): string {
  let callee = '';
  for (let frame = task.thread.top; frame !== null; frame = frame.caller) {
    if (frame.symbol?.name === 'process_one_work') return callee;
    callee = frame.symbol?.name ?? callee;
  }
  return callee;
}

function thisCpu(): number {
  return runningTask().cpu % kernel().cpus;
}

kernelInit('workqueue_init', INIT.EARLY, () => {
  if (!timed() && !kernel().searchDetail.works) return;
  for (const pool of cpu_worker_pools()) {
    createWorkerAtBoot(pool);
    createWorkerAtBoot(pool);
  }
  createWorkerAtBoot(unbound_worker_pool());
});
