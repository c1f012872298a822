import type { Config } from './config.ts';
import type { Kernel } from './kernel.ts';

/** A module that listens to a kernel and reports. Switched off it is not attached and costs nothing. */
export interface Checker {
  readonly name: string;
  /** Is it compiled in? Scythe's own invariants look at their own switch, SCYTHE_INVARIANTS. */
  enabled(config: Config): boolean;
  /** Called once, during boot, inside the kernel's machine. */
  attach(kernel: Kernel): void;
}
