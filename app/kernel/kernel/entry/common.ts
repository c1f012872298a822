import { clear_bit } from '../../include/bitops.ts';
import { current, TIF_NEED_RESCHED, TIF_NOTIFY_RESUME, TIF_SIGPENDING } from '../../include/sched.ts';
import { kfunc } from '../../kfunc.ts';
import { lockdep_sys_exit } from '../locking/lockdep.ts';
import { cond_resched } from '../sched/core.ts';
import { arch_do_signal_or_restart } from '../../arch/x86/kernel/signal.ts';
import { READ_ONCE } from '../../include/rwonce.ts';
import { task_work_run } from '../task_work.ts';

/**
 * exit_to_user_mode_loop() - what is left to do before a task is in user space again, until nothing is.
 *
 * Context: the way back from a system call or a fault, no locks held. A fatal signal ends the task here.
 * Models: kernel/entry/common.c. Leaves out: rseq, live patching, and interrupts being off for each look.
 */
export const exit_to_user_mode_loop = kfunc(
  'exit_to_user_mode_loop',
  function* () {
    const { thread_flags } = current();
    for (;;) {
      const flags = yield* READ_ONCE(thread_flags);
      if ((flags & EXIT_TO_USER_MODE_WORK) === 0) return;
      if ((flags & (1 << TIF_NEED_RESCHED)) !== 0) yield* cond_resched();
      if ((flags & (1 << TIF_SIGPENDING)) !== 0) yield* arch_do_signal_or_restart();
      if ((flags & (1 << TIF_NOTIFY_RESUME)) !== 0) yield* resume_user_mode_work();
    }
  },
  { inlined: true },
);

/** resume_user_mode_work() - the task work: files that were put last by this task, for instance. */
export const resume_user_mode_work = kfunc(
  'resume_user_mode_work',
  function* () {
    yield* clear_bit(TIF_NOTIFY_RESUME, current().thread_flags);
    yield* task_work_run();
  },
  { inlined: true },
);

/** syscall_exit_to_user_mode() - the end of a system call. */
export const syscall_exit_to_user_mode = kfunc('syscall_exit_to_user_mode', function* () {
  yield* exit_to_user_mode_loop();
  lockdep_sys_exit();
});

/** irqentry_exit_to_user_mode() - the end of a fault that came from user space. */
export const irqentry_exit_to_user_mode = kfunc('irqentry_exit_to_user_mode', function* () {
  yield* exit_to_user_mode_loop();
  lockdep_sys_exit();
});

export const EXIT_TO_USER_MODE_WORK =
  (1 << TIF_NEED_RESCHED) | (1 << TIF_SIGPENDING) | (1 << TIF_NOTIFY_RESUME);
