import { describe, expect, test } from 'vitest';
import type { Body } from '../../sim/call.ts';
import { bootWithThreads } from '../testing/threads.ts';
import { dmesg, runTasks, type TestOptions } from '../testing/boot.ts';
import { EAGAIN } from '../include/errno.ts';
import { GFP_KERNEL } from '../include/gfp.ts';
import { hlist_unhashed } from '../include/hlist.ts';
import { MmStruct } from '../include/mm_types.ts';
import {
  MMU_NOTIFY_CLEAR,
  mmu_notifier_invalidate_range_end,
  mmu_notifier_invalidate_range_start,
  mmu_notifier_invalidate_range_start_nonblock,
  mmu_notifier_range_init,
  mmu_notifier_release,
  MmuNotifier,
  MmuNotifierRange,
  type MmuNotifierOps,
} from '../include/mmu_notifier.ts';
import { config, type Kernel } from '../kernel.ts';
import { kfunc } from '../kfunc.ts';
import { current } from '../include/sched.ts';
import { titlesOf } from '../report/titles.ts';
import { reserve } from '../struct.ts';
import { normalise } from '../testing/normalise.ts';
import { deadAccess } from './dead_access.ts';
import { mmu_notifier_register, mmu_notifier_unregister } from './mmu_notifier.ts';
import { kfree, kzalloc } from './slab.ts';

/** What the subscribers of a test were told, in order. */
let told: string[] = [];

/** What the start of a subscriber returns, by its name. */
const answers = new Map<string, number>();
const known = new Map<string, Required<Pick<MmuNotifierOps, Callback>>>();
type Callback = 'invalidate_range_start' | 'invalidate_range_end' | 'release';

/** A subscriber that tells what it is told. */
function subscriber(name: string, answer = 0, hasEnd = true): MmuNotifierOps {
  answers.set(name, answer);
  let ops = known.get(name);
  if (ops === undefined) known.set(name, (ops = telling(name)));
  const { invalidate_range_start, invalidate_range_end, release } = ops;
  return { invalidate_range_start, release, ...(hasEnd ? { invalidate_range_end } : {}) };
}

function telling(name: string): Required<Pick<MmuNotifierOps, Callback>> {
  const depth = (): string =>
    config().DEBUG_ATOMIC_SLEEP ? ` (non_block ${current().non_block_count})` : '';
  return {
    invalidate_range_start: kfunc(`${name}_start`, function* () {
      told.push(`${name} start${depth()}`);
      return answers.get(name) ?? 0;
    }),
    invalidate_range_end: kfunc(`${name}_end`, function* () {
      told.push(`${name} end${depth()}`);
    }),
    release: kfunc(`${name}_release`, function* () {
      told.push(`${name} release`);
    }),
  };
}

interface Bench {
  readonly kernel: Kernel;
  readonly mm: MmStruct;
  notifier(ops: MmuNotifierOps): MmuNotifier;
}

function bench(options: TestOptions = {}): Bench {
  told = [];
  const kernel = bootWithThreads(options);
  const mm = kernel.machine.inside(() => new MmStruct(reserve('slab', 'mm', 1688)));
  return {
    kernel,
    mm,
    notifier: (ops) =>
      kernel.machine.inside(() => {
        const notifier = new MmuNotifier(reserve('slab', 'notifier', 64));
        notifier.ops.value = ops;
        return notifier;
      }),
  };
}

function* invalidate(mm: MmStruct, blockable: boolean): Body<number> {
  const range = new MmuNotifierRange();
  mmu_notifier_range_init(range, MMU_NOTIFY_CLEAR, 0, mm, 0x1000, 0x2000);
  if (blockable) yield* mmu_notifier_invalidate_range_start(range);
  else {
    const ret = yield* mmu_notifier_invalidate_range_start_nonblock(range);
    if (ret !== 0) return ret;
  }
  told.push('pages go');
  yield* mmu_notifier_invalidate_range_end(range);
  return 0;
}

