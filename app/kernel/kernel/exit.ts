import type { Body } from '../../sim/call.ts';
import { end } from '../../sim/spawn.ts';
import { consoleTty } from '../drivers/tty/console.ts';
import { exit_files } from '../fs/file.ts';
import { atomic_dec_and_test, atomic_read, cmpxchg } from '../include/atomic.ts';
import { test_bit } from '../include/bitops.ts';
import { ECHILD } from '../include/errno.ts';
import type { MmStruct } from '../include/mm_types.ts';
import { mmap_read_lock, mmap_read_unlock } from '../include/mmap_lock.ts';
import { rcu_dereference, READ_ONCE, smp_store_release, WRITE_ONCE } from '../include/rwonce.ts';
import {
  current,
  EXIT_DEAD,
  EXIT_ZOMBIE,
  PF_KTHREAD,
  SIGNAL_GROUP_EXIT,
  SIGNAL_STOP_CONTINUED,
  SIGNAL_STOP_STOPPED,
  TIF_MEMDIE,
  type SignalStruct,
  type TaskStruct,
} from '../include/sched.ts';
import { SIGCHLD, SIGHUP } from '../include/signal.ts';
import { task_lock, task_unlock } from '../include/task.ts';
import { config } from '../kernel.ts';
import { kfunc } from '../kfunc.ts';
import { cgroup_exit } from '../mm/memcontrol.ts';
import { exit_oom_victim, is_global_init } from '../mm/oom_kill.ts';
import { trace_event } from '../trace-events.ts';
import { mmdrop_sched, mmgrab, mmput, put_task_struct_rcu_user } from './fork.ts';
import { debug_check_no_locks_held } from './locking/lockdep.ts';
import { read_lock, read_unlock, write_lock_irq, write_unlock_irq } from './locking/rwlock.ts';
import {
  spin_lock,
  spin_lock_irq,
  spin_lock_irqsave,
  spin_unlock,
  spin_unlock_irq,
  spin_unlock_irqrestore,
} from './locking/spinlock.ts';
import { panic } from './panic.ts';
import { init_task_tasks, tasklist_lock } from './pid.ts';
import { wait_event_interruptible, wake_up_interruptible_all } from './sched/wait.ts';
import { __send_signal_locked, exit_signals, zap_other_threads } from './signal.ts';
import { kill_orphaned_pgrp, kill_pgrp } from './signal_pgrp.ts';
import { exit_task_work } from './task_work.ts';
import { free_thread_stack } from './thread_stack.ts';

/**
 * do_group_exit() - end all threads of the process.
 *
 * Context: the task itself, without locks. Never returns.
 */
export const do_group_exit = kfunc('do_group_exit', function* (exit_code: number): Body<never> {
  const { signal } = current();
  let code = exit_code;
  if (((yield* signal.flags.read()) & SIGNAL_GROUP_EXIT) !== 0) {
    code = yield* signal.group_exit_code.read();
  } else {
    yield* spin_lock_irq(signal.siglock);
    if (((yield* signal.flags.read()) & SIGNAL_GROUP_EXIT) !== 0) {
      code = yield* signal.group_exit_code.read();
    } else {
      yield* signal.group_exit_code.write(code);
      yield* signal.flags.write(SIGNAL_GROUP_EXIT);
      yield* zap_other_threads(current());
    }
    yield* spin_unlock_irq(signal.siglock);
  }
  return yield* do_exit(code);
});

/**
 * do_exit() - the end of a thread.
 *
 * Context: the thread itself. Never returns: what called it is not resumed.
 * Models: kernel/exit.c as of v6.12, in the order of facts/mm-lifecycle.md, section 3: the mm goes before the
 * files, whose release is task work. Leaves out: what the model has no counterpart of.
 */
export const do_exit = kfunc('do_exit', function* (code: number): Body<never> {
  const tsk = current();
  yield* exit_signals(tsk);
  const group_dead = yield* atomic_dec_and_test(tsk.signal.live);
  if (group_dead && is_global_init(tsk)) {
    panic(`Attempted to kill init! exitcode=0x${code.toString(16).padStart(8, '0')}`);
  }
  tsk.exit_code = code;
  yield* exit_mm();
  trace_event('sched', 'sched_process_exit', () => `comm=${tsk.comm} pid=${tsk.pid} prio=120`);
  yield* exit_files(tsk);
  yield* exit_task_work();
  if (group_dead) yield* cgroup_exit(tsk);
  if (group_dead && tsk.signal.session.value !== 0) yield* disassociate_ctty(tsk);
  yield* exit_notify(tsk, group_dead);
  debug_check_no_locks_held();
  return yield* do_task_dead();
});

