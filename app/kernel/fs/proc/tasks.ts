import { machineInForce } from '../../../sim/machine-in-force.ts';
import type { Body } from '../../../sim/call.ts';
import { rcu_dereference } from '../../include/rwonce.ts';
import { PF_KTHREAD, TaskStruct } from '../../include/sched.ts';
import { find_task_by_vpid, init_task_tasks } from '../../kernel/pid.ts';
import { blocked_frames, task_state_to_char } from '../../kernel/sched/core.ts';
import { stackOf, type StackEntry } from '../../stack.ts';

// What the files of /proc show of tasks. Run states, stacks and kernel threads are snapshots, as they are for
// debugging only: nobody can draw conclusions from them that another task could spoil.

/** Kernel threads, in order of their ids. They are in no list that tasks share, as none of them ever ends. */
export function kernelThreads(): readonly TaskStruct[] {
  return machineInForce()
    .tasks.map(({ context }) => context)
    .filter((task) => task instanceof TaskStruct)
    .filter((task) => (task.flags & PF_KTHREAD) !== 0 && task.pid > 0)
    .sort((a, b) => a.pid - b.pid);
}

/** All processes and kernel threads, in order of their ids. */
export function* allTasks(): Body<readonly TaskStruct[]> {
  const processes = yield* rcu_dereference(init_task_tasks());
  return [...kernelThreads(), ...processes].sort((a, b) => a.pid - b.pid);
}

/** A process, a thread or a kernel thread; null if there is none. Context: inside rcu_read_lock(). */
export function* findTask(pid: number): Body<TaskStruct | null> {
  return (yield* find_task_by_vpid(pid)) ?? kernelThreads().find((task) => task.pid === pid) ?? null;
}

const WORDS: Readonly<Record<string, string>> = {
  R: 'running',
  S: 'sleeping',
  D: 'disk sleep',
  T: 'stopped',
  t: 'tracing stop',
  X: 'dead',
  Z: 'zombie',
  I: 'idle',
};

/** get_task_state(): the letter and the word of a task's state. */
export function stateOf(task: TaskStruct): readonly [letter: string, word: string] {
  const letter = stateLetter(task);
  return [letter, WORDS[letter] ?? 'running'];
}

/** Who waits in the model without having said how (a worker for work, a reader for input) sleeps all the same. */
function stateLetter(task: TaskStruct): string {
  const letter = task_state_to_char(task);
  const { state, enabled, standing } = task.thread;
  if (letter !== 'R' || state !== 'ready' || enabled || standing.shield >= 0) return letter;
  return /^(kworker|rcu_)/.test(task.comm) ? 'I' : 'S';
}

/** Functions of the scheduler, which the stack of a sleeping task is shown without (in_sched_functions()). */
const SCHED_TEXT: ReadonlySet<string> = new Set([
  ...['__schedule', 'schedule', 'schedule_timeout', 'io_schedule'],
  ...['__wait_for_common', 'wait_for_completion'],
]);

/** Where a task sleeps in the kernel, innermost first; nothing for one that runs or is dead. */
export function sleepingStack(task: TaskStruct): readonly StackEntry[] {
  // A zombie has given its stack back.
  if (task.thread.state !== 'ready') return [];
  const all = stackOf(task.thread, blocked_frames(task));
  const from = all.findIndex(({ symbol }) => !SCHED_TEXT.has(symbol));
  return from < 0 ? [] : all.slice(from);
}

/** get_wchan(): the function that a task sleeps in; '' for one that runs. */
export function waitChannel(task: TaskStruct): string {
  const letter = stateLetter(task);
  if (letter === 'R' || letter === 'Z' || letter === 'X') return '';
  return sleepingStack(task)[0]?.symbol ?? '';
}

/** The scale of priorities that /proc/<pid>/stat and events show: 120 an ordinary task, below 100 real time. */
export function priorityOf(task: TaskStruct): number {
  const { priority } = task.thread.standing;
  return priority > 0 ? 99 - Math.min(priority, 99) : 120;
}
