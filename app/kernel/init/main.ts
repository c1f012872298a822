import { checkers } from '../checkers/index.ts';
import { Machine } from '../../sim/machine.ts';
import { Kernel, type KernelOptions } from '../kernel.ts';
import { initcalls } from './initcall.ts';
import './subsystems.ts';

export { INIT, kernelInit } from './initcall.ts';

/**
 * Builds and boots a kernel: its globals, then the checkers that its configuration compiles in, then the init
 * functions by (order, name). Kernel threads start and wait for work; nothing is left for a chooser to decide.
 * A timed run hands in a machine that has its clock already: what watches the time (khungtaskd) starts only there.
 */
export function boot(options: KernelOptions, machine = new Machine()): Kernel {
  const kernel = new Kernel(options, machine);
  for (const [name, value] of options.append) {
    if (name.startsWith('sysctl.')) kernel.sysctl.set(name.slice('sysctl.'.length), Number(value));
  }
  kernel.machine.inside(() => {
    for (const checker of checkers) if (checker.enabled(kernel.config)) checker.attach(kernel);
  });
  for (const { run } of initcalls()) kernel.machine.inside(run);
  return kernel;
}
