import type { MmStruct } from '../include/mm_types.ts';
import { kfunc } from '../kfunc.ts';
import { schedule_timeout_uninterruptible } from '../kernel/sched/core.ts';
import { jiffies } from '../kernel/time/jiffies.ts';

/**
 * exit_aio() - wait for asynchronous reads and writes that are still under way.
 *
 * Context: the last user of the mm has gone; sleeps uninterruptibly, for as long as a device takes.
 * Models: fs/aio.c. Leaves out: contexts and requests; what is under way is the time at which it will be done.
 */
export const exit_aio = kfunc('exit_aio', function* (mm: MmStruct) {
  const left = mm.aio_done - jiffies();
  if (left > 0) yield* schedule_timeout_uninterruptible(left);
});
