import { current } from '../../../include/sched.ts';
import { kfunc } from '../../../kfunc.ts';
import { get_signal } from '../../../kernel/signal.ts';

/**
 * arch_do_signal_or_restart() - deliver a signal on the way to user space. A fatal one ends the task inside.
 *
 * Models: arch/x86/kernel/signal.c. Leaves out: the frame on the user's stack: which handlers are to run is
 * noted for the program. Whether an interrupted call is made again is seen to by do_syscall_64().
 */
export const arch_do_signal_or_restart = kfunc('arch_do_signal_or_restart', function* () {
  const signal = yield* get_signal();
  if (signal !== 0) current().delivered.push(signal);
});
