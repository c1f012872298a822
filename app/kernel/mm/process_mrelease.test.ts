import { expect, test } from 'vitest';
import type { Body } from '../../sim/call.ts';
import { Cell } from '../../sim/cell.ts';
import { EAGAIN, EINTR, EINVAL, ESRCH } from '../include/errno.ts';
import { mm_flags_set } from '../include/mm.ts';
import { MMF_OOM_SKIP, type MmStruct } from '../include/mm_types.ts';
import { mmap_write_lock, mmap_write_unlock } from '../include/mmap_lock.ts';
import { mmu_notifier_invalidate_range_start_nonblock } from '../include/mmu_notifier.ts';
import { current, type TaskStruct } from '../include/sched.ts';
import { SIGKILL } from '../include/signal.ts';
import { get_task_struct } from '../include/task.ts';
import { replace } from '../kfunc.ts';
import { create_user_thread, user_process_at_boot } from '../kernel/process.ts';
import { schedule_timeout_uninterruptible } from '../kernel/sched/core.ts';
import { do_send_sig_info } from '../kernel/signal.ts';
import { counters, runToEnd } from '../testing/processes.ts';
import { bootTimed } from '../testing/threads.ts';
import type { Patch } from '../tree.ts';
import { v6_12 } from '../trees/v6.12.ts';
import { process_mrelease } from './process_mrelease.ts';

const second = 250;

interface Case {
  readonly flags?: number;
  /** Does the caller kill the target before? */
  readonly kill?: boolean;
  /** What the other thread of the target does, which keeps its mm alive. */
  readonly other?: (mm: MmStruct) => Body<void>;
  /** Seconds before the call. */
  readonly wait?: number;
  readonly patches?: readonly Patch[];
}

function* sleepInD(): Body<void> {
  yield* schedule_timeout_uninterruptible(5 * second);
}

/** Calls process_mrelease() for a target with two threads; what it returned, and what the target had left then. */
function mrelease({
  flags = 0,
  kill = true,
  other = sleepInD,
  wait = 1,
  patches = [],
}: Case): [number, number] {
  const { kernel, scheduler } = bootTimed({ tree: v6_12, patches, config: { HZ: second } });
  let result: [number, number] = [1, -1];
  kernel.machine.inside(() => {
    const stay = new Cell(true, 'stay');
    const target: TaskStruct = user_process_at_boot('target', function* () {
      const mm = current().mm.value as MmStruct;
      yield* create_user_thread(function* () {
        yield* other(mm);
        return 0;
      });
      if (!kill) yield* stay.await((value) => !value);
      yield* schedule_timeout_uninterruptible(second / 2);
      return 0;
    });
    const mm = target.mm.value as MmStruct;
    user_process_at_boot('caller', function* () {
      yield* get_task_struct(target);
      yield* schedule_timeout_uninterruptible(second / 10);
      if (kill) yield* do_send_sig_info(SIGKILL, target, 'PIDTYPE_TGID');
      yield* schedule_timeout_uninterruptible(wait * second);
      const ret = yield* process_mrelease(target, flags);
      result = [ret, counters(mm).anon];
      yield* stay.write(false);
      return 0;
    });
  });
  runToEnd(kernel, scheduler);
  return result;
}

test('process_mrelease() reaps a process that was killed and cannot exit', () => {
  expect(mrelease({})).toEqual([0, 0]);
});

test('process_mrelease() knows no flags', () => {
  expect(mrelease({ flags: 1 })[0]).toBe(-EINVAL);
});

test('process_mrelease() leaves the living alone', () => {
  const [ret, anon] = mrelease({ kill: false });
  expect(ret).toBe(-EINVAL);
  expect(anon).toBeGreaterThan(0);
});

test('process_mrelease() finds no mm in a process that has given it up', () => {
  expect(mrelease({ wait: 8 })[0]).toBe(-ESRCH);
});

test('process_mrelease() has nothing to do where somebody has done it', () => {
  const skipped = function* (mm: MmStruct): Body<void> {
    yield* mm_flags_set(MMF_OOM_SKIP, mm);
    yield* sleepInD();
  };
  const [ret, anon] = mrelease({ other: skipped });
  expect(ret).toBe(0);
  expect(anon).toBeGreaterThan(0);
});

test('process_mrelease() waits for mmap_lock', () => {
  const locked = function* (mm: MmStruct): Body<void> {
    yield* mmap_write_lock(mm);
    yield* schedule_timeout_uninterruptible(3 * second);
    yield* mmap_write_unlock(mm);
    yield* sleepInD();
  };
  expect(mrelease({ other: locked })).toEqual([0, 0]);
});

test('process_mrelease() passes on that a notifier refused', () => {
  const refusing: Patch = {
    name: 'refuse',
    title: '',
    description: '',
    appliesTo: ['v6.12'],
    replacements: [
      replace(mmu_notifier_invalidate_range_start_nonblock, function* () {
        return -EAGAIN;
      }),
    ],
  };
  const [ret, anon] = mrelease({ patches: [refusing] });
  expect(ret).toBe(-EAGAIN);
  expect(anon).toBeGreaterThan(0);
});

test('a caller that is killed while it waits gets away', () => {
  const { kernel, scheduler } = bootTimed({ tree: v6_12, config: { HZ: second } });
  let ret = 1;
  kernel.machine.inside(() => {
    const target = user_process_at_boot('target', function* () {
      const mm = current().mm.value as MmStruct;
      yield* mmap_write_lock(mm);
      yield* schedule_timeout_uninterruptible(5 * second);
      yield* mmap_write_unlock(mm);
      return 0;
    });
    const caller = user_process_at_boot('caller', function* () {
      yield* get_task_struct(target);
      yield* do_send_sig_info(SIGKILL, target, 'PIDTYPE_TGID');
      yield* schedule_timeout_uninterruptible(second);
      ret = yield* process_mrelease(target, 0);
      return 0;
    });
    user_process_at_boot('killer', function* () {
      yield* schedule_timeout_uninterruptible(2 * second);
      yield* do_send_sig_info(SIGKILL, caller, 'PIDTYPE_TGID');
      return 0;
    });
  });
  runToEnd(kernel, scheduler);
  expect(ret).toBe(-EINTR);
});