describe('subscribers', () => {
  test('are called newest first', () => {
    const { kernel, mm, notifier } = bench();
    const a = notifier(subscriber('a'));
    const b = notifier(subscriber('b'));
    runTasks(kernel, {
      *task() {
        expect(yield* mmu_notifier_register(a, mm)).toBe(0);
        expect(yield* mmu_notifier_register(b, mm)).toBe(0);
        yield* invalidate(mm, true);
      },
    });
    expect(told).toEqual(['b start', 'a start', 'pages go', 'b end', 'a end']);
    expect(mm.mm_count.value).toBe(3);
  });

  test('are released, then detached, and exit_mmap() goes on after a grace period', () => {
    const { kernel, mm, notifier } = bench();
    const a = notifier(subscriber('a'));
    const { task } = runTasks(kernel, {
      *task() {
        yield* mmu_notifier_register(a, mm);
        yield* mmu_notifier_release(mm);
        told.push(`unhashed ${yield* hlist_unhashed(a.hlist)}`);
        yield* mmu_notifier_unregister(a, mm);
        told.push('unregistered');
      },
    });
    expect(told).toEqual(['a release', 'unhashed true', 'unregistered']);
    expect(task.thread.state).toBe('ended');
    expect(mm.mm_count.value).toBe(1);
  });

  test('that unregister first are released by that', () => {
    const { kernel, mm, notifier } = bench();
    const a = notifier(subscriber('a'));
    runTasks(kernel, {
      *task() {
        yield* mmu_notifier_register(a, mm);
        yield* mmu_notifier_unregister(a, mm);
        yield* mmu_notifier_release(mm);
      },
    });
    expect(told).toEqual(['a release']);
  });

  test('are told not to block by a counter around each call, which the walk that unwinds does without', () => {
    const { kernel, mm, notifier } = bench({ config: { DEBUG_ATOMIC_SLEEP: true } });
    const a = notifier(subscriber('a'));
    const refusing = notifier(subscriber('refusing', -EAGAIN, false));
    runTasks(kernel, {
      *task() {
        yield* mmu_notifier_register(a, mm);
        yield* mmu_notifier_register(refusing, mm);
        expect(yield* invalidate(mm, false)).toBe(-EAGAIN);
      },
    });
    expect(told).toEqual(['refusing start (non_block 1)', 'a start (non_block 1)', 'a end (non_block 0)']);
  });
});

// `subscription->ops` is the first thing of a subscriber that a walk looks at: a stale one is found there, and not
// in the callback that it would call.
test('a subscriber that was freed on the list is found by the walk, before it is called', () => {
  const { kernel, mm } = bench({ config: { KASAN: true } });
  kernel.machine.inside(() => deadAccess.attach(kernel));
  runTasks(kernel, {
    *task() {
      const stale = yield* kzalloc(MmuNotifier, GFP_KERNEL, { label: 'subscriber', size: 64 });
      if (stale === null) return;
      yield* stale.ops.write(subscriber('stale'));
      yield* mmu_notifier_register(stale, mm);
      yield* kfree(stale);
      yield* invalidate(mm, true);
    },
  });
  expect(titlesOf(dmesg(kernel))[0]).toBe(
    'KASAN: slab-use-after-free Read in __mmu_notifier_invalidate_range_start',
  );
});

describe('a start that is refused', () => {
  test('does not keep the others from being asked, and is said', () => {
    const { kernel, mm, notifier } = bench();
    const all = [subscriber('old'), subscriber('refusing', -EAGAIN, false), subscriber('new')].map(notifier);
    runTasks(kernel, {
      *task() {
        for (const each of all) yield* mmu_notifier_register(each, mm);
        yield* invalidate(mm, false);
      },
    });
    expect(told).toEqual(['new start', 'refusing start', 'old start', 'new end', 'old end']);
    expect(dmesg(kernel)).toHaveLength(1);
    expect(dmesg(kernel)[0]).toMatch(
      /^refusing_start\+0x0\/0x[0-9a-f]+ callback failed with -11 in non-blockable context\.$/,
    );
  });

  test('by one who has an end op is a warning, and its end is called although it never started', () => {
    const { kernel, mm, notifier } = bench();
    const only = notifier(subscriber('both', -EAGAIN));
    runTasks(kernel, {
      *task() {
        yield* mmu_notifier_register(only, mm);
        yield* invalidate(mm, false);
      },
    });
    expect(told).toEqual(['both start', 'both end']);
    expect(warnings(kernel)).toEqual(['mm/mmu_notifier.c:495 __mmu_notifier_invalidate_range_start']);
    return expect(normalise(dmesg(kernel)).join('\n') + '\n').toMatchFileSnapshot(
      'golden/refused-with-end.golden',
    );
  });

  test('of a range that may block is a warning', () => {
    const { kernel, mm, notifier } = bench();
    const only = notifier(subscriber('rude', -EAGAIN, false));
    runTasks(kernel, {
      *task() {
        yield* mmu_notifier_register(only, mm);
        yield* invalidate(mm, true);
      },
    });
    expect(warnings(kernel)).toEqual(['mm/mmu_notifier.c:487 __mmu_notifier_invalidate_range_start']);
    expect(dmesg(kernel)[0]).toMatch(/callback failed with -11 in blockable context\.$/);
  });

  test('for another reason than -EAGAIN is a warning', () => {
    const { kernel, mm, notifier } = bench();
    const only = notifier(subscriber('odd', -5, false));
    runTasks(kernel, {
      *task() {
        yield* mmu_notifier_register(only, mm);
        yield* invalidate(mm, false);
      },
    });
    expect(warnings(kernel)).toEqual(['mm/mmu_notifier.c:487 __mmu_notifier_invalidate_range_start']);
  });
});

/** `file:line function` of each WARN. */
function warnings(kernel: Kernel): string[] {
  const headline = /^WARNING: CPU: \d+ PID: \d+ at (\S+) (\w+)\+/;
  return dmesg(kernel).flatMap((line) => {
    const match = headline.exec(line);
    return match === null ? [] : [`${match[1]} ${match[2]}`];
  });
}
