import type { Body, Call } from '../../sim/call.ts';
import type { MmStruct } from '../include/mm_types.ts';
import { extend, type Replacement } from '../kfunc.ts';
import { oom_victim_signalled } from '../mm/oom_kill.ts';

/** Makes __oom_kill_process() call `oom_enter` after the SIGKILL, with oom_lock held and before the reaper is queued. */
export function atOomKill(oom_enter: (mm: MmStruct) => Body<void> | Call<void>): Replacement {
  return extend(
    oom_victim_signalled,
    (below) =>
      function* (mm) {
        yield* oom_enter(mm);
        yield* below(mm);
      },
  );
}
