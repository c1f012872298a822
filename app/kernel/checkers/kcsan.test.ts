import { describe, expect, test } from 'vitest';
import type { Body, Call } from '../../sim/call.ts';
import { Cell, Counter } from '../../sim/cell.ts';
import type { Operation } from '../../sim/operation.ts';
import { spawn } from '../../sim/spawn.ts';
import { Atomic, atomic_dec_and_test, atomic_inc } from '../include/atomic.ts';
import { GFP_KERNEL } from '../include/gfp.ts';
import {
  data_race,
  rcu_assign_pointer,
  rcu_dereference,
  READ_ONCE,
  smp_load_acquire,
  smp_rmb,
  smp_store_release,
  smp_wmb,
  WRITE_ONCE,
} from '../include/rwonce.ts';
import { boot } from '../init/main.ts';
import { resolveConfig } from '../kconfig.ts';
import type { Kernel } from '../kernel.ts';
import { kfunc } from '../kfunc.ts';
import { down_read, down_write, RwSemaphore, up_read, up_write } from '../kernel/locking/rwsem.ts';
import { spin_lock, Spinlock, spin_unlock } from '../kernel/locking/spinlock.ts';
import { rcu_read_lock, rcu_read_unlock, synchronize_rcu } from '../kernel/rcu/tree.ts';
import { srcu_read_lock, srcu_read_unlock, SrcuStruct, synchronize_srcu } from '../kernel/rcu/srcutree.ts';
import { complete, Completion, wait_for_completion } from '../kernel/sched/completion.ts';
import { kzalloc } from '../mm/slab.ts';
import { titlesOf } from '../report/titles.ts';
import { Struct } from '../struct.ts';
import { bootForTest, dmesg, inTurn, runTasks, stepping, type TestTasks } from '../testing/boot.ts';
import { normalise } from '../testing/normalise.ts';
import { findTree } from '../trees/index.ts';
import { kcsan } from './kcsan.ts';

const test_write = kfunc('test_write', function* (x: Cell<number>, value: number) {
  yield* x.write(value);
});
const test_read = kfunc('test_read', function* (x: Cell<number>) {
  return yield* x.read();
});
const test_set = kfunc('test_set', function* (x: Cell<number>, value: number) {
  yield* WRITE_ONCE(x, value);
});
const test_look = kfunc('test_look', function* (x: Cell<number>) {
  return yield* READ_ONCE(x);
});

/** One step as a body of its own. */
function* go<Result>(step: Call<Result> | Operation<Result>): Body<Result> {
  return yield* step;
}

interface Shared {
  readonly x: Cell<number>;
  readonly flag: Cell<number>;
  readonly lock: Spinlock;
  readonly sem: RwSemaphore;
  readonly done: Completion;
  readonly srcu: SrcuStruct;
}

/** Two tasks over what they share, CPU0 up to its end before CPU1 starts unless `order` says otherwise. */
function race(
  tasks: (shared: Shared) => TestTasks,
  options: { options?: Partial<Kernel['config']>; order?: readonly string[] } = {},
): Kernel {
  const kernel = bootForTest({
    config: {
      KCSAN: true,
      KCSAN_REPORT_VALUE_CHANGE_ONLY: true,
      KCSAN_ASSUME_PLAIN_WRITES_ATOMIC: true,
      ...options.options,
    },
  });
  const both = kernel.machine.inside(() => {
    kcsan.attach(kernel);
    return tasks({
      x: new Cell(0, 'x'),
      flag: new Cell(0, 'flag'),
      lock: new Spinlock('lock'),
      sem: new RwSemaphore('sem'),
      done: new Completion('done'),
      srcu: new SrcuStruct('srcu'),
    });
  });
  runTasks(kernel, both, options.order === undefined ? inTurn : stepping(...options.order));
  return kernel;
}

/** A whole kernel, with its threads. */
function bootWith(...changes: readonly (readonly [string, 'y' | 'n'])[]): Kernel {
  const resolved = resolveConfig(changes.map(([name, value]) => ({ name, value })));
  const tree = findTree('v6.12');
  if (!resolved.ok || tree === null) throw new Error('no such kernel');
  return boot({ tree, patches: [], config: resolved.config, append: new Map(), cpus: 2 });
}

const titles = (kernel: Kernel): string[] => titlesOf(dmesg(kernel));

const PLAIN_RACE = ['KCSAN: data-race in test_read / test_write'];

/** Writes x, then tells; reads x once told. The message passing of the LKMM's litmus tests. */
function messagePassing(tell: (s: Shared) => Body<void>, ask: (s: Shared) => Body<unknown>): Kernel {
  return race((s) => ({
    *CPU0() {
      yield* test_write(s.x, 1);
      yield* tell(s);
    },
    *CPU1() {
      yield* ask(s);
      yield* test_read(s.x);
    },
  }));
}

