import {
  EXIT_DEAD,
  EXIT_ZOMBIE,
  TASK_IDLE,
  TASK_INTERRUPTIBLE,
  TASK_RTLOCK_WAIT,
  TASK_UNINTERRUPTIBLE,
  __TASK_STOPPED,
  type TaskStruct,
} from '../../include/sched.ts';
import { show_stack } from '../../lib/dump_stack.ts';
import { pr_info } from '../../printk.ts';
import { blocked_frames, task_state } from './core.ts';

/** The letter of `ps`: R running, S and D asleep, T stopped, I idle, Z and X dead. */
export function task_state_to_char(task: TaskStruct): string {
  const exit = task.exit_state.value;
  if ((exit & EXIT_DEAD) !== 0) return 'X';
  if ((exit & EXIT_ZOMBIE) !== 0) return 'Z';
  const state = task_state(task);
  if ((state & TASK_IDLE) === TASK_IDLE) return 'I';
  if ((state & (TASK_UNINTERRUPTIBLE | TASK_RTLOCK_WAIT)) !== 0) return 'D';
  if ((state & __TASK_STOPPED) !== 0) return 'T';
  return (state & TASK_INTERRUPTIBLE) !== 0 ? 'S' : 'R';
}

/** TIF_NEED_FPU_LOAD: set while a task of user space is not on a CPU. */
const NEED_FPU_LOAD = 1 << 14;

/** sched_show_task() - one line on a task, and its stack. */
export function sched_show_task(task: TaskStruct): void {
  const state = task_state_to_char(task);
  const running = state === 'R' ? '  running task    ' : '';
  const flags = (task.thread_flags.value | (task.user ? NEED_FPU_LOAD : 0)).toString(16).padStart(8, '0');
  const pids = `pid:${pad(task.pid, 5)} tgid:${pad(task.tgid, 5)} ppid:${pad(task.ppid, 6)}`;
  pr_info(
    `task:${task.comm.slice(0, 15).padEnd(15)} state:${state}${running} stack:${pad(0, 5)} ${pids} flags:0x${flags}`,
  );
  show_stack(task, blocked_frames(task));
}

const pad = (value: number, width: number): string => String(value).padEnd(width);
