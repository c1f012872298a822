import type { Ns } from '../../../base/brand.ts';
import { machineInForce } from '../../../sim/machine-in-force.ts';
import { EINVAL, ERESTART_RESTARTBLOCK } from '../../include/errno.ts';
import { current, TASK_INTERRUPTIBLE, TASK_RUNNING } from '../../include/sched.ts';
import { kfunc } from '../../kfunc.ts';
import { __set_current_state, schedule, set_current_state } from '../sched/core.ts';
import { signal_pending } from '../signal.ts';
import { timed } from './jiffies.ts';

/** What the scheduler may add to a sleep of an ordinary task so as to wake several at once. */
const TIMER_SLACK_NS = 50_000;

/**
 * do_nanosleep() - sleep until a moment, or until a signal comes.
 *
 * Return: 0, or -ERESTART_RESTARTBLOCK if a signal was faster.
 */
const do_nanosleep = kfunc('do_nanosleep', function* (until: Ns) {
  yield* set_current_state(TASK_INTERRUPTIBLE);
  const woken = yield* schedule(until);
  yield* __set_current_state(TASK_RUNNING);
  // Nobody but the timer and a signal wakes a task here.
  if (timed() ? machineInForce().now >= until : !woken) return 0;
  return (yield* signal_pending(current())) ? -ERESTART_RESTARTBLOCK : 0;
});

/** hrtimer_nanosleep() - nanosleep() of a relative time. */
export const hrtimer_nanosleep = kfunc('hrtimer_nanosleep', function* (duration: Ns) {
  const until = (machineInForce().now + duration + TIMER_SLACK_NS) as Ns;
  // hrtimer_nanosleep_restart(): after a stop the rest of the time is slept, not all of it again.
  current().restart_block = () => do_nanosleep(until);
  return yield* do_nanosleep(until);
});

/** common_nsleep() - clock_nanosleep() for the clocks that timers follow. */
export const common_nsleep = kfunc('common_nsleep', function* (duration: Ns) {
  return yield* hrtimer_nanosleep(duration);
});

/** __x64_sys_clock_nanosleep() */
export const __x64_sys_clock_nanosleep = kfunc('__x64_sys_clock_nanosleep', function* (duration: Ns) {
  if (duration < 0) return -EINVAL;
  return yield* common_nsleep(duration);
});
