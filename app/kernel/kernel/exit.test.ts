import { expect, test } from 'vitest';
import type { Task } from '../../sim/task.ts';
import type { Body } from '../../sim/call.ts';
import { RandomChooser } from '../../sim/random.ts';
import { syscall } from '../arch/x86/entry/common.ts';
import { ECHILD } from '../include/errno.ts';
import { MMF_OOM_SKIP, type MmStruct } from '../include/mm_types.ts';
import { current, type TaskStruct } from '../include/sched.ts';
import { SIGKILL, SIGTERM, SIGUSR1 } from '../include/signal.ts';
import { inTurn } from '../testing/boot.ts';
import { dmesg, runToEnd } from '../testing/processes.ts';
import { bootTimed, bootWithThreads } from '../testing/threads.ts';
import { v6_12 } from '../trees/v6.12.ts';
import { kernel_wait4, WNOHANG } from './exit.ts';
import { get_task_mm, mmput, mmput_async } from './fork.ts';
import { create_user_process, create_user_thread, user_process_at_boot } from './process.ts';
import { schedule_timeout_interruptible, schedule_timeout_uninterruptible } from './sched/core.ts';
import { kill_something_info } from './signal.ts';
import { task_work_add } from './task_work.ts';

const noCode = function* (): Body<number> {
  return 0;
};

test('a task gives up its mm before its task work is done', () => {
  const kernel = bootWithThreads({ tree: v6_12 });
  const order: string[] = [];
  const task: TaskStruct = kernel.machine.inside(() =>
    user_process_at_boot('sh', function* () {
      const mm = current().mm.value as MmStruct;
      const work = function* (name: string): Body<void> {
        order.push(
          `${name}: mm ${task.mm.value === null ? 'gone' : 'there'}, ${(mm.flags.value >>> MMF_OOM_SKIP) & 1}`,
        );
        yield* task.exit_state.read();
      };
      yield* task_work_add(task, { func: () => work('first') });
      yield* task_work_add(task, { func: () => work('second') });
      return 0;
    }),
  );
  runToEnd(kernel, inTurn);
  expect(order).toEqual(['second: mm gone, 1', 'first: mm gone, 1']);
});

test('a zombie has given its stack back, and keeps its place in the lists', () => {
  const { kernel, scheduler } = bootTimed({ tree: v6_12 });
  const seen: unknown[] = [];
  kernel.machine.inside(() =>
    user_process_at_boot('sh', function* () {
      const child = yield* create_user_process('child', noCode, 'copy');
      if (typeof child === 'number') return 1;
      seen.push(child.stack !== null);
      yield* schedule_timeout_uninterruptible(100);
      seen.push(child.stack, child.memory.alive);
      yield* kernel_wait4(child.pid, 0);
      yield* schedule_timeout_uninterruptible(100);
      seen.push(child.memory.alive);
      return 0;
    }),
  );
  runToEnd(kernel, scheduler);
  expect(seen).toEqual([true, null, true, false]);
});

test('the last user takes the address space down, whoever that is', () => {
  const kernel = bootWithThreads({ tree: v6_12 });
  kernel.tracing.enable('mmap:exit_mmap');
  const who = (end: (mm: MmStruct) => Body<void> | ReturnType<typeof mmput>): string[] => {
    kernel.tracing.events.length = 0;
    kernel.machine.inside(() => {
      const task = user_process_at_boot('owner', noCode);
      user_process_at_boot('reader', function* () {
        const mm = yield* get_task_mm(task);
        while (task.thread.state !== 'ended') yield* task.exit_state.read();
        if (mm !== null) yield* end(mm);
        return 0;
      });
    });
    kernel.machine.run(new RandomChooser(3), 100_000);
    return kernel.tracing.events.map(({ comm }) => comm).sort();
  };
  expect(who((mm) => mmput(mm))).toEqual(['reader', 'reader']);
  expect(who((mm) => mmput_async(mm))).toEqual([expect.stringMatching(/^kworker\/\d:/), 'reader']);
});

test('wait4() tells how children ended', () => {
  const kernel = bootWithThreads({ tree: v6_12 });
  const seen: unknown[] = [];
  kernel.machine.inside(() =>
    user_process_at_boot('sh', function* () {
      seen.push(yield* kernel_wait4(-1, 0));
      const child = (yield* create_user_process('true', function* () {
        return 7;
      })) as TaskStruct;
      const { pid } = child;
      seen.push(yield* kernel_wait4(pid + 1, WNOHANG));
      seen.push(yield* kernel_wait4(pid, 0));
      const other = (yield* create_user_process('sleep', function* () {
        yield* schedule_timeout_interruptible(100_000);
        return 0;
      })) as TaskStruct;
      seen.push(yield* kernel_wait4(-1, WNOHANG));
      yield* kill_something_info(SIGTERM, other.pid);
      const waited = yield* kernel_wait4(-1, 0);
      seen.push(typeof waited === 'number' ? waited : waited.status);
      seen.push(pid < other.pid);
      return 0;
    }),
  );
  runToEnd(kernel, inTurn);
  const first = (seen[2] as { pid: number }).pid;
  expect(seen).toEqual([-ECHILD, -ECHILD, { pid: first, status: 7 << 8 }, 0, SIGTERM, true]);
});

test('a signal with a handler does not kill', () => {
  const { kernel, scheduler } = bootTimed({ tree: v6_12 });
  const task: TaskStruct = kernel.machine.inside(() => {
    const target = user_process_at_boot('target', function* () {
      yield* schedule_timeout_interruptible(100);
      return 5;
    });
    target.signal.handled.add(SIGUSR1);
    user_process_at_boot('killer', function* () {
      yield* kill_something_info(SIGUSR1, target.pid);
      return 0;
    });
    return target;
  });
  runToEnd(kernel, scheduler);
  expect(task.exit_code).toBe(5 << 8);
});

test('SIGKILL ends all threads of a process, also those that sleep; one in state D ends when it wakes', () => {
  const { kernel, scheduler } = bootTimed({ tree: v6_12, config: { HZ: 250 } });
  kernel.machine.inside(() => {
    const target = user_process_at_boot('target', function* () {
      yield* create_user_thread(function* () {
        yield* syscall('clock_nanosleep', () => schedule_timeout_uninterruptible(500));
        return 0;
      });
      yield* create_user_thread(function* () {
        yield* syscall('clock_nanosleep', () => schedule_timeout_interruptible(100_000));
        return 0;
      });
      yield* syscall('clock_nanosleep', () => schedule_timeout_interruptible(100_000));
      return 0;
    });
    user_process_at_boot('killer', function* () {
      yield* schedule_timeout_uninterruptible(50);
      yield* kill_something_info(SIGKILL, target.pid);
      return 0;
    });
  });
  runToEnd(kernel, scheduler);
  const ended = kernel.machine.tasks.filter(({ label }: Task) => label.startsWith('target'));
  expect(ended.map(({ state, result }) => [state, result])).toEqual([
    ['ended', SIGKILL],
    ['ended', SIGKILL],
    ['ended', SIGKILL],
  ]);
  expect(kernel.machine.now / 1e9).toBeLessThan(3);
  expect(dmesg(kernel)).toEqual([]);
});
