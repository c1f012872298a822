import { rcu_assign_pointer, rcu_dereference } from '../include/rwonce.ts';
import type { Body } from '../../sim/call.ts';
import { Cell } from '../../sim/cell.ts';
import type { Memory } from '../../sim/memory.ts';
import { current, TASK_RUNNING, type TaskStruct } from '../include/sched.ts';
import { kfunc, nothing } from '../kfunc.ts';
import { rcu_read_lock, rcu_read_unlock } from './rcu/tree.ts';
import { __set_current_state, schedule, set_current_state, wake_up_blindly } from './sched/core.ts';

/** struct rcuwait - a place for one task that waits. The task itself stays until an RCU grace period is over. */
export class Rcuwait {
  readonly task: Cell<TaskStruct | null>;

  constructor(name: string, memory: Memory | null = null) {
    this.task = new Cell<TaskStruct | null>(null, `${name}.task`, memory);
  }
}

/** prepare_to_rcuwait() - the running task is the one to be woken. */
export function* prepare_to_rcuwait(w: Rcuwait): Body<void> {
  yield* rcu_assign_pointer(w.task, current());
}

export const finish_rcuwait = kfunc('finish_rcuwait', function* (w: Rcuwait) {
  yield* rcu_assign_pointer(w.task, null);
  yield* __set_current_state(TASK_RUNNING);
});

/** rcuwait_wake_up() - wakes whoever waits. Context: any. Return: true if somebody waited; nobody asks if he slept. */
export const rcuwait_wake_up = kfunc(
  'rcuwait_wake_up',
  function* (w: Rcuwait) {
    yield* rcu_read_lock();
    const task = yield* rcu_dereference(w.task);
    if (task !== null) yield* wake_up_blindly(task);
    yield* rcu_read_unlock();
    return task !== null;
  },
  { leaves: nothing },
);

/** rcuwait_active() - is somebody there? */
export function* rcuwait_active(w: Rcuwait): Body<boolean> {
  return (yield* rcu_dereference(w.task)) !== null;
}

/** rcuwait_wait_event() - sleeps in `state` until the condition holds. */
export function* rcuwait_wait_event(w: Rcuwait, condition: () => Body<boolean>, state: number): Body<void> {
  yield* prepare_to_rcuwait(w);
  for (;;) {
    yield* set_current_state(state);
    if (yield* condition()) break;
    yield* schedule();
  }
  yield* finish_rcuwait(w);
}
