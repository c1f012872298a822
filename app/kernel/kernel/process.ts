import type { Body, Call } from '../../sim/call.ts';
import { machineInForce } from '../../sim/machine-in-force.ts';
import { spawn, type TaskDescription } from '../../sim/spawn.ts';
import { copy_files, exit_files } from '../fs/file.ts';
import { atomic_inc } from '../include/atomic.ts';
import { EAGAIN, ENOMEM } from '../include/errno.ts';
import { GFP_KERNEL } from '../include/gfp.ts';
import { MmStruct } from '../include/mm_types.ts';
import { mmap_read_lock_killable, mmap_read_unlock } from '../include/mmap_lock.ts';
import { refcount_inc } from '../include/refcount.ts';
import { current, SIGNAL_GROUP_EXIT, SignalStruct, TaskStruct } from '../include/sched.ts';
import { task_lock, task_unlock } from '../include/task.ts';
import { kernelGlobal } from '../globals.ts';
import { config } from '../kernel.ts';
import { kfunc } from '../kfunc.ts';
import { loadImage, staticProgram, type ProcessImage } from '../mm/process-image.ts';
import { kmem_cache_alloc, kmem_cache_create, kmem_cache_free } from '../mm/slab.ts';
import type { MemCgroup } from '../mm/memcontrol.ts';
import { reserve } from '../struct.ts';
import { dup_mm } from './dup_mmap.ts';
import { syscall_exit_to_user_mode } from './entry/common.ts';
import { do_exit, do_group_exit } from './exit.ts';
import { mm_alloc, mm_init, MM_STRUCT_SIZE, mmget, mmput } from './fork.ts';
import { write_lock_irq, write_unlock_irq } from './locking/rwlock.ts';
import { spin_lock, spin_unlock } from './locking/spinlock.ts';
import { alloc_pid, bootPid, init_task_tasks, tasklist_lock } from './pid.ts';
import { call_rcu } from './rcu/tree.ts';
import { updateStanding } from './sched/core.ts';
import { alloc_thread_stack_node } from './thread_stack.ts';

const task_struct_cachep = kernelGlobal('task_struct_cachep', () =>
  kmem_cache_create('task_struct', TASK_STRUCT_SIZE),
);
const signal_cachep = kernelGlobal('signal_cachep', () =>
  kmem_cache_create('signal_cache', SIGNAL_STRUCT_SIZE),
);

const TASK_STRUCT_SIZE = 9792;
const SIGNAL_STRUCT_SIZE = 1216;

/** The code of a user process: it makes system calls and touches memory. What it returns is its exit code. */
export type UserCode = () => Body<number>;

export interface ProcessOptions {
  /** What is mapped at the start; by default a small static program. */
  readonly image?: ProcessImage;
  readonly memcg?: MemCgroup | null;
  readonly oom_score_adj?: number;
  /** May it wait for ever without keeping a run from being complete? */
  readonly daemon?: boolean;
  /** The id, for processes at boot; by default the next free one. */
  readonly pid?: number;
  /** The parent, who can wait for it; null for none. */
  readonly parent?: TaskStruct | null;
  /** Called before the process can run, to give it files and the like. */
  readonly prepare?: (task: TaskStruct) => void;
}

/** How a new process comes to its address space. */
export type CloneVm =
  /** CLONE_VM: it uses the caller's. */
  | 'share'
  /** fork(): a copy of the caller's. */
  | 'copy'
  /** fork() and exec in one: a fresh one. */
  | 'fresh';

/**
 * A user process that is there from the start (plain). Runs where no task does: in boot, or in the set-up of a
 * scenario.
 */
export function user_process_at_boot(comm: string, code: UserCode, options: ProcessOptions = {}): TaskStruct {
  const task = new TaskStruct(slab('task_struct', TASK_STRUCT_SIZE));
  name(task, comm, options.pid ?? bootPid(comm));
  newGroup(task, new SignalStruct(slab('signal_cache', SIGNAL_STRUCT_SIZE)), options);
  const mm = new MmStruct(slab('mm_struct', MM_STRUCT_SIZE));
  mm_init(mm, task);
  const { memcg = null, parent = null } = options;
  task.memcg.value = memcg;
  if (memcg !== null) memcg.tasks.value = [...memcg.tasks.value, task];
  loadImage(mm, options.image ?? staticProgram(comm));
  task.mm.value = mm;
  task.active_mm = null;
  task.real_parent.value = parent;
  if (parent !== null) parent.children.value = [...parent.children.value, task];
  task.ppid = parent?.pid ?? 1;
  const tasks = init_task_tasks();
  tasks.value = [...tasks.value, task];
  options.prepare?.(task);
  machineInForce().spawn(description(task, code, options));
  return task;
}

