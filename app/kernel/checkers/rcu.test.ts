import { describe, expect, test } from 'vitest';
import { readFileSync } from 'node:fs';
import type { Body } from '../../sim/call.ts';
import { Cell } from '../../sim/cell.ts';
import { RandomChooser } from '../../sim/random.ts';
import { abandon } from '../../sim/spawn.ts';
import type { Config } from '../config.ts';
import { kernelGlobal } from '../globals.ts';
import { kfunc } from '../kfunc.ts';
import type { Kernel } from '../kernel.ts';
import {
  call_rcu,
  rcu_read_lock,
  rcu_read_unlock,
  RCU_LOCKDEP_WARN,
  rcu_read_lock_held,
  RcuHead,
  synchronize_rcu,
} from '../kernel/rcu/tree.ts';
import { srcu_read_lock, SrcuStruct, synchronize_srcu } from '../kernel/rcu/srcutree.ts';
import { reserve } from '../struct.ts';
import { addTasks, dmesg, type TestTasks } from '../testing/boot.ts';
import { normalise } from '../testing/normalise.ts';
import { bootWithThreads } from '../testing/threads.ts';
import { grace_period } from './grace_period.ts';
import { prove_rcu } from './prove_rcu.ts';

const srcu = kernelGlobal('rcu_checkers_test_srcu', () => new SrcuStruct('srcu'));

const entered = kernelGlobal('rcu_checkers_test_entered', () => new Cell(false, 'entered'));

function run(config: Partial<Config>, tasks: TestTasks, limit?: number): Kernel {
  const kernel = bootWithThreads({ config, tainted: true });
  for (const checker of [prove_rcu, grace_period]) {
    if (checker.enabled(kernel.config)) kernel.machine.inside(() => checker.attach(kernel));
  }
  addTasks(kernel, tasks);
  kernel.machine.run(new RandomChooser(1), limit);
  kernel.hooks.emit('endOfRun');
  return kernel;
}

const walk_unprotected = kfunc('test_walk_unprotected', function* () {
  RCU_LOCKDEP_WARN(
    () => !rcu_read_lock_held(),
    'suspicious rcu_dereference_check() usage',
    'lib/maple_tree.c',
    835,
  );
});

describe('PROVE_RCU', () => {
  const walkTwice = {
    *memhog(): Body<void> {
      yield* walk_unprotected();
      yield* walk_unprotected();
      yield* rcu_read_lock();
      yield* walk_unprotected();
      yield* rcu_read_unlock();
    },
  };

  test('reports a use without protection once, as the captured kernel did', () => {
    const lines = normalise(dmesg(run({ PROVE_LOCKING: true, PROVE_RCU: true }, walkTwice)));
    const captured = normalise(
      readFileSync(new URL('../testing/captures/suspicious-rcu-usage.txt', import.meta.url), 'utf8').split(
        '\n',
      ),
    );
    const head = captured.findIndex((line) => line.startsWith(' lockdep_rcu_suspicious')) + 1;
    expect(lines.slice(0, head)).toEqual(captured.slice(0, head).map((line) => line));
    expect(lines.filter((line) => line.startsWith('WARNING'))).toHaveLength(1);
  });

  test('reports nothing in a reader, nor when it is off', () => {
    expect(dmesg(run({ PROVE_LOCKING: true, PROVE_RCU: false }, walkTwice))).toEqual([]);
    const kernel = run(
      { PROVE_LOCKING: true, PROVE_RCU: true },
      {
        *task() {
          yield* rcu_read_lock();
          yield* walk_unprotected();
          yield* rcu_read_unlock();
        },
      },
    );
    expect(dmesg(kernel)).toEqual([]);
  });

  test('reports synchronize_rcu() and synchronize_srcu() inside an RCU reader', () => {
    for (const wait of [() => synchronize_rcu(), () => synchronize_srcu(srcu())]) {
      const kernel = run(
        { PROVE_LOCKING: true, PROVE_RCU: true },
        {
          *task() {
            yield* rcu_read_lock();
            yield* wait();
          },
        },
      );
      expect(dmesg(kernel)).toContain('WARNING: suspicious RCU usage');
      expect(dmesg(kernel).some((line) => line.includes('Illegal synchronize_'))).toBe(true);
    }
  });
});

