import type { Part } from '../../explore/branches.ts';
import type { Outcome } from '../../explore/outcomes.ts';
import type { PartResult } from '../../explore/shared.ts';
import type { Statistics } from '../../explore/strategy.ts';
import type { Settings, Target } from '../../scenario/search.ts';

/** What a worker is started with: what it will search parts of. */
export interface WorkerStart {
  readonly scytheSearch: {
    readonly target: Target;
    readonly settings: Settings;
    /** An `Int32Array` of one: the number of the part that is wanted back, however far it is. */
    readonly wanted: SharedArrayBuffer;
  };
}

/** One piece of work. */
export type Job =
  /** A part of all executions, for `dpor`. */
  | { readonly kind: 'part'; readonly number: number; readonly part: Part }
  /** So many executions drawn from a seed. */
  | { readonly kind: 'draws'; readonly seed: number; readonly executions: number };

export interface Drawn {
  readonly statistics: Statistics;
  readonly outcomes: readonly Outcome[];
}

/** What became of a job. */
export type JobResult = PartResult | Drawn;