/**
 * exit_mm() - give up the address space. The last one to do so takes it down, here.
 *
 * Models: kernel/exit.c as of v6.12. Leaves out: robust futexes, membarrier.
 */
const exit_mm = kfunc(
  'exit_mm',
  function* () {
    const me = current();
    const mm = yield* me.mm.read();
    if (mm === null) return;
    yield* mmap_read_lock(mm);
    // mmgrab_lazy_tlb(): the CPU goes on with the page tables until it has others.
    yield* mmgrab(mm);
    yield* task_lock(me);
    yield* me.mm.write(null);
    me.active_mm = mm;
    yield* task_unlock(me);
    yield* mmap_read_unlock(mm);
    // Without memory cgroups nobody asks whose an mm is.
    if (config().MEMCG) yield* mm_update_next_owner(mm);
    yield* mmput(mm);
    if (yield* test_bit(TIF_MEMDIE, me.thread_flags)) yield* exit_oom_victim();
  },
  { inlined: true },
);

/** __try_to_set_owner() - unless the thread gives the mm up itself just now. Lets go of tasklist_lock if it is so. */
function* __try_to_set_owner(tsk: TaskStruct, mm: MmStruct): Body<boolean> {
  yield* task_lock(tsk);
  const uses = (yield* tsk.mm.read()) === mm;
  if (uses) {
    yield* read_unlock(tasklist_lock());
    yield* WRITE_ONCE(mm.owner, tsk);
  }
  yield* task_unlock(tsk);
  return uses;
}

/** try_to_set_owner() - the first thread of a process that uses the mm becomes its owner. */
function* try_to_set_owner(g: TaskStruct, mm: MmStruct): Body<boolean> {
  for (const t of yield* rcu_dereference(g.signal.thread_head)) {
    const t_mm = yield* READ_ONCE(t.mm);
    if (t_mm === mm) {
      if (yield* __try_to_set_owner(t, mm)) return true;
    } else if (t_mm !== null) {
      break;
    }
  }
  return false;
}

/**
 * mm_update_next_owner() - somebody else who uses the mm stands for it from now on.
 *
 * Models: kernel/exit.c. Leaves out: that children and siblings are asked before all others.
 */
const mm_update_next_owner = kfunc('mm_update_next_owner', function* (mm: MmStruct) {
  if ((yield* mm.owner.read()) !== current()) return;
  if ((yield* atomic_read(mm.mm_users)) <= 1) {
    yield* WRITE_ONCE(mm.owner, null);
    return;
  }
  yield* read_lock(tasklist_lock());
  for (const g of yield* rcu_dereference(init_task_tasks())) {
    if ((yield* atomic_read(mm.mm_users)) <= 1) break;
    if ((g.flags & PF_KTHREAD) === 0 && (yield* try_to_set_owner(g, mm))) return;
  }
  yield* read_unlock(tasklist_lock());
  yield* WRITE_ONCE(mm.owner, null);
});

/**
 * exit_notify() - tell the parent; a thread that nobody asks after is released at once.
 *
 * Models: kernel/exit.c. Leaves out: tracing, pidfds that are waited for.
 */
const exit_notify = kfunc('exit_notify', function* (tsk: TaskStruct, group_dead: boolean) {
  yield* write_lock_irq(tasklist_lock());
  const orphans = group_dead ? yield* forget_original_parent(tsk.signal.threads[0] ?? tsk) : [];
  yield* tsk.exit_state.write(EXIT_ZOMBIE);
  const leader = tsk.pid === tsk.tgid;
  let autoreap = true;
  if (leader) {
    const alone = (yield* rcu_dereference(tsk.signal.thread_head)).length <= 1;
    autoreap = alone && (yield* do_notify_parent(tsk));
  }
  if (autoreap) yield* tsk.exit_state.write(EXIT_DEAD);
  yield* write_unlock_irq(tasklist_lock());
  for (const orphan of orphans) yield* release_task(orphan);
  if (autoreap) yield* release_task(tsk);
});

/**
 * forget_original_parent() - children go on without; nobody waits for them.
 *
 * Context: tasklist_lock held. Return: those that have ended already, which init would take note of now. Outside of
 * sessions they are left as they are.
 */
