import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Body } from '../../sim/call.ts';
import { Cell } from '../../sim/cell.ts';
import type { Config } from '../config.ts';
import { MMF_OOM_SKIP } from '../include/mm_types.ts';
import { mmap_write_lock, mmap_write_unlock } from '../include/mmap_lock.ts';
import { current, type TaskStruct } from '../include/sched.ts';
import type { Kernel } from '../kernel.ts';
import { create_user_thread, user_process_at_boot } from '../kernel/process.ts';
import { schedule_timeout_uninterruptible } from '../kernel/sched/core.ts';
import { counters, dmesg, events, fill, map, runToEnd } from '../testing/processes.ts';
import { normalise } from '../testing/normalise.ts';
import { bootTimed } from '../testing/threads.ts';
import { v6_12 } from '../trees/v6.12.ts';
import { v6_18 } from '../trees/v6.18.ts';
import { memcgAtSetUp } from './memcontrol.ts';
import { staticProgram } from './process-image.ts';

const MB = 1 << 20;
const second = 250;

interface Flow {
  readonly kernel: Kernel;
  readonly victim: TaskStruct;
}

/** memhog -m 64 in a group of 32 MB, beside what else its other thread does. */
function memhog(other: (() => Body<number>) | null = null, config: Partial<Config> = {}, tree = v6_12): Flow {
  const { kernel, scheduler } = bootTimed({ tree, config: { MEMCG: true, HZ: second, ...config } });
  kernel.tracing.enable('oom:*');
  kernel.tracing.enable('mmap:exit_mmap');
  const victim = kernel.machine.inside(() =>
    user_process_at_boot(
      'memhog',
      function* () {
        const at = yield* map(64 * MB, 16);
        if (other !== null) yield* create_user_thread(other);
        return yield* fill(at, 64 * MB, 16);
      },
      { image: staticProgram('memhog', 21), memcg: memcgAtSetUp('/quick', (32 * MB) / 4096) },
    ),
  );
  runToEnd(kernel, scheduler);
  return { kernel, victim };
}

/** Numbers that depend on how many faults the model takes for as many pages. */
const blur = (lines: readonly string[]): string[] =>
  normalise(lines).map((line) =>
    line
      .replace(/^([a-z_]+) \d+$/, '$1 N')
      .replace(/\d+kB/g, 'NkB')
      .replace(/failcnt \d+/, 'failcnt N')
      .replace(/pid=\d+/, 'pid=N')
      .replace(/process \d+/, 'process N')
      .replace(/ +flags:/, ' flags:')
      .replace(/^\[ +\d+\]( +\d+){8}/, (row) => row.replace(/\d+/g, 'N').replace(/ +/g, ' ')),
  );

describe('a process that meets the limit of its group', () => {
  test('prints what a real kernel printed', () => {
    const { kernel } = memhog();
    const captured = readFileSync(new URL('../testing/captures/memcg-oom.txt', import.meta.url), 'utf8');
    expect(blur(dmesg(kernel))).toEqual(blur(captured.trimEnd().split('\n')));
  });

  test('has as much memory as the real one had', () => {
    const killed = dmesg(memhog().kernel).at(-1) ?? '';
    expect(killed).toContain('total-vm:66608kB, ');
    expect(killed).toContain('shmem-rss:576kB, UID:0 pgtables:104kB oom_score_adj:0');
  });

  test('is marked, exits by itself, and the reaper is not woken', () => {
    const { kernel, victim } = memhog();
    const [marked, exited, ...more] = events(kernel);
    expect(marked).toMatch(/^memhog mark_victim: pid=\d+ comm=memhog total-vm=66608kB anon-rss=/);
    expect(exited).toMatch(/^memhog exit_mmap: mt_mod 0{8}[0-9a-f]{8}, DESTROY$/);
    expect(more).toEqual([]);
    expect(victim.signal.oom_mm.value?.memory.alive).toBe(false);
  });
});

