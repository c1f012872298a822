import type { Body, Call } from '../../sim/call.ts';
import { machineInForce } from '../../sim/machine-in-force.ts';
import type { Operation } from '../../sim/operation.ts';
import type { Task } from '../../sim/task.ts';
import { spawn, type TaskDescription } from '../../sim/spawn.ts';
import { PF_KTHREAD, SignalStruct, TaskStruct } from '../include/sched.ts';
import { kfunc } from '../kfunc.ts';
import { reserve } from '../struct.ts';
import { alloc_pid, bootPid } from './pid.ts';
import { updateStanding } from './sched/core.ts';

/** The code of a kernel thread, usually a kernel function: `() => oom_reaper()`. */
export type ThreadFunction = () => Call<unknown>;

export interface KthreadOptions {
  /** SCHED_FIFO priority; 0, the default, is an ordinary thread. */
  readonly priority?: number;
  /** The CPU that the thread is bound to. */
  readonly cpu?: number;
  /** May it wait for ever without keeping a run from being complete? Kernel threads may, unless told otherwise. */
  readonly daemon?: boolean;
  /** All that the thread's function was given (see TaskDescription). */
  readonly given?: readonly unknown[];
}

/**
 * kthread_run() - create a kernel thread and let it run.
 *
 * Context: process context.
 * Return: the thread.
 * Models: kernel/kthread.c. Leaves out: kthreadd, which does the forking for others; stopping of threads.
 */
export const kthread_run = kfunc(
  'kthread_run',
  function* (threadfn: ThreadFunction, name: string, options: KthreadOptions = {}) {
    const pid = yield* alloc_pid();
    const task = newKernelThread(name, pid);
    yield* spawn(description(task, threadfn, options));
    return task;
  },
  { inlined: true },
);

/**
 * As kthread_run(), for threads whose pid and number may not depend on who else starts one: they follow from the place
 * in the machine's list of tasks. `name` goes before the number: `kworker/0:`.
 */
export function kthread_spawn(
  threadfn: ThreadFunction,
  name: string,
  options: KthreadOptions = {},
): Operation<Task> {
  const task = newKernelThread(name, 0);
  const { prepare, ...rest } = description(task, threadfn, options);
  return spawn({
    ...rest,
    prepare: (thread) => {
      task.pid = FIRST_SPAWNED + thread.index;
      task.tgid = task.pid;
      task.ppid = KTHREADD;
      task.comm = `${name}${thread.index}`;
      thread.label = task.comm;
      prepare?.(thread);
    },
  });
}

/** Far above whatever alloc_pid() comes to in a search. */
const FIRST_SPAWNED = 20_000;

/** As kthread_run(), for init functions, which run before anything is scheduled. */
export function kthread_at_boot(
  threadfn: ThreadFunction,
  name: string,
  options: KthreadOptions = {},
): TaskStruct {
  const task = newKernelThread(name, bootPid(name));
  machineInForce().spawn(description(task, threadfn, options));
  return task;
}

/** A task struct without a thread, for what runs in the kernel and is no process: soft interrupts. */
export function newKernelThread(comm: string, pid: number): TaskStruct {
  const task = new TaskStruct(reserve('slab', 'task_struct', TASK_STRUCT_SIZE));
  task.signal = new SignalStruct(reserve('slab', 'signal_cache', SIGNAL_STRUCT_SIZE));
  task.signal.thread_head.value = [task];
  task.sighand.value = task.signal;
  task.comm = comm;
  task.pid = pid;
  task.tgid = pid;
  task.ppid = pid === 0 ? 0 : KTHREADD;
  task.flags = PF_KTHREAD;
  return task;
}

const TASK_STRUCT_SIZE = 9792;
const SIGNAL_STRUCT_SIZE = 1216;
const KTHREADD = 2;

function description(task: TaskStruct, threadfn: ThreadFunction, options: KthreadOptions): TaskDescription {
  return {
    label: task.comm,
    daemon: options.daemon ?? true,
    context: task,
    ...(options.given === undefined ? {} : { given: options.given }),
    body: () => threadBody(threadfn),
    prepare: (thread) => {
      task.thread = thread;
      thread.standing.priority = options.priority ?? 0;
      task.bound_cpu = options.cpu ?? null;
      updateStanding(task);
    },
  };
}

function* threadBody(threadfn: ThreadFunction): Body<unknown> {
  return yield* ret_from_fork_asm(threadfn);
}

/** kthread() - the first C function of a kernel thread. */
export const kthread = kfunc('kthread', function* (threadfn: ThreadFunction) {
  return yield* threadfn();
});

const ret_from_fork = kfunc('ret_from_fork', function* (threadfn: ThreadFunction) {
  return yield* kthread(threadfn);
});

const ret_from_fork_asm = kfunc('ret_from_fork_asm', function* (threadfn: ThreadFunction) {
  return yield* ret_from_fork(threadfn);
});
