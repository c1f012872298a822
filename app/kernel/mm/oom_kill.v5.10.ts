import { ENOSYS } from '../include/errno.ts';
import { replace } from '../kfunc.ts';
import { put_task_struct } from '../kernel/fork.ts';
import { queueOnce } from './oom_kill.v5.18.ts';
import { queue_oom_reaper, queueInAWhile } from './oom_reaper.ts';
import { process_mrelease } from './process_mrelease.ts';

/** v5.10.223: no process_mrelease() yet; the delay of the reaper came with a stable release. */
export const v5_10Replacements = [
  replace(
    queue_oom_reaper,
    (tsk) => queueOnce(tsk, queueInAWhile),
    'the reaper comes after two seconds (by a stable release)',
  ),
  replace(
    process_mrelease,
    function* (task) {
      yield* put_task_struct(task);
      return -ENOSYS;
    },
    'not there yet',
  ),
];