/**
 * create_user_process() - clone(): a new process that runs `code`.
 *
 * Context: process context; may sleep.
 * Return: the process; -ENOMEM, -EAGAIN, or what copying the address space failed with.
 * Models: copy_process() of kernel/fork.c; with `fresh` also exec, before anybody could see the process.
 */
export const create_user_process = kfunc(
  'kernel_clone',
  function* (comm: string, code: UserCode, vm: CloneVm = 'fresh', options: ProcessOptions = {}) {
    return yield* copy_process(comm, code, vm, options);
  },
) as (comm: string, code: UserCode, vm?: CloneVm, options?: ProcessOptions) => Call<TaskStruct | number>;

const copy_process = kfunc(
  'copy_process',
  function* (comm: string, code: UserCode, vm: CloneVm, options: ProcessOptions): Body<TaskStruct | number> {
    const me = current();
    const task = yield* dup_task_struct();
    const signal = yield* kmem_cache_alloc(signal_cachep(), SignalStruct, GFP_KERNEL);
    if (task === null || signal === null) return -ENOMEM;
    newGroup(task, signal, options);
    task.memcg.value = options.memcg === undefined ? yield* me.memcg.read() : options.memcg;
    const files = yield* copy_files(task, false);
    if (files !== 0) return files;
    const mm = yield* copy_mm(task, vm, options.image ?? staticProgram(comm));
    if (typeof mm === 'number') {
      // bad_fork_cleanup_files: nobody has seen the task.
      yield* exit_files(task);
      yield* kmem_cache_free(signal_cachep(), signal);
      yield* delayed_free_task(task);
      return mm;
    }
    name(task, comm, yield* alloc_pid());
    const parent = options.parent === undefined ? (me.signal.threads[0] ?? me) : options.parent;
    task.real_parent.value = parent;
    task.ppid = parent?.pid ?? 1;
    task.uid = me.uid;
    options.prepare?.(task);

    yield* write_lock_irq(tasklist_lock());
    // Under the lock, and of nobody's interest before the child is on the list: no looks of their own.
    signal.pgrp.value = me.signal.pgrp.value;
    signal.session.value = me.signal.session.value;
    yield* init_task_tasks().update((tasks) => [...tasks, task]);
    if (parent !== null) yield* parent.children.update((children) => [...children, task]);
    yield* write_unlock_irq(tasklist_lock());
    const memcg = task.memcg.value;
    if (memcg !== null) yield* memcg.tasks.update((tasks) => [...tasks, task]);
    yield* wake_up_new_task(task, code, options);
    return task;
  },
);

/** delayed_free_task() - whoever found the task as the owner of its mm may still look at it. */
function* delayed_free_task(task: TaskStruct): Body<void> {
  if (config().MEMCG) yield* call_rcu(task.rcu, () => __delayed_free_task(task));
  else yield* __delayed_free_task(task);
}

const __delayed_free_task = kfunc('__delayed_free_task', function* (task: TaskStruct) {
  if (task.stack !== null) yield* task.stack.free();
  yield* kmem_cache_free(task_struct_cachep(), task);
});

/** copy_mm() - the address space of a process that nobody has seen yet. */
const copy_mm = kfunc(
  'copy_mm',
  function* (task: TaskStruct, vm: CloneVm, image: ProcessImage): Body<MmStruct | number> {
    const mine = current().mm.value;
    let mm: MmStruct | null;
    if (vm === 'fresh' || mine === null) {
      mm = yield* mm_alloc();
      if (mm === null) return -ENOMEM;
      mm.owner.value = task;
      loadImage(mm, image);
    } else if (vm === 'share') {
      yield* mmget(mine);
      mm = mine;
    } else {
      mm = yield* dup_mm(task, mine);
      if (mm === null) return -ENOMEM;
    }
    task.mm.value = mm;
    return mm;
  },
  { inlined: true },
);

/**
 * create_user_thread() - clone() with CLONE_VM and CLONE_THREAD: one more thread of the running process.
 *
 * Return: the thread; -EAGAIN if the process is on its way out, -ENOMEM.
 */
