import type { Body, Call } from '../../sim/call.ts';
import { spin_lock, spin_unlock } from '../kernel/locking/spinlock.ts';
import type { TaskStruct } from './sched.ts';
import { refcount_inc } from './refcount.ts';

// Inline functions of include/linux/sched/task.h.

/** Keeps `p->mm` as it is. */
export const task_lock = (p: TaskStruct): Call<void> => spin_lock(p.alloc_lock);
export const task_unlock = (p: TaskStruct): Call<void> => spin_unlock(p.alloc_lock);

export const get_task_struct = (p: TaskStruct): Body<void> => refcount_inc(p.usage);
