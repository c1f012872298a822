import { expect, test } from 'vitest';
import { EAGAIN, EOVERFLOW } from '../include/errno.ts';
import { MmStruct } from '../include/mm_types.ts';
import {
  MMU_NOTIFY_CLEAR,
  mmu_notifier_invalidate_range_end,
  mmu_notifier_invalidate_range_start,
  mmu_notifier_invalidate_range_start_nonblock,
  mmu_notifier_range_init,
  mmu_notifier_range_blockable,
  MmuIntervalNotifier,
  MmuNotifier,
  MmuNotifierRange,
} from '../include/mmu_notifier.ts';
import type { Kernel } from '../kernel.ts';
import { kfunc } from '../kfunc.ts';
import { reserve } from '../struct.ts';
import { dmesg, runTasks } from '../testing/boot.ts';
import { bootWithThreads } from '../testing/threads.ts';
import {
  mmu_interval_notifier_insert,
  mmu_interval_notifier_remove,
  mmu_interval_read_begin,
  mmu_interval_read_retry,
  mmu_interval_set_seq,
} from './mmu_interval_notifier.ts';
import { mmu_notifier_register } from './mmu_notifier.ts';

let told: string[] = [];

/** Refuses what must not block. */
const invalidate = kfunc(
  'watcher_invalidate',
  function* (sub: MmuIntervalNotifier, range: MmuNotifierRange, seq: number) {
    if (!mmu_notifier_range_blockable(range)) return false;
    yield* mmu_interval_set_seq(sub, seq);
    told.push('invalidate');
    return true;
  },
);
const listed_start = kfunc('listed_invalidate_range_start', function* () {
  told.push('listed start');
  return 0;
});

interface Bench {
  readonly kernel: Kernel;
  readonly mm: MmStruct;
  readonly watcher: MmuIntervalNotifier;
  readonly listed: MmuNotifier;
}

function bench(): Bench {
  told = [];
  const kernel = bootWithThreads();
  return kernel.machine.inside(() => ({
    kernel,
    mm: new MmStruct(reserve('slab', 'mm', 1688)),
    watcher: new MmuIntervalNotifier(reserve('slab', 'watcher', 128)),
    listed: new MmuNotifier(reserve('slab', 'listed', 64)),
  }));
}

function rangeAt(mm: MmStruct, start: number): MmuNotifierRange {
  const range = new MmuNotifierRange();
  mmu_notifier_range_init(range, MMU_NOTIFY_CLEAR, 0, mm, start, start + 0x1000);
  return range;
}

test('who watches a range and refuses keeps those on the list from being asked, and the range is over', () => {
  const { kernel, mm, watcher, listed } = bench();
  const seen: unknown[] = [];
  runTasks(kernel, {
    *task() {
      yield* listed.ops.write({ invalidate_range_start: listed_start });
      yield* mmu_notifier_register(listed, mm);
      yield* mmu_interval_notifier_insert(watcher, mm, 0x1000, 0x1000, { invalidate });
      seen.push(yield* mmu_notifier_invalidate_range_start_nonblock(rangeAt(mm, 0x1000)));
      seen.push(yield* mmu_notifier_invalidate_range_start_nonblock(rangeAt(mm, 0x8000)));
      seen.push((yield* mm.notifier_subscriptions.read())?.invalidate_seq.value);
    },
  });
  expect(seen).toEqual([-EAGAIN, 0, 4]);
  expect(told).toEqual(['listed start']);
});

test('a reader waits for the end of an invalidation of its range, and is told of the next one', () => {
  const { kernel, mm, watcher } = bench();
  const { reader } = runTasks(kernel, {
    *reader() {
      yield* mmu_interval_notifier_insert(watcher, mm, 0x1000, 0x1000, { invalidate });
      const range = rangeAt(mm, 0x1000);
      yield* mmu_notifier_invalidate_range_start(range);
      yield* mmu_notifier_invalidate_range_end(range);
      const seq = yield* mmu_interval_read_begin(watcher);
      told.push(`retry ${yield* mmu_interval_read_retry(watcher, seq)}`);
      yield* mmu_notifier_invalidate_range_start(range);
      told.push(`retry ${yield* mmu_interval_read_retry(watcher, seq)}`);
      // Nobody ends it.
      yield* mmu_interval_read_begin(watcher);
    },
  });
  expect(told).toEqual(['invalidate', 'retry false', 'invalidate', 'retry true']);
  expect(reader.thread.enabled).toBe(false);
});

test('changes of the tree wait for the end, and each subscription holds the mm', () => {
  const { kernel, mm, watcher } = bench();
  const counts: number[] = [];
  const removing = kernel.machine.inside(() => new MmuIntervalNotifier(reserve('slab', 'second', 128)));
  const { task } = runTasks(kernel, {
    *task() {
      yield* mmu_interval_notifier_insert(watcher, mm, 0x1000, 0x1000, { invalidate });
      expect(yield* mmu_interval_notifier_insert(removing, mm, 0x1000, 0, { invalidate })).toBe(-EOVERFLOW);
      const range = rangeAt(mm, 0x1000);
      yield* mmu_notifier_invalidate_range_start(range);
      yield* mmu_interval_notifier_insert(removing, mm, 0x1000, 0x1000, { invalidate });
      counts.push(yield* mm.mm_count.read());
      // Not in the tree yet: it need not wait.
      yield* mmu_interval_notifier_remove(removing);
      counts.push(yield* mm.mm_count.read());
      yield* mmu_notifier_invalidate_range_end(range);
      yield* mmu_interval_notifier_remove(watcher);
      counts.push(yield* mm.mm_count.read());
    },
  });
  expect(counts).toEqual([3, 2, 1]);
  expect(task.thread.state).toBe('ended');
  expect(dmesg(kernel)).toEqual([]);
});
