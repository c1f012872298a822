import type { Body, Call } from '../../sim/call.ts';
import { Effect } from '../../sim/operation.ts';
import { ESRCH } from '../include/errno.ts';
import { current, PF_EXITING, TIF_NOTIFY_RESUME, type TaskStruct } from '../include/sched.ts';
import { set_bit } from '../include/bitops.ts';
import { kfunc } from '../kfunc.ts';
import { cond_resched } from './sched/core.ts';

/** struct callback_head - one piece of work for a task on its way back to user space. */
export interface CallbackHead {
  readonly func: () => Call<unknown> | Body<unknown>;
}

/**
 * task_work_add() - have `task` run `work` before it is in user space again, or while it exits.
 *
 * Context: any.
 * Return: 0, or -ESRCH if the task has run its last work.
 * Models: kernel/task_work.c with TWA_RESUME.
 */
export const task_work_add = kfunc('task_work_add', function* (task: TaskStruct, work: CallbackHead) {
  const { task_works } = task;
  const before = yield* task_works.update((works) => (works === null ? null : [work, ...works]));
  if (before === null) return -ESRCH;
  yield* set_bit(TIF_NOTIFY_RESUME, task.thread_flags);
  return 0;
});

/**
 * task_work_run() - run all work that was added, the newest first.
 *
 * Context: the task itself, without locks. An exiting task takes no more once its list was seen empty.
 * Models: kernel/task_work.c as of v6.12. Leaves out: cancelling.
 */
export const task_work_run = kfunc('task_work_run', function* () {
  const task = current();
  for (;;) {
    const works = yield* take(task);
    if (works === null || works.length === 0) return;
    for (const work of works) {
      yield* work.func();
      yield* cond_resched();
    }
  }
});

/** Takes the list; an empty one is closed for ever by an exiting task. */
const take = (task: TaskStruct): Effect<readonly CallbackHead[] | null> =>
  new Effect('rmw', task.task_works, 'write', () => {
    const works = task.task_works.value;
    if (works !== null)
      task.task_works.value = works.length === 0 && (task.flags & PF_EXITING) !== 0 ? null : [];
    return works;
  });

/** exit_task_work() - the last run. */
export const exit_task_work = kfunc(
  'exit_task_work',
  function* () {
    yield* task_work_run();
  },
  { inlined: true },
);
