import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { seconds } from '../../base/brand.ts';
import { Call, FunctionSymbol, type Body } from '../../sim/call.ts';
import { delay } from '../../sim/delay.ts';
import { describeWait, endingOf } from '../../sim/ending.ts';
import { kernelGlobal } from '../globals.ts';
import { current, TASK_INTERRUPTIBLE, TASK_KILLABLE, TASK_UNINTERRUPTIBLE } from '../include/sched.ts';
import { set_hung_task_timeout_secs } from '../kernel/hung_task.ts';
import { srcu_read_lock, SrcuStruct, synchronize_srcu } from '../kernel/rcu/srcutree.ts';
import { schedule, set_current_state } from '../kernel/sched/core.ts';
import { dmesg, runTasks } from '../testing/boot.ts';
import { normalise } from '../testing/normalise.ts';
import { bootTimed, bootWithThreads } from '../testing/threads.ts';
import './hung_task.ts';

const srcu = kernelGlobal('hung_task_test_srcu', () => new SrcuStruct('srcu'));

/** Runs `body` at the end of a chain of calls, outermost first. */
function* through(names: readonly string[], body: () => Body<unknown>): Body<unknown> {
  const [name, ...rest] = names;
  if (name === undefined) return yield* body();
  const symbol = new FunctionSymbol(name, () => through(rest, body));
  return yield* new Call<unknown>(symbol, []);
}

const reported = (lines: readonly string[]): string[] =>
  lines.filter((line) => line.startsWith('INFO: task'));

function* sleepIn(state: number): Body<void> {
  yield* set_current_state(state);
  yield* schedule();
}

const syscall = ['entry_SYSCALL_64_after_hwframe', 'do_syscall_64'];
const fault = [
  'asm_exc_page_fault',
  'exc_page_fault',
  'do_user_addr_fault',
  'handle_mm_fault',
  '__handle_mm_fault',
];
const charge = ['__mem_cgroup_charge', 'charge_memcg', 'try_charge_memcg', 'mem_cgroup_out_of_memory'];
const write = [
  'ksys_write',
  'vfs_write',
  'full_proxy_write',
  'lab_oom_reap_task_write',
  '__oom_reap_task_mm',
];
const kill = ['out_of_memory', 'oom_kill_process', '__oom_kill_process'];
const unregister = ['mmu_notifier_oom_sync', 'mmu_notifier_unregister'];

const captured = (name: string): string[] =>
  readFileSync(new URL(`../testing/captures/${name}.txt`, import.meta.url), 'utf8')
    .trimEnd()
    .split('\n');

describe('the hung-task detector', () => {
  test.each([
    { capture: 'hung-task', comm: 'memhog', path: [...fault, ...charge, ...kill, ...unregister] },
    { capture: 'hung-task-reap', comm: 'poke', path: [...syscall, ...write, ...unregister] },
  ])(
    'reports a task that waits for itself in synchronize_srcu() as in $capture',
    ({ capture, comm, path }) => {
      const { kernel, scheduler } = bootTimed({
        config: { PREEMPT_RT: true, PROVE_LOCKING: true, DETECT_HUNG_TASK: true, HZ: 250 },
        tainted: true,
      });
      kernel.sysctl.set('kernel.hung_task_timeout_secs', 10);
      runTasks(
        kernel,
        {
          *[comm]() {
            Object.assign(current(), { pid: 69, tgid: 69, ppid: 64, user: true });
            yield* through(path, function* () {
              yield* srcu_read_lock(srcu());
              yield* synchronize_srcu(srcu());
            });
          },
        },
        scheduler,
      );
      const lines = dmesg(kernel);
      const start = lines.findIndex((line) => line.startsWith('INFO: task'));
      const end = lines.findIndex((line, i) => i > start && line === 'INFO: lockdep is turned off.');
      expect(normalise(lines.slice(start, end + 1))).toEqual(normalise(captured(capture)));
      expect(reported(lines).map((line) => /more than (\d+)/.exec(line)?.[1])).toEqual([
        '10',
        '20',
        '30',
        '40',
        '51',
        '61',
        '71',
        '81',
        '92',
        '102',
      ]);
      expect(lines).toContain(
        'Future hung task reports are suppressed, see sysctl kernel.hung_task_warnings',
      );
      // Nobody is left who could run, khungtaskd included: the run ends by itself and says who waits for whom.
      expect(kernel.machine.enabled).toEqual([]);
      const ending = endingOf(kernel.machine);
      expect(ending.kind).toBe('deadlock');
      const cycle = ending.kind === 'deadlock' ? ending.cycle.map(describeWait) : [];
      expect(cycle).toEqual([`${comm} waits for a grace period of srcu, held by itself`]);
    },
  );

  test('says nothing of tasks that can be killed or that sleep interruptibly', () => {
    const { kernel, scheduler } = bootTimed({ config: { DETECT_HUNG_TASK: true } });
    runTasks(
      kernel,
      { killable: () => sleepIn(TASK_KILLABLE), interruptible: () => sleepIn(TASK_INTERRUPTIBLE) },
      scheduler,
    );
    expect(dmesg(kernel)).toEqual([]);
    expect(kernel.machine.enabled).toEqual([]);
  });

  test('says nothing of a wait that ends in time, and follows a change of the timeout', () => {
    const { kernel, scheduler } = bootTimed({ config: { DETECT_HUNG_TASK: true } });
    runTasks(
      kernel,
      {
        *admin() {
          yield* delay(seconds(300));
          yield* set_hung_task_timeout_secs(1);
        },
        *sleeper() {
          yield* delay(seconds(200));
          yield* sleepIn(TASK_UNINTERRUPTIBLE);
        },
      },
      scheduler,
    );
    const first = kernel.log.lines.find((line) => line.text.startsWith('INFO: task'));
    expect(first?.text).toMatch(/^INFO: task sleeper:101 blocked for more than \d+ seconds\.$/);
    expect(first?.time).toBeGreaterThan(seconds(300));
    expect(first?.time).toBeLessThan(seconds(310));
  });

  test('is not there without DETECT_HUNG_TASK, nor in a search', () => {
    const off = bootTimed({ config: { DETECT_HUNG_TASK: false } });
    runTasks(off.kernel, { stuck: () => sleepIn(TASK_UNINTERRUPTIBLE) }, off.scheduler);
    const search = bootWithThreads({ config: { DETECT_HUNG_TASK: true } });
    runTasks(search, { stuck: () => sleepIn(TASK_UNINTERRUPTIBLE) });
    expect([...dmesg(off.kernel), ...dmesg(search)]).toEqual([]);
    expect(endingOf(search.machine).kind).toBe('lost wake-up');
  });
});
