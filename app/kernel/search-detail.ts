/**
 * Parts of the kernel that a search models with fewer operations, as nobody can notice the difference: which of them
 * are to be there in full nevertheless, as in a timed run. For comparisons, which are to show that nobody can.
 */
export interface SearchDetail {
  /** Grace periods of SRCU with their numbers, states and locks (rcu/srcu_search.ts). */
  readonly srcu: boolean;
  /** Completions with their lock, their list and the wake-up (sched/completion_search.ts). */
  readonly completions: boolean;
  /** Pools of workers (work_desk.ts). Then SRCU is there in full, too, as in short it needs a worker of its own. */
  readonly works: boolean;
}

export const IN_SHORT: SearchDetail = { srcu: false, completions: false, works: false };
