import type { Outcome } from './outcomes.ts';

/**
 * How much of the program a search has covered:
 * - `complete`: every execution.
 * - `complete within bound`: every execution that keeps the bound that is named.
 * - `unfinished`: there is more; `remaining` estimates how many executions, null where nobody can tell.
 */
export type Coverage =
  | { readonly kind: 'complete' }
  | { readonly kind: 'complete within bound'; readonly bound: string }
  | { readonly kind: 'unfinished'; readonly remaining: number | null };

/** What every strategy counts. */
export interface Statistics {
  /** Executions that came to their end. */
  readonly executions: number;
  /** Executions given up because everything that they could come to was explored elsewhere. */
  readonly blocked: number;
  /** Executions cut off at the bound of operations per execution; they count as executions, too. */
  readonly cut: number;
  /** Replays that only asked whether a waiting operation could run earlier: how many depends on who explores what. */
  readonly probes: number;
  /** Operations performed in executions, from their start. */
  readonly operations: number;
  /** States that were seen, of a search for them. */
  readonly states?: number;
}

/**
 * A search for what a program can come to. It knows no clock: the caller advances it in slices and looks at
 * its own watch, or at a request to stop, in between. What was found stays.
 */
export interface Search {
  readonly statistics: Statistics;
  readonly coverage: Coverage;
  /** What was found so far, in order of first appearance. */
  readonly outcomes: readonly Outcome[];
  /** True if there is nothing left to do. */
  readonly finished: boolean;
  /** Performs up to so many more executions. Returns early when finished or when a new title was found. */
  advance(executions: number): void;
}

/** Adds the counts of one search to those of another. */
export function addTo(
  counts: { -readonly [Key in keyof Statistics]: Statistics[Key] },
  more: Statistics,
): void {
  counts.executions += more.executions;
  counts.blocked += more.blocked;
  counts.cut += more.cut;
  counts.probes += more.probes;
  counts.operations += more.operations;
}

/** How many executions are left if so many are this share of all; null if nobody can tell. */
export function left(executions: number, share: number): number | null {
  return share === 0 ? null : Math.max(0, Math.round(executions / share) - executions);
}

/** Runs a search to its end, or until it has performed `budget` executions. */
export function runToEnd<S extends Search>(search: S, budget = Number.MAX_SAFE_INTEGER): S {
  while (!search.finished && search.statistics.executions < budget) {
    search.advance(Math.min(SLICE, budget - search.statistics.executions));
  }
  return search;
}

const SLICE = 10_000;