describe('a grace period that never ends', () => {
  test('is reported with the reader that is gone and where it went in', () => {
    const kernel = run(
      { SCYTHE_INVARIANTS: true },
      {
        *reader() {
          yield* test_enter();
          yield* entered().write(true);
          yield* abandon();
        },
        *waiter() {
          yield* entered().await((yes) => yes);
          yield* synchronize_srcu(srcu());
        },
      },
    );
    expect(dmesg(kernel)[0]).toBe('SCYTHE: grace period that never ends: srcu srcu');
    expect(dmesg(kernel)[1]).toMatch(
      /^reader reader\/100 has been inside since test_enter\+0x.*, and is gone$/,
    );
  });

  test('is reported although others go on, if the reader waits for itself', () => {
    const kernel = run(
      { SCYTHE_INVARIANTS: true },
      {
        *spinner() {
          for (;;) yield* entered().read();
        },
        *victim() {
          yield* test_enter();
          yield* synchronize_srcu(srcu());
        },
      },
      2000,
    );
    expect(kernel.machine.enabled).toHaveLength(1);
    expect(dmesg(kernel)[1]).toMatch(/^reader victim\/101 .*, and waits for a grace period of srcu$/);
  });

  test('is not reported while the reader could go on', () => {
    const kernel = run(
      { SCYTHE_INVARIANTS: true },
      {
        *reader() {
          yield* test_enter();
          for (;;) yield* entered().read();
        },
        *waiter() {
          yield* synchronize_srcu(srcu());
        },
      },
      2000,
    );
    expect(dmesg(kernel)).toEqual([]);
  });

  test('is reported for RCU as well', () => {
    const kernel = run(
      { SCYTHE_INVARIANTS: true },
      {
        *task() {
          yield* rcu_read_lock();
          yield* synchronize_rcu();
        },
      },
    );
    expect(dmesg(kernel)[0]).toBe('SCYTHE: grace period that never ends: RCU');
    expect(dmesg(kernel)[1]).toMatch(/^reader task\/100 /);
  });

  test('is not reported if all readers leave, nor when it is off', () => {
    const fine = run(
      { SCYTHE_INVARIANTS: true },
      {
        *reader() {
          yield* rcu_read_lock();
          yield* rcu_read_unlock();
        },
        *waiter() {
          yield* synchronize_rcu();
          yield* synchronize_srcu(srcu());
        },
      },
    );
    const off = run(
      { SCYTHE_INVARIANTS: false },
      {
        *task() {
          yield* srcu_read_lock(srcu());
          yield* synchronize_srcu(srcu());
        },
      },
    );
    expect([...dmesg(fine), ...dmesg(off)]).toEqual([]);
  });
});

const test_enter = kfunc('test_enter', function* () {
  yield* srcu_read_lock(srcu());
});

describe('call_rcu()', () => {
  test.each([true, false])(
    'calls back after the readers of its time have left (PREEMPT_RT: %s)',
    (PREEMPT_RT) => {
      let inside = false;
      let called = 0;
      const callback = kfunc(`test_rcu_callback_${PREEMPT_RT ? 'rt' : 'nort'}`, function* (_head: RcuHead) {
        called++;
        expect(inside).toBe(false);
      });
      run(
        { PREEMPT_RT },
        {
          *reader() {
            yield* rcu_read_lock();
            inside = true;
            yield* call_rcu(new RcuHead(reserve('global', 'head', 16), ''), callback);
            for (let i = 0; i < 20; i++) yield* srcu().srcu_idx.read();
            inside = false;
            yield* rcu_read_unlock();
          },
        },
      );
      expect(called).toBe(1);
    },
  );
});
