import { expect, test } from 'vitest';
import { Machine } from '../../sim/machine.ts';
import { RandomChooser } from '../../sim/random.ts';
import { TimedScheduler } from '../../sim/timed.ts';
import { boot } from '../init/main.ts';
import { defaultConfig } from '../kconfig.ts';
import type { Kernel } from '../kernel.ts';
import { kernel_wait4 } from '../kernel/exit.ts';
import { create_user_process, create_user_thread, user_process_at_boot } from '../kernel/process.ts';
import { schedule_timeout_uninterruptible } from '../kernel/sched/core.ts';
import { dmesg, fill, map, runToEnd } from '../testing/processes.ts';
import { evenCosts } from '../testing/threads.ts';
import type { Tree } from '../tree.ts';
import { v6_12 } from '../trees/v6.12.ts';
import { v6_18 } from '../trees/v6.18.ts';
import { do_madvise, MADV_DONTNEED } from './madvise.ts';
import { memcgAtSetUp, type MemCgroup } from './memcontrol.ts';
import { __vm_munmap } from './mmap.ts';

const MB = 1 << 20;

/** A shell forks a hog of three threads: one sleeps in D, one maps and unmaps, one fills memory to the limit. */
function hogOfThreads(kernel: Kernel): MemCgroup {
  return kernel.machine.inside(() => {
    const memcg = memcgAtSetUp('/hog', (8 * MB) / 4096);
    const sleeper = function* () {
      yield* schedule_timeout_uninterruptible(3000);
      return 0;
    };
    const mapper = function* () {
      const at = yield* map(MB, 4);
      yield* fill(at, MB, 4);
      yield* do_madvise(at, MB / 2, MADV_DONTNEED);
      yield* __vm_munmap(at, MB / 4);
      return 0;
    };
    const hog = function* () {
      yield* create_user_thread(sleeper);
      yield* create_user_thread(mapper);
      return yield* fill(yield* map(16 * MB, 64), 16 * MB, 64);
    };
    user_process_at_boot('sh', function* () {
      yield* create_user_process('memhog', hog, 'copy', { memcg });
      yield* kernel_wait4(-1, 0);
      return 0;
    });
    return memcg;
  });
}

const variants: readonly (readonly [string, Tree, boolean, boolean])[] = [v6_12, v6_18].flatMap((tree) =>
  [true, false].flatMap((rt) =>
    [true, false].map((timed) => {
      const name = `${tree.name}, ${rt ? 'PREEMPT_RT' : 'no RT'}, ${timed ? 'in time' : 'in any order'}`;
      return [name, tree, rt, timed] as const;
    }),
  ),
);

test.each(variants)('no checker finds fault with a group OOM kill (%s)', (_name, tree, rt, timed) => {
  const scheduler = new TimedScheduler(2, evenCosts, 1);
  const machine = new Machine();
  if (timed) machine.clock = scheduler;
  const config = { ...defaultConfig(), PREEMPT_RT: rt, DEBUG_VM: true, PROVE_RAW_LOCK_NESTING: true };
  const kernel = boot({ tree, patches: [], config, append: new Map(), cpus: 2 }, machine);
  const memcg = hogOfThreads(kernel);
  runToEnd(kernel, timed ? scheduler : new RandomChooser(5));
  kernel.hooks.emit('endOfRun');
  expect(dmesg(kernel).filter((line) => /BUG|WARN|INFO|SCYTHE|reaped|Killed/.test(line))).toEqual([
    expect.stringContaining('Memory cgroup out of memory: Killed process'),
    expect.stringContaining('oom_reaper: reaped process'),
  ]);
  expect(memcg.usage.value).toBe(0);
});