describe('a victim with a thread that sleeps in state D', () => {
  const sleeper = function* (): Body<number> {
    yield* schedule_timeout_uninterruptible(9 * second);
    return 0;
  };

  test.each([v6_12, v6_18])(
    'is reaped two seconds later, and takes its mm down when the thread is back ($name)',
    (tree) => {
      const { kernel } = memhog(sleeper, {}, tree);
      expect(events(kernel).map((event) => event.replace(/:.*/, ''))).toEqual([
        'memhog mark_victim',
        expect.stringMatching(/ wake_reaper$/),
        'oom_reaper start_task_reaping',
        'oom_reaper finish_task_reaping',
        'memhog exit_mmap',
      ]);
      const [marked, woken, start, , exited] = kernel.tracing.events.map(({ time }) => time / 1e9);
      expect(woken - marked).toBeCloseTo(2, 1);
      expect(start - woken).toBeLessThan(0.01);
      expect(exited).toBeGreaterThan(9);
      expect(exited).toBeLessThan(9.5);
      expect(dmesg(kernel).at(-1)).toMatch(
        /^oom_reaper: reaped process \d+ \(memhog\), now anon-rss:0kB, file-rss:0kB, shmem-rss:0kB$/,
      );
    },
  );
});

describe('a victim whose mmap_lock is held for writing', () => {
  // The lock is taken while the leader fills its memory, which per-VMA locks let it do.
  const hold = (seconds: number) =>
    function* (): Body<number> {
      const mm = current().mm.value;
      if (mm === null) return 1;
      yield* mmap_write_lock(mm);
      yield* schedule_timeout_uninterruptible(seconds * second);
      yield* mmap_write_unlock(mm);
      return 0;
    };
  const skips = (kernel: Kernel): number[] =>
    kernel.tracing.events.filter(({ name }) => name === 'skip_task_reaping').map(({ time }) => time / 1e9);

  test('is tried again every tenth of a second until the lock is free', () => {
    const { kernel } = memhog(hold(2.4));
    const times = skips(kernel);
    expect(times.length).toBeGreaterThan(2);
    expect(times.length).toBeLessThan(10);
    for (let i = 1; i < times.length; i++) expect(times[i] - times[i - 1]).toBeCloseTo(0.1, 1);
    expect(dmesg(kernel).join('\n')).not.toContain('unable to reap');
  });

  test('is given up after ten tries, as a real kernel did', () => {
    const { kernel } = memhog(hold(12), { PROVE_LOCKING: true, PREEMPT_RT: true });
    expect(skips(kernel)).toHaveLength(10);
    const told = dmesg(kernel);
    const from = told.findIndex((line) => line.startsWith('oom_reaper: unable to reap'));
    const to = told.indexOf(' </TASK>', from);
    const captured = readFileSync(new URL('../testing/captures/unable-to-reap.txt', import.meta.url), 'utf8');
    expect(blur(told.slice(from, to + 1))).toEqual(blur(captured.trimEnd().split('\n')));
    expect(told.slice(to)).toContain('Showing all locks held in the system:');
  });
});

test('MMF_OOM_SKIP stands in the flags of an mm that was reaped', () => {
  const seen: (number | undefined)[] = [];
  const { kernel, scheduler } = bootTimed({ tree: v6_12, config: { MEMCG: true } });
  kernel.machine.inside(() => {
    const done = new Cell(false, 'done');
    user_process_at_boot(
      'memhog',
      function* () {
        yield* create_user_thread(function* () {
          const mm = current().mm.value;
          yield* schedule_timeout_uninterruptible(5 * second);
          seen.push(mm?.flags.value, mm === null ? -1 : counters(mm).anon);
          yield* done.write(true);
          return 0;
        });
        return yield* fill(yield* map(64 * MB, 16), 64 * MB, 16);
      },
      { memcg: memcgAtSetUp('/quick', 8192) },
    );
  });
  runToEnd(kernel, scheduler);
  expect(((seen[0] ?? 0) >>> MMF_OOM_SKIP) & 1).toBe(1);
  expect(seen[1]).toBe(0);
});
