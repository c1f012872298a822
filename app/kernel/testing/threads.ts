import { TimedScheduler, type CostModel } from '../../sim/timed.ts';
import '../init/subsystems.ts';
import { initcalls } from '../init/initcall.ts';
import type { Kernel } from '../kernel.ts';
import { bootForTest, type TestOptions } from './boot.ts';

/** Every operation costs 100 ns, switching and waking nothing: times in tests come out even. */
export const evenCosts: CostModel = {
  operation: {
    read: 100,
    write: 100,
    rmw: 100,
    acquire: 100,
    release: 100,
    wait: 100,
    alloc: 100,
    free: 100,
    choose: 0,
    delay: 0,
    spawn: 100,
    exit: 100,
  },
  contextSwitch: 0,
  wakeUp: 0,
  slice: 1_000_000,
  jitter: 0,
};

/** A test kernel with its kernel threads: soft interrupts, kworkers, RCU. */
export function bootWithThreads(options: TestOptions = {}): Kernel {
  const kernel = bootForTest(options);
  for (const { run } of initcalls()) kernel.machine.inside(run);
  return kernel;
}

/** The same in virtual time. */
export function bootTimed(options: TestOptions = {}): { kernel: Kernel; scheduler: TimedScheduler } {
  const scheduler = new TimedScheduler(options.cpus ?? 2, evenCosts, 1);
  return { kernel: bootWithThreads({ ...options, clock: scheduler }), scheduler };
}
