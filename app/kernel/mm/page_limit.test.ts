import { expect, test } from 'vitest';
import { TimedScheduler } from '../../sim/timed.ts';
import { Machine } from '../../sim/machine.ts';
import { boot } from '../init/main.ts';
import { defaultConfig } from '../kconfig.ts';
import type { Kernel } from '../kernel.ts';
import { user_process_at_boot } from '../kernel/process.ts';
import { schedule_timeout_uninterruptible } from '../kernel/sched/core.ts';
import { dmesg, fill, map, runToEnd } from '../testing/processes.ts';
import { evenCosts } from '../testing/threads.ts';
import { v6_12 } from '../trees/v6.12.ts';
import { free_pages_of_machine } from './page_limit.ts';

const MB = 1 << 20;

/** A machine of 256 MB, about 107 of them free, with processes that want so many MB each. */
function machineWith(wanted: Readonly<Record<string, number>>): {
  kernel: Kernel;
  killed: string[];
  free: number;
} {
  const scheduler = new TimedScheduler(2, evenCosts, 1);
  const machine = new Machine();
  machine.clock = scheduler;
  const append = new Map([['mem', '256M']]);
  const kernel = boot({ tree: v6_12, patches: [], config: defaultConfig(), append, cpus: 2 }, machine);
  kernel.machine.inside(() => {
    for (const [comm, megabytes] of Object.entries(wanted)) {
      user_process_at_boot(comm, function* () {
        yield* fill(yield* map(megabytes * MB, 64), megabytes * MB, 64);
        yield* schedule_timeout_uninterruptible(1000);
        return 0;
      });
    }
  });
  runToEnd(kernel, scheduler);
  const killed = dmesg(kernel)
    .filter((line) => line.includes('Killed process'))
    .map((line) => line.replace(/ process \d+/, '').replace(/ total-vm.*/, ''));
  return { kernel, killed, free: machine.inside(() => free_pages_of_machine().free) };
}

test('processes that fit are left alone, and their pages come back', () => {
  const { killed, free } = machineWith({ small: 20, large: 60 });
  expect(killed).toEqual([]);
  expect(free).toBe((256 * MB) / 4096 - 38_000);
});

test('where memory runs out, the largest process dies for the others', () => {
  const { kernel, killed, free } = machineWith({ small: 40, large: 90 });
  expect(killed).toEqual(['Out of memory: Killed (large)']);
  expect(free).toBe((256 * MB) / 4096 - 38_000);
  const told = dmesg(kernel);
  expect(told).toContain('Mem-Info:');
  expect(told.find((line) => line.startsWith('oom-kill:'))).toMatch(
    /^oom-kill:constraint=CONSTRAINT_NONE,nodemask=\(null\),global_oom,task_memcg=\/,task=large,pid=\d+,uid=0$/,
  );
});
