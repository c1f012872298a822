import { expect, test } from 'vitest';
import { TaskStruct } from '../include/sched.ts';
import { defaultConfig } from '../kconfig.ts';
import type { KernelOptions } from '../kernel.ts';
import { TimedScheduler } from '../../sim/timed.ts';
import { Machine } from '../../sim/machine.ts';
import { evenCosts } from '../testing/threads.ts';
import { boot } from './main.ts';

const options: KernelOptions = {
  tree: {
    name: 'v6.12',
    description: 'no bodies of its own',
    release: '6.12.117',
    replacements: [],
    traits: { kvmAllocation: 'vmalloc', preemptionModelInDumps: false, spteZapTouchesPage: true },
  },
  patches: [],
  config: defaultConfig(),
  append: new Map([['sysctl.kernel.hung_task_timeout_secs', '10']]),
  cpus: 2,
};

function threads(machine: Machine): string[] {
  return machine.tasks.flatMap(({ context }) =>
    context instanceof TaskStruct ? [`${context.comm}-${context.pid}`] : [],
  );
}

test('kernel threads have the pids of the captured machine and wait', () => {
  const machine = new Machine();
  machine.clock = new TimedScheduler(2, evenCosts, 1);
  const kernel = boot(options, machine);
  expect(threads(machine)).toEqual(
    expect.arrayContaining([
      ...['kworker/0:0-9', 'kworker/0:1-10', 'ksoftirqd/0-16', 'rcu_preempt-17', 'ksoftirqd/1-29'],
      ...['khungtaskd-36', 'kworker/1:1-41'],
    ]),
  );
  expect(kernel.sysctl.get('kernel.hung_task_timeout_secs')).toBe(10);
  expect(machine.steps).toBe(0);
});

test('two boots are the same, and a search has no khungtaskd', () => {
  const first = threads(boot(options).machine);
  expect(threads(boot(options).machine)).toEqual(first);
  expect(first.some((name) => name.startsWith('khungtaskd'))).toBe(false);
});