describe('a plain write and a plain read', () => {
  const both = (s: Shared): TestTasks => ({
    CPU0: () => go(test_write(s.x, 1)),
    CPU1: () => go(test_read(s.x)),
  });

  test('race where nothing puts them in order', () => {
    expect(titles(race(both))).toEqual(PLAIN_RACE);
  });

  test('are reported alike when the read comes first', () => {
    expect(titles(race(both, { order: ['CPU1', 'CPU1', 'CPU0'] }))).toEqual(PLAIN_RACE);
  });

  test('are reported once for each pair of places', () => {
    const again = race((s) => ({
      *CPU0() {
        for (const value of [1, 2, 3]) yield* test_write(s.x, value);
      },
      *CPU1() {
        for (let i = 0; i < 3; i++) yield* test_read(s.x);
      },
    }));
    expect(titles(again)).toEqual(PLAIN_RACE);
  });

  test('make a report as the kernel prints it', async () => {
    const lines = dmesg(race(both));
    await expect(normalise(lines).join('\n') + '\n').toMatchFileSnapshot('golden/kcsan.golden');
  });
});

describe('what counts as a race', () => {
  const pair = (
    first: (s: Shared) => Body<unknown>,
    second: (s: Shared) => Body<unknown>,
    options: Partial<Kernel['config']> = {},
  ): string[] => titles(race((s) => ({ CPU0: () => first(s), CPU1: () => second(s) }), { options }));
  const strict = { KCSAN_REPORT_VALUE_CHANGE_ONLY: false, KCSAN_ASSUME_PLAIN_WRITES_ATOMIC: false };
  function* write(s: Shared): Body<void> {
    yield* test_write(s.x, 1);
  }
  function* rewrite(s: Shared): Body<void> {
    yield* test_write(s.x, 0);
  }
  function* read(s: Shared): Body<void> {
    yield* test_read(s.x);
  }
  function* set(s: Shared): Body<void> {
    yield* test_set(s.x, 1);
  }
  function* look(s: Shared): Body<void> {
    yield* test_look(s.x);
  }

  test('two marked accesses never do', () => {
    expect(pair(set, look, strict)).toEqual([]);
  });

  test('a marked write races with a plain read, unless marked accesses are ignored', () => {
    expect(pair(set, read)).toEqual(['KCSAN: data-race in test_read / test_set']);
    expect(pair(set, read, { KCSAN_IGNORE_ATOMICS: true })).toEqual([]);
  });

  test('a plain write races with marked reads and plain writes under strict rules only', () => {
    expect(pair(write, look)).toEqual([]);
    expect(pair(write, look, strict)).toEqual(['KCSAN: data-race in test_look / test_write']);
    expect(pair(write, write)).toEqual([]);
    expect(pair(write, write, strict)).toEqual(['KCSAN: data-race in test_write / test_write']);
  });

  test('a write that changes nothing counts under strict rules only', () => {
    expect(pair(rewrite, read)).toEqual([]);
    expect(pair(rewrite, read, strict)).toEqual(PLAIN_RACE);
  });

  test('two reads never do', () => {
    expect(pair(read, read, strict)).toEqual([]);
  });

  test('data_race() takes an access out', () => {
    function* careless(s: Shared): Body<void> {
      yield* data_race(s.x.read());
    }
    expect(pair(write, careless, strict)).toEqual([]);
  });

  test('blind changes of a counter are marked', () => {
    const counters = race(() => {
      const n = new Counter(0, 'n');
      const add = function* (): Body<void> {
        yield* n.add(1);
        yield* n.read();
      };
      return { CPU0: add, CPU1: add };
    });
    expect(titles(counters)).toEqual([]);
  });
});

