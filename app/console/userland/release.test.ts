import { expect, test } from 'vitest';
import { runUser } from '../testing/guest.ts';
import { close, getpid, nanosleep, open, read, wait4 } from './libc.ts';
import { fork, startThread, type UserBody } from './process.ts';
import { ms } from '../../base/brand.ts';
import { delay } from '../../sim/delay.ts';
import { runningTask } from '../../sim/machine-in-force.ts';
import { registerDevice } from '../../kernel/drivers/base/core.ts';
import { current } from '../../kernel/include/sched.ts';
import { kfunc } from '../../kernel/kfunc.ts';
import { stackOf } from '../../kernel/stack.ts';

interface Release {
  readonly pid: number;
  readonly hasMm: boolean;
  /** Functions around the release, innermost first. */
  readonly stack: readonly string[];
}

let releases: Release[] = [];

const probe_release = kfunc('probe_release', function* () {
  const stack = stackOf(runningTask()).map(({ symbol }) => symbol);
  releases.push({ pid: current().pid, hasMm: current().mm.value !== null, stack });
});

const probe_read = kfunc('probe_read', function* () {
  yield* delay(ms(10));
  return 'slow';
});

/** Runs user code with a device whose releases are noted. */
function releasesOf(body: UserBody): readonly Release[] {
  releases = [];
  const { status } = runUser(body, () => {
    registerDevice('/dev/probe', { read: () => probe_read(), release: () => probe_release() });
  });
  expect(status).toBe(0);
  return releases;
}

test('the last close() releases a file itself, without a detour through task work', () => {
  const [release] = releasesOf(function* () {
    yield* close(yield* open('/dev/probe'));
    return 0;
  });
  expect(release.stack).toEqual([
    'probe_release',
    '__fput',
    '__x64_sys_close',
    'do_syscall_64',
    'entry_SYSCALL_64_after_hwframe',
  ]);
});

test('a task that exits releases its files in task work, when its mm is gone', () => {
  const [release] = releasesOf(function* () {
    yield* open('/dev/probe');
    return 0;
  });
  expect(release.stack).toEqual(['probe_release', '__fput', 'task_work_run', 'do_exit', 'do_group_exit']);
  expect(release.hasMm).toBe(false);
});

test('whoever closes last releases, be it a child that only has a copy', () => {
  let child = 0;
  const all = releasesOf(function* () {
    const fd = yield* open('/dev/probe');
    child = yield* fork('child', function* () {
      yield* nanosleep(ms(5));
      yield* close(fd);
      return 0;
    });
    yield* close(fd);
    yield* wait4(child);
    return 0;
  });
  expect(all.map(({ pid }) => pid)).toEqual([child]);
});

test('a file that a thread still reads from is released when that call returns, by the reader', () => {
  let reader = 0;
  const all = releasesOf(function* () {
    const fd = yield* open('/dev/probe');
    reader = yield* startThread(function* () {
      yield* read(fd);
      return 0;
    });
    yield* nanosleep(ms(1));
    yield* close(fd);
    yield* nanosleep(ms(30));
    return 0;
  });
  expect(all).toHaveLength(1);
  expect(all[0].pid).toBe(reader);
  expect(all[0].stack.slice(0, 4)).toEqual([
    'probe_release',
    '__fput',
    'task_work_run',
    'syscall_exit_to_user_mode',
  ]);
});

test('threads share a table: a descriptor that one opens the others have', () => {
  let seen: unknown;
  releasesOf(function* () {
    const before = getpid();
    yield* startThread(function* () {
      yield* open('/dev/probe');
      yield* nanosleep(ms(50));
      return 0;
    });
    yield* nanosleep(ms(5));
    seen = yield* read(3);
    return before === getpid() ? 0 : 1;
  });
  expect(seen).toBe('slow');
});
