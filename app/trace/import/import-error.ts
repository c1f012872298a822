/** A trace that cannot be opened: what is wrong with it, and what would help. */
export class ImportError extends Error {
  constructor(
    message: string,
    readonly fix: string,
  ) {
    super(message);
    this.name = 'ImportError';
  }
}

/** Beyond so many events a trace is cut off: the timeline is drawn for a million. */
export const MOST_EVENTS = 2_000_000;
