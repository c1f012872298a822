import type { Machine } from './machine.ts';
import type { SimObject } from './object.ts';
import type { Task } from './task.ts';

/** One task that waits, for what, and for whom where that is known. */
export interface Wait {
  readonly task: Task;
  readonly object: SimObject;
  readonly holders: readonly Task[];
}

/**
 * How a run ended:
 * - `complete`: every task that is not a daemon ended, or was stopped where it stood.
 * - `stopped`: somebody can still run; the chooser, a limit or the model itself stopped the run.
 * - `deadlock`: tasks wait for each other, or for a holder that will never let go.
 * - `lost wake-up`: a task waits for something that nobody holds and nobody is left to bring about.
 */
export type Ending =
  | { readonly kind: 'complete' }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'deadlock'; readonly cycle: readonly Wait[]; readonly waits: readonly Wait[] }
  | { readonly kind: 'lost wake-up'; readonly waits: readonly Wait[] };

/** What matters for the ending of a run; the defaults are those of a machine without a model above it. */
export interface EndingView {
  /** Would the run be incomplete if this task, which is still there, waited for ever? */
  readonly matters: (task: Task) => boolean;
  /** Could somebody still bring about a change? */
  readonly goesOn: boolean;
}

/** Says how a run ended. To be asked after `Machine.run`. */
export function endingOf(machine: Machine, view: Partial<EndingView> = {}): Ending {
  const { matters = (task: Task) => !task.daemon, goesOn = machine.enabled.length > 0 } = view;
  if (goesOn) return { kind: 'stopped' };
  const waits = machine.tasks.filter((task) => task.state === 'ready' && matters(task)).map(waitOf);
  if (waits.length === 0) return { kind: 'complete' };
  const chain = deadEnd(waits);
  return chain === null ? { kind: 'lost wake-up', waits } : { kind: 'deadlock', cycle: chain, waits };
}

/** One line per wait: `reaper waits for &mm->mmap_lock, held by exit`. */
export function describeWait(wait: Wait): string {
  const held = wait.holders.filter((task) => task !== wait.object);
  const by =
    held.length === 0 ? '' : `, held by ${held.map((task) => holderName(task, wait.task)).join(', ')}`;
  return `${wait.task.name} waits for ${wait.object.name}${by}`;
}

function holderName(holder: Task, waiter: Task): string {
  if (holder === waiter) return 'itself';
  return holder.state === 'ready' ? holder.name : `${holder.name} (${holder.state})`;
}

export function waitOf(task: Task): Wait {
  const object = task.pending === null ? task : task.pending.object;
  return { task, object, holders: object.holders() };
}

/** The first chain of waits that returns to its start or ends at a holder that is gone; null if there is none. */
function deadEnd(waits: readonly Wait[]): readonly Wait[] | null {
  for (const start of waits) {
    const chain: Wait[] = [];
    let wait: Wait | undefined = start;
    while (wait !== undefined && !chain.includes(wait)) {
      chain.push(wait);
      const holder: Task | undefined = wait.holders[0];
      if (holder === undefined) break;
      if (holder.state !== 'ready') return chain;
      wait = holder.enabled ? undefined : waitOf(holder);
      const same = chain.find((link) => link.task === holder);
      if (same !== undefined) return chain.slice(chain.indexOf(same));
    }
  }
  return null;
}
