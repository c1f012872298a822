/** Exit codes of `vng`, as virtme-ng's. */
export const EXIT = {
  DONE: 0,
  /** Before the boot: no kernel, options that contradict each other, an interruption on the host's side. */
  FAILED: 1,
  /** The command line cannot be read. */
  USAGE: 2,
  /** The guest ended without telling a status: a panic, a shell that died of a signal. */
  GUEST_LOST: 255,
} as const;

/** `vng` cannot do what it was asked for. */
export class VngFailure extends Error {
  constructor(
    message: string,
    readonly code: number = EXIT.FAILED,
    /** Some mistakes show the usage, on standard output. */
    readonly showsUsage = false,
  ) {
    super(message);
    this.name = 'VngFailure';
  }
}
