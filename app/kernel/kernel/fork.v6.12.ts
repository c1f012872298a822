import { refcount_dec_and_test } from '../include/refcount.ts';
import { config } from '../kernel.ts';
import { kfunc, replace } from '../kfunc.ts';
import type { TaskStruct } from '../include/sched.ts';
import { __put_task_struct, put_task_struct } from './fork.ts';
import { call_rcu } from './rcu/tree.ts';
import { preemptible } from './sched/core.ts';

const __put_task_struct_rcu_cb = kfunc('__put_task_struct_rcu_cb', function* (tsk: TaskStruct) {
  yield* __put_task_struct(tsk);
});

/** With PREEMPT_RT the last reference is handed to RCU only where sleeping locks must not be taken. */
export const v6_12Replacements = [
  replace(
    put_task_struct,
    function* (tsk) {
      if (!(yield* refcount_dec_and_test(tsk.usage))) return;
      if (!config().PREEMPT_RT || preemptible()) yield* __put_task_struct(tsk);
      else yield* call_rcu(tsk.rcu, () => __put_task_struct_rcu_cb(tsk));
    },
    'with PREEMPT_RT the last reference goes by RCU where sleeping is forbidden only',
  ),
];
