import type { Assignment } from '../../explore/branches.ts';
import type { Outcome } from '../../explore/outcomes.ts';
import type { PartResult } from '../../explore/partition.ts';
import type { Statistics } from '../../explore/strategy.ts';
import type { Settings, Target } from '../../scenario/search.ts';

/** What a worker is started with: what it will search parts of. */
export interface WorkerStart {
  readonly scytheSearch: { readonly target: Target; readonly settings: Settings };
}

/** One piece of work. */
export type Job =
  /** A part of all executions, for `dpor`. */
  | { readonly kind: 'part'; readonly assignment: Assignment; readonly executions: number }
  /** So many executions drawn from a seed. */
  | { readonly kind: 'draws'; readonly seed: number; readonly executions: number };

/** What became of a job. `rest` and `elsewhere` are empty for draws. */
export type JobResult = PartResult;

/** Counts of several searches as one. */
export function sum(all: readonly Statistics[]): Statistics {
  const total = { executions: 0, blocked: 0, cut: 0, probes: 0, operations: 0 };
  for (const each of all) {
    total.executions += each.executions;
    total.blocked += each.blocked;
    total.cut += each.cut;
    total.probes += each.probes;
    total.operations += each.operations;
  }
  return total;
}

/** Adds outcomes to those known; `before` executions came before theirs. */
export function mergeOutcomes(
  into: Map<string, Outcome>,
  outcomes: readonly Outcome[],
  before: number,
): void {
  for (const outcome of outcomes) {
    const known = into.get(outcome.title);
    if (known === undefined) into.set(outcome.title, { ...outcome, first: before + outcome.first });
    else known.count += outcome.count;
  }
}