function* forget_original_parent(father: TaskStruct): Body<TaskStruct[]> {
  const children = yield* father.children.read();
  if (children.length > 0) {
    for (const child of children) yield* WRITE_ONCE(child.real_parent, null);
    yield* father.children.write([]);
  }
  // Who never was in a session has no process group either.
  if (father.signal.session.value === 0) return [];
  const dead: TaskStruct[] = [];
  for (const child of children) {
    yield* kill_orphaned_pgrp(child, father, null);
    const alone = (yield* rcu_dereference(child.signal.thread_head)).length <= 1;
    if (!alone || (yield* child.exit_state.read()) !== EXIT_ZOMBIE) continue;
    yield* child.exit_state.write(EXIT_DEAD);
    dead.push(child);
  }
  const parent = yield* father.real_parent.read();
  if (parent !== null) yield* kill_orphaned_pgrp(father, parent, father);
  return dead;
}

/**
 * disassociate_ctty() - the leader of a session leaves, and gives its terminal up: those in the foreground are told.
 *
 * Models: drivers/tty/tty_jobctrl.c at the end of a leader.
 */
const disassociate_ctty = kfunc('disassociate_ctty', function* (tsk: TaskStruct) {
  const session = yield* tsk.signal.session.read();
  const { terminal } = consoleTty();
  if (session !== tsk.tgid || terminal === null || (yield* terminal.session.read()) !== session) return;
  const pgrp = yield* terminal.pgrp.read();
  yield* terminal.session.write(0);
  yield* terminal.pgrp.write(0);
  if (pgrp !== 0) yield* kill_pgrp(pgrp, SIGHUP);
});

/** do_notify_parent() - SIGCHLD and a wake-up for the parent. True if nobody wants to know. Tasklist lock held. */
const do_notify_parent = kfunc('do_notify_parent', function* (tsk: TaskStruct) {
  const parent = yield* tsk.real_parent.read();
  if (parent === null) return true;
  const psig: SignalStruct = parent.signal;
  const flags = yield* spin_lock_irqsave(psig.siglock);
  const autoreap = psig.ignored.has(SIGCHLD);
  if (!autoreap) yield* __send_signal_locked(SIGCHLD, parent, 'PIDTYPE_TGID');
  yield* wake_up_interruptible_all(psig.wait_chldexit);
  yield* spin_unlock_irqrestore(psig.siglock, flags);
  return autoreap;
});

/**
 * release_task() - the last trace of a thread goes: its id, its place in the lists.
 *
 * Context: the thread itself or its parent. Models: kernel/exit.c.
 */
export const release_task = kfunc('release_task', function* (p: TaskStruct) {
  let released: TaskStruct | null = p;
  while (released !== null) {
    const task: TaskStruct = released;
    yield* write_lock_irq(tasklist_lock());
    yield* __exit_signal(task);
    released = yield* zombieLeader(task);
    yield* write_unlock_irq(tasklist_lock());
    yield* put_task_struct_rcu_user(task);
  }
});

function* __exit_signal(p: TaskStruct): Body<void> {
  const { signal } = p;
  yield* spin_lock(signal.siglock);
  yield* signal.thread_head.update((threads) => threads.filter((thread) => thread !== p));
  yield* smp_store_release(p.sighand, null);
  yield* spin_unlock(signal.siglock);
  if (p.pid !== p.tgid) return;
  yield* init_task_tasks().update((tasks) => tasks.filter((task) => task !== p));
  const parent = yield* p.real_parent.read();
  if (parent !== null) yield* parent.children.update((children) => children.filter((child) => child !== p));
}

/** The leader, if it waited for `p` to be gone and nobody waits for the leader. */
function* zombieLeader(p: TaskStruct): Body<TaskStruct | null> {
  const [leader, ...others] = yield* rcu_dereference(p.signal.thread_head);
  if (leader === undefined || p.pid === p.tgid || others.length > 0) return null;
  if ((yield* leader.exit_state.read()) !== EXIT_ZOMBIE || !(yield* do_notify_parent(leader))) return null;
  yield* leader.exit_state.write(EXIT_DEAD);
  return leader;
}

/**
 * do_task_dead() - the thread leaves its CPU for good.
 *
 * Models: kernel/sched/core.c with what the next task does for it in finish_task_switch().
 */
const do_task_dead = kfunc('do_task_dead', function* (): Body<never> {
  const me = current();
  yield* finish_task_switch(me);
  return yield* end(me.exit_code);
});

/** finish_task_switch() - a dead task's borrowed mm, its stack, and its reference to itself. */
const finish_task_switch = kfunc('finish_task_switch.isra.0', function* (prev: TaskStruct) {
  const mm = prev.active_mm;
  prev.active_mm = null;
  if (mm !== null) yield* mmdrop_sched(mm);
  // put_task_stack(): a zombie has none.
  yield* free_thread_stack(prev);
  yield* put_task_struct_rcu_user(prev);
});

