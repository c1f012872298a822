import { formatLine, type LogLine } from '../kernel/log.ts';

/** CONSOLE_LOGLEVEL_MOTORMOUTH: from here on nothing is held back. */
const VERBOSE = 15;
/** The first number of /proc/sys/kernel/printk, which `dmesg -n` sets too. */
const SYSCTL = 'kernel.printk';

/** The kernel has lost its way: from here on it shows all that it says, whatever the level (console_verbose()). */
const CONSOLE_VERBOSE =
  /^(Kernel panic - not syncing|Oops: |BUG: unable to handle|BUG: kernel NULL pointer|kernel BUG at|general protection fault|stack guard page)/;

/** What of the kernel's log goes to its console: lines below the console's level. */
export class KernelConsole {
  /** `level` is what the command line says; users may change it while the guest runs. */
  constructor(
    private readonly settings: Map<string, number>,
    private readonly level: number,
  ) {
    settings.set(SYSCTL, level);
  }

  /** The line as the console shows it; null if it is held back. */
  show(line: LogLine): string | null {
    if (CONSOLE_VERBOSE.test(line.text)) this.settings.set(SYSCTL, VERBOSE);
    const level = this.level > VERBOSE ? this.level : (this.settings.get(SYSCTL) ?? this.level);
    return line.level < level ? formatLine(line) : null;
  }
}