describe('plain accesses are in order', () => {
  test('under one lock', () => {
    const locked = race((s) => {
      const both = function* (): Body<void> {
        yield* spin_lock(s.lock);
        yield* test_write(s.x, (yield* test_read(s.x)) + 1);
        yield* spin_unlock(s.lock);
      };
      return { CPU0: both, CPU1: both };
    });
    expect(titles(locked)).toEqual([]);
  });

  test('from a writer of an rwsem to its readers, not from reader to reader', () => {
    const under = (first: typeof down_read, leave: typeof up_read): string[] =>
      titles(
        race((s) => ({
          *CPU0() {
            yield* first(s.sem);
            yield* test_write(s.x, 1);
            yield* leave(s.sem);
          },
          *CPU1() {
            yield* down_read(s.sem);
            yield* test_read(s.x);
            yield* up_read(s.sem);
          },
        })),
      );
    expect(under(down_write, up_write)).toEqual([]);
    expect(under(down_read, up_read)).toEqual(PLAIN_RACE);
  });

  test('from complete() to who waited', () => {
    const told = messagePassing(
      (s) => go(complete(s.done)),
      (s) => wait_for_completion(s.done),
    );
    expect(titles(told)).toEqual([]);
  });

  test('from a release to the acquire that sees it; a marked flag alone is not enough', () => {
    const released = messagePassing(
      (s) => go(smp_store_release(s.flag, 1)),
      (s) => go(smp_load_acquire(s.flag)),
    );
    expect(titles(released)).toEqual([]);
    const once = messagePassing(
      (s) => go(WRITE_ONCE(s.flag, 1)),
      (s) => go(READ_ONCE(s.flag)),
    );
    expect(titles(once)).toEqual(PLAIN_RACE);
  });

  test('across a write barrier and a read barrier', () => {
    const pass = (w: () => void, r: () => void): string[] =>
      titles(
        messagePassing(
          function* (s) {
            w();
            yield* WRITE_ONCE(s.flag, 1);
          },
          function* (s) {
            yield* READ_ONCE(s.flag);
            r();
          },
        ),
      );
    const nothing = (): void => {};
    expect(pass(smp_wmb, smp_rmb)).toEqual([]);
    expect(pass(nothing, smp_rmb)).toEqual(PLAIN_RACE);
    expect(pass(smp_wmb, nothing)).toEqual(PLAIN_RACE);
  });

  test('from a count that is dropped to who drops the last one, not from atomic_inc()', () => {
    const counted = (change: (v: Atomic) => Body<unknown>): string[] => {
      return titles(
        race((s) => {
          const count = new Atomic('count', 2);
          return {
            *CPU0() {
              yield* test_write(s.x, 1);
              yield* change(count);
            },
            *CPU1() {
              yield* change(count);
              yield* test_read(s.x);
            },
          };
        }),
      );
    };
    expect(counted((v) => go(atomic_dec_and_test(v)))).toEqual([]);
    expect(counted((v) => go(atomic_inc(v)))).toEqual(PLAIN_RACE);
  });

  test('from who starts a task to the task', () => {
    const started = race((s) => ({
      *CPU0() {
        yield* test_write(s.x, 1);
        yield* spawn({ label: 'child', body: () => go(test_read(s.x)) });
        yield* test_read(s.x);
      },
    }));
    expect(titles(started)).toEqual([]);
  });
});

class Box extends Struct {
  readonly inside = this.field('inside', 0);
}

type Readers = Pick<Shared, 'x' | 'srcu'>;

describe('RCU', () => {
  /** CPU0 fills a box and publishes it, CPU1 opens what it finds. */
  const publication = (publish: (at: Cell<Box | null>, box: Box) => Body<void>): string[] => {
    return titles(
      race(() => {
        const at = new Cell<Box | null>(null, 'at');
        return {
          *CPU0() {
            const box = yield* kzalloc(Box, GFP_KERNEL, { label: 'box', size: 8 });
            if (box === null) return;
            yield* test_write(box.inside, 7);
            yield* publish(at, box);
          },
          *CPU1() {
            yield* rcu_read_lock();
            const box = yield* rcu_dereference(at);
            if (box !== null) yield* test_read(box.inside);
            yield* rcu_read_unlock();
          },
        };
      }),
    );
  };

  test('what rcu_assign_pointer() publishes is complete', () => {
    expect(publication((at, box) => go(rcu_assign_pointer(at, box)))).toEqual([]);
  });

  test('what WRITE_ONCE() publishes is not', () => {
    expect(publication((at, box) => go(WRITE_ONCE(at, box)))).toEqual(PLAIN_RACE);
  });

  /** A reader reads, the other task writes after the grace period, or without one. */
  function afterReaders(wait: (s: Readers) => Body<unknown>): string[] {
    const { shared, kernel } = booted();
    runTasks(kernel, {
      *reader() {
        const id = yield* srcu_read_lock(shared.srcu);
        yield* rcu_read_lock();
        yield* test_read(shared.x);
        yield* rcu_read_unlock();
        yield* srcu_read_unlock(shared.srcu, id);
      },
      *updater() {
        yield* wait(shared);
        yield* test_write(shared.x, 1);
      },
    });
    return titles(kernel);
  }

  function booted(): { kernel: Kernel; shared: Readers } {
    const kernel = bootWith(['KASAN', 'n'], ['KCSAN', 'y']);
    const shared = kernel.machine.inside(() => ({ x: new Cell(0, 'x'), srcu: new SrcuStruct('test_srcu') }));
    return { kernel, shared };
  }

  test('what was read in a section is read before what follows its grace period', () => {
    expect(afterReaders(() => go(synchronize_rcu()))).toEqual([]);
    expect(afterReaders(({ srcu }) => go(synchronize_srcu(srcu)))).toEqual([]);
    expect(afterReaders(function* () {})).toEqual(PLAIN_RACE);
  });
});

test('switched off nothing is attached, switched on it is', () => {
  expect(bootWith().machine.observer).toBeNull();
  expect(bootWith(['KASAN', 'n'], ['KCSAN', 'y']).machine.observer).not.toBeNull();
});
