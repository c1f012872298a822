import { ERESTARTNOHAND } from '../include/errno.ts';
import { current, TASK_INTERRUPTIBLE, TASK_RUNNING } from '../include/sched.ts';
import { kfunc } from '../kfunc.ts';
import { schedule, set_current_state, __set_current_state } from './sched/core.ts';
import { kill_something_info, signal_pending } from './signal.ts';

/** __x64_sys_kill() */
export const __x64_sys_kill = kfunc('__x64_sys_kill', function* (pid: number, sig: number) {
  return yield* kill_something_info(sig, pid);
});

/** __x64_sys_pause() - sleep until a signal comes. */
export const __x64_sys_pause = kfunc('__x64_sys_pause', function* () {
  while (!(yield* signal_pending(current()))) {
    yield* set_current_state(TASK_INTERRUPTIBLE);
    yield* schedule();
  }
  yield* __set_current_state(TASK_RUNNING);
  return -ERESTARTNOHAND;
});