// --- wait ----------------------------------------------------------------------------------------

export const WNOHANG = 1;
export const WUNTRACED = 2;
export const WCONTINUED = 8;

/** What wait4() found. */
export interface Waited {
  readonly pid: number;
  /** As user space decodes it: code << 8, the number of a signal, signal << 8 | 0x7f for a stop, 0xffff for a continue. */
  readonly status: number;
}

/**
 * kernel_wait4() - wait for the end of a child; with WUNTRACED and WCONTINUED also for its stop and its going on.
 *
 * `pid` above 0 is that child, -1 any, 0 any of the caller's process group, below -1 any of that group.
 * Context: process context, may sleep.
 * Return: what happened; -ECHILD, -ERESTARTSYS; with WNOHANG 0 if nothing has.
 * Models: kernel/exit.c.
 */
export const kernel_wait4 = kfunc('kernel_wait4', function* (pid: number, options: number): Body<
  Waited | number
> {
  return yield* do_wait(pid, options);
});

const do_wait = kfunc('do_wait', function* (pid: number, options: number): Body<Waited | number> {
  const parent = current().signal.threads[0] ?? current();
  let found: Waited | number = 0;
  if ((options & WNOHANG) !== 0) return yield* wait_consider_tasks(parent, pid, options);
  const ret = yield* wait_event_interruptible(parent.signal.wait_chldexit, function* () {
    found = yield* wait_consider_tasks(parent, pid, options);
    return found !== 0;
  });
  return ret !== 0 ? ret : found;
});

/** Looks once at the children; 0 if there is nothing to tell yet. */
function* wait_consider_tasks(parent: TaskStruct, pid: number, options: number): Body<Waited | number> {
  yield* read_lock(tasklist_lock());
  let any = false;
  for (const child of yield* parent.children.read()) {
    if (!(yield* eligible_pid(parent, child, pid))) continue;
    any = true;
    const group = (yield* rcu_dereference(child.signal.thread_head)).length;
    if ((yield* READ_ONCE(child.exit_state)) !== EXIT_ZOMBIE || group > 1) {
      const status =
        (options & (WUNTRACED | WCONTINUED)) === 0 ? 0 : yield* wait_task_stopped(child, options);
      if (status === 0) continue;
      yield* read_unlock(tasklist_lock());
      return { pid: child.pid, status };
    }
    if ((yield* cmpxchg(child.exit_state, EXIT_ZOMBIE, EXIT_DEAD)) !== EXIT_ZOMBIE) continue;
    yield* read_unlock(tasklist_lock());
    const flags = yield* child.signal.flags.read();
    const code =
      (flags & SIGNAL_GROUP_EXIT) !== 0 ? yield* child.signal.group_exit_code.read() : child.exit_code;
    const waited = { pid: child.pid, status: code };
    yield* release_task(child);
    return waited;
  }
  yield* read_unlock(tasklist_lock());
  return any ? 0 : -ECHILD;
}

function* eligible_pid(parent: TaskStruct, child: TaskStruct, pid: number): Body<boolean> {
  if (pid > 0) return child.pid === pid;
  if (pid === -1) return true;
  const pgrp = pid === 0 ? yield* parent.signal.pgrp.read() : -pid;
  return (yield* child.signal.pgrp.read()) === pgrp;
}

/** wait_task_stopped() and wait_task_continued(): what happened to a child that lives, which is told once; or 0. */
function* wait_task_stopped(child: TaskStruct, options: number): Body<number> {
  const { signal } = child;
  const flags = yield* READ_ONCE(signal.flags);
  const stopped = (options & WUNTRACED) !== 0 && (flags & SIGNAL_STOP_STOPPED) !== 0;
  const continued = (options & WCONTINUED) !== 0 && (flags & SIGNAL_STOP_CONTINUED) !== 0;
  if (!stopped && !continued) return 0;
  yield* spin_lock_irq(signal.siglock);
  let status = 0;
  const now = yield* signal.flags.read();
  if (stopped && (now & SIGNAL_STOP_STOPPED) !== 0) {
    const code = yield* signal.group_exit_code.read();
    if (code !== 0) {
      status = (code << 8) | 0x7f;
      yield* signal.group_exit_code.write(0);
    }
  } else if (continued && (now & SIGNAL_STOP_CONTINUED) !== 0) {
    status = 0xffff;
    yield* signal.flags.write(now & ~SIGNAL_STOP_CONTINUED);
  }
  yield* spin_unlock_irq(signal.siglock);
  return status;
}