export const create_user_thread = kfunc(
  '__do_sys_clone3',
  function* (code: UserCode, options: ProcessOptions = {}): Body<TaskStruct | number> {
    const me = current();
    const { signal } = me;
    const task = yield* dup_task_struct();
    const mm = me.mm.value;
    if (task === null || mm === null) return -ENOMEM;
    yield* copy_files(task, true);
    yield* mmget(mm);
    task.mm.value = mm;
    task.memcg.value = yield* me.memcg.read();
    name(task, me.comm, yield* alloc_pid());
    task.tgid = me.tgid;
    task.ppid = me.ppid;
    task.signal = signal;
    task.sighand.value = signal;
    task.uid = me.uid;
    options.prepare?.(task);
    yield* write_lock_irq(tasklist_lock());
    yield* spin_lock(signal.siglock);
    const dying = ((yield* signal.flags.read()) & SIGNAL_GROUP_EXIT) !== 0;
    if (!dying) {
      yield* signal.thread_head.update((threads) => [...threads, task]);
      yield* atomic_inc(signal.live);
      yield* refcount_inc(signal.sigcnt);
    }
    yield* spin_unlock(signal.siglock);
    yield* write_unlock_irq(tasklist_lock());
    if (dying) {
      yield* mmput(mm);
      return -EAGAIN;
    }
    yield* wake_up_new_task(task, code, options);
    return task;
  },
);

/**
 * exec_mmap() - execve(): a fresh address space for the running process instead of the one that it has.
 *
 * Return: 0, -ENOMEM, -EINTR. Models: fs/exec.c. Leaves out: other threads, which exec ends.
 */
export const exec_mmap = kfunc(
  'begin_new_exec',
  function* (comm: string, image?: ProcessImage): Body<number> {
    const me = current();
    const mm = yield* mm_alloc();
    if (mm === null) return -ENOMEM;
    mm.owner.value = me;
    loadImage(mm, image ?? staticProgram(comm));
    const old = me.mm.value;
    if (old !== null) {
      const ret = yield* mmap_read_lock_killable(old);
      if (ret !== 0) {
        yield* mmput(mm);
        return ret;
      }
    }
    yield* task_lock(me);
    yield* me.mm.write(mm);
    me.comm = comm;
    yield* task_unlock(me);
    if (old !== null) {
      yield* mmap_read_unlock(old);
      yield* mmput(old);
    }
    return 0;
  },
);

const dup_task_struct = kfunc(
  'dup_task_struct',
  function* () {
    const task = yield* kmem_cache_alloc(task_struct_cachep(), TaskStruct, GFP_KERNEL);
    if (task !== null) yield* alloc_thread_stack_node(task);
    return task;
  },
  { inlined: true },
);

function* wake_up_new_task(task: TaskStruct, code: UserCode, options: ProcessOptions): Body<void> {
  yield* spawn(description(task, code, options));
}

function description(task: TaskStruct, code: UserCode, options: ProcessOptions): TaskDescription {
  return {
    label: `${task.comm}-${task.pid}`,
    daemon: options.daemon ?? false,
    context: task,
    body: () => userBody(task, code),
    prepare: (thread) => {
      task.thread = thread;
      updateStanding(task);
    },
  };
}

function* userBody(task: TaskStruct, code: UserCode): Body<unknown> {
  // ret_from_fork(): a signal may have come before the first instruction.
  yield* syscall_exit_to_user_mode();
  const status = yield* code();
  const exit_code = (status & 0xff) << 8;
  // A thread that returns ends alone; the leader's return is that of main().
  return yield* task.pid === task.tgid ? do_group_exit(exit_code) : do_exit(exit_code);
}

function name(task: TaskStruct, comm: string, pid: number): void {
  task.comm = comm;
  task.pid = pid;
  task.tgid = pid;
  task.start_time = machineInForce().now;
  task.user = true;
}

function newGroup(task: TaskStruct, signal: SignalStruct, options: ProcessOptions): void {
  task.signal = signal;
  task.sighand.value = signal;
  signal.thread_head.value = [task];
  signal.oom_score_adj.value = options.oom_score_adj ?? 0;
}

function slab(cache: string, size: number): ReturnType<typeof reserve> {
  const memory = reserve('slab', cache, size);
  memory.cache = cache;
  return memory;
}
