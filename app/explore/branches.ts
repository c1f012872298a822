/** One step: the thread, the alternative that it takes, then what it touches (`Footprints.portable`). */
export type Step = readonly number[];

/** A step to be explored, and how to go on after it. Without branches: in any way. */
export interface Branch {
  readonly step: Step;
  readonly branches: readonly Branch[];
}

/** Where a search stands at one depth. */
export interface Level {
  /** The step taken there; null at the last level, where the first of those that wait comes next. */
  readonly step: Step | null;
  /** Steps whose executions are explored, or are being explored: they sleep. With all that they touched. */
  readonly explored: readonly Step[];
  /** Steps that sleep, too, as others will explore them. What they will touch is only foreseen. */
  readonly foreseen?: readonly Step[];
  /** Executions of this search that there were before the first one that came here; 0 if that is not told. */
  readonly begun?: number;
  /** What waits to be explored. */
  readonly waiting: readonly Branch[];
}

/**
 * A part of all executions: those that begin with the steps of the levels above `floor`, and with none that
 * depends on nothing but the steps that sleep beside one of them. Levels from `floor` on say how far it is.
 */
export interface Part {
  readonly levels: readonly Level[];
  readonly floor: number;
}

/** All executions. */
export const EVERYTHING: Part = { levels: [], floor: 0 };

/** Steps to be explored one after the other, at a depth above the floor of the part in which they were found. */
export interface Stray {
  readonly depth: number;
  readonly steps: readonly Step[];
}
