import { formatLine, type LogLine } from '../kernel/log.ts';

/** Levels from which on nothing is held back. */
const VERBOSE = 16;

/** The kernel has lost its way: from here on it shows all that it says, whatever the level (console_verbose()). */
const CONSOLE_VERBOSE =
  /^(Kernel panic - not syncing|Oops: |BUG: unable to handle|BUG: kernel NULL pointer|kernel BUG at|general protection fault|stack guard page)/;

/** What of the kernel's log goes to its console: `loglevel=` of the command line, until something grave happens. */
export class KernelConsole {
  constructor(private level: number) {}

  /** The line as the console shows it; null if it is held back. */
  show(line: LogLine): string | null {
    if (CONSOLE_VERBOSE.test(line.text)) this.level = VERBOSE;
    return line.level < this.level ? formatLine(line) : null;
  }
}
