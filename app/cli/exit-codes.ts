/** Exit codes of the `scythe` command. */
export const EXIT = {
  /** Everything is as expected. */
  MET: 0,
  /** An expectation is not met, or a replay is not the run that it was. */
  NOT_MET: 1,
  /** The command line or a file is wrong. */
  BAD_INPUT: 2,
  /** Scythe itself is wrong. */
  INTERNAL: 3,
  /** Interrupted from the keyboard, as shells have it. */
  INTERRUPTED: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
