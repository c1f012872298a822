/** One step: the thread, the alternative that it takes, then what it touches (`Footprints.portable`). */
export type Step = readonly number[];

/** A step and what is to be explored after it. Without branches: everything, unless it is explored already. */
export interface Branch {
  readonly step: Step;
  readonly explored: boolean;
  readonly branches: readonly Branch[];
  /** True if everything after the step is being explored, of which `branches` are what is left. */
  readonly whole?: boolean;
}

/**
 * A part of all executions: those that begin with the given steps, and with none that depends on nothing but
 * the steps explored beside one of them.
 */
export type Assignment = readonly { readonly step: Step; readonly explored: readonly Step[] }[];

/** The sequences of steps from the top to each end of a tree of branches. */
export function sequences(branches: readonly Branch[]): Step[][] {
  return branches.flatMap((branch) =>
    branch.branches.length === 0
      ? [[branch.step]]
      : sequences(branch.branches).map((rest) => [branch.step, ...rest]),
  );
}
