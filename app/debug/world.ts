import type { Kernel } from '../kernel/kernel.ts';
import type { Machine } from '../sim/machine.ts';

/** The kernel that runs on a machine. */
export function kernelOf(machine: Machine): Kernel {
  return machine.world as Kernel;
}
