import type { Prng } from '../base/prng.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { Choice } from '../sim/choose.ts';
import type { Task } from '../sim/task.ts';

/** A fault that may strike does so in a timed run as its rule's probability says: the alternative that is taken. */
export function strikes(kernel: Kernel, choice: Choice, task: Task, prng: Prng): number {
  const site = choice.what.split(' ')[0];
  if (site !== 'failslab' && site !== 'fail_page_alloc') return 0;
  const percent = kernel.faults.match(site, task)?.probability ?? 0;
  return percent > 0 && prng.chance(percent, 100) ? 1 : 0;
}
