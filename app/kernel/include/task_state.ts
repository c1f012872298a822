// Apart from sched.ts, which needs much of the rest of the kernel: these are needed while modules load.

/** Bits of `task->__state` (include/linux/sched.h). */
export const TASK_RUNNING = 0x0000;
export const TASK_INTERRUPTIBLE = 0x0001;
export const TASK_UNINTERRUPTIBLE = 0x0002;
export const __TASK_STOPPED = 0x0004;
export const TASK_WAKEKILL = 0x0100;
export const TASK_NOLOAD = 0x0400;
export const TASK_RTLOCK_WAIT = 0x1000;
export const TASK_STOPPED = TASK_WAKEKILL | __TASK_STOPPED;
export const TASK_KILLABLE = TASK_WAKEKILL | TASK_UNINTERRUPTIBLE;
export const TASK_IDLE = TASK_UNINTERRUPTIBLE | TASK_NOLOAD;
export const TASK_NORMAL = TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE;
/** Set in `exit_state` rather than `__state`; one field serves both here. */
export const EXIT_DEAD = 0x0010;
export const EXIT_ZOMBIE = 0x0020;
