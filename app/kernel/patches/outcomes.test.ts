import { describe, expect, test } from 'vitest';
import type { Body } from '../../sim/call.ts';
import { EAGAIN } from '../include/errno.ts';
import {
  mmu_notifier_invalidate_range_end,
  mmu_notifier_invalidate_range_start_nonblock,
  mmu_notifier_test_young,
  MmuNotifier,
} from '../include/mmu_notifier.ts';
import { current, type TaskStruct } from '../include/sched.ts';
import { kfunc, replace } from '../kfunc.ts';
import { mmgrab } from '../kernel/fork.ts';
import { spin_lock, Spinlock, spin_unlock } from '../kernel/locking/spinlock.ts';
import { user_process_at_boot } from '../kernel/process.ts';
import { schedule_timeout_uninterruptible } from '../kernel/sched/core.ts';
import { mmu_notifier_register } from '../mm/mmu_notifier.ts';
import { __oom_reap_task_mm, queue_oom_reaper } from '../mm/oom_reaper.ts';
import { titlesOf } from '../report/titles.ts';
import { reserve } from '../struct.ts';
import { dmesg } from '../testing/boot.ts';
import { counters, fill, map, runToEnd } from '../testing/processes.ts';
import { bootTimed } from '../testing/threads.ts';
import { createVm, HVA, rangeOf, VmBench, vcpuOf } from '../testing/vm.ts';
import { findTree } from '../trees/index.ts';
import type { Patch, Tree } from '../tree.ts';
import { kvm_create_vm } from '../virt/kvm/kvm_main.ts';
import { KVM_MMU_LOCK } from '../virt/kvm/kvm_mm.ts';
import { gfn_to_pfn_cache_invalidate_start } from '../virt/kvm/pfncache.ts';
import { lock_mn_invalidate, unlock_mn_invalidate } from '../virt/kvm/kvm_mmu_notifier.ts';
import { kvm_mmu_page_fault } from '../arch/x86/kvm/mmu.ts';
import { findPatch } from './index.ts';

// What is known of the kernels and patches from discussions and captures, beside what patches.test.ts tells.

const known = ['v6.12', 'v6.18'].map((name) => findTree(name)!);
const patch = (name: string): Patch => findPatch(name)!;
const v2 = patch('mmu-notifier-async-oom-v2');
const rt = { PREEMPT_RT: true, DEBUG_ATOMIC_SLEEP: true, PROVE_LOCKING: true };
const sleepsIn = (name: string): string => `BUG: sleeping function called from invalid context in ${name}`;

/** A nonblocking invalidation of one page of a VM: the lines that it prints. */
function invalidated(tree: Tree, applied: readonly Patch[], gfn = 0): readonly string[] {
  const bench = new VmBench({ tree, patches: applied, config: rt });
  bench.run({
    *vmm() {
      yield* createVm();
      const range = rangeOf(bench.mm, gfn);
      yield* mmu_notifier_invalidate_range_start_nonblock(range);
      yield* mmu_notifier_invalidate_range_end(range);
    },
  });
  return dmesg(bench.kernel);
}

describe.each(known.map((tree) => [tree.name, tree] as const))('on %s with PREEMPT_RT', (_name, tree) => {
  test('a range without a memslot meets mn_invalidate_lock all the same', () => {
    expect(titlesOf(invalidated(tree, [], 77))).toEqual([
      sleepsIn('kvm_mmu_notifier_invalidate_range_start'),
    ]);
  });

  test('mmu_lock is next where both locks before it are no matter, and not yet among the locks held', () => {
    const noCaches: Patch = {
      name: 'test-no-gpc',
      title: '',
      description: '',
      appliesTo: [],
      replacements: [replace(gfn_to_pfn_cache_invalidate_start, function* () {})],
    };
    const lines = invalidated(tree, [patch('mn-invalidate-raw-lock'), noCaches]);
    expect(lines[0]).toBe(
      'BUG: sleeping function called from invalid context at kernel/locking/spinlock_rt.c:258',
    );
    expect(lines.join('\n')).toContain('rt_write_lock');
    expect(lines.join('\n')).not.toContain('mmu_lock)');
  });

  test('without a memslot in the range mmu_lock is left alone', () => {
    const noCaches: Patch = {
      name: 'test-no-gpc',
      title: '',
      description: '',
      appliesTo: [],
      replacements: [replace(gfn_to_pfn_cache_invalidate_start, function* () {})],
    };
    expect(invalidated(tree, [patch('mn-invalidate-raw-lock'), noCaches], 77)).toEqual([]);
  });
});

test('without a check the reaper waits for who has mn_invalidate_lock, where it must not block', () => {
  const bench = new VmBench({ config: { ...rt, DEBUG_ATOMIC_SLEEP: false } });
  const order: string[] = [];
  const meeting = bench.meetingPoint(0);
  bench.run({
    *holder() {
      const kvm = yield* createVm();
      yield* lock_mn_invalidate(kvm);
      yield* meeting.write(1);
      yield* meeting.await((value) => value === 2);
      order.push('let go');
      yield* unlock_mn_invalidate(kvm);
    },
    *reaper() {
      yield* meeting.await((value) => value === 1);
      yield* meeting.write(2);
      yield* mmu_notifier_invalidate_range_start_nonblock(rangeOf(bench.mm, 0));
      order.push('got on');
    },
  });
  expect(order).toEqual(['let go', 'got on']);
  expect(dmesg(bench.kernel)).toEqual([]);
});

// Only KVM has the callback of v2. A driver like it, with a spinlock in its start, stays on the list.
const driver_start = kfunc('driver_invalidate_range_start', function* (sub: MmuNotifier) {
  const lock = locks.get(sub)!;
  yield* spin_lock(lock);
  yield* spin_unlock(lock);
  return 0;
});
const locks = new Map<MmuNotifier, Spinlock>();

// Nouveau's way: no, if it must not block.
const refusing_start = kfunc('refusing_invalidate_range_start', function* () {
  return -EAGAIN;
});

describe.each(known.map((tree) => [tree.name, tree] as const))(
  'mmu-notifier-async-oom-v2 on %s',
  (_name, tree) => {
    /** A victim with a VM and perhaps another subscriber, which does not die; reaped by the oom_reaper. */
    function reaped(start: typeof driver_start | null) {
      const { kernel, scheduler } = bootTimed({ tree, patches: [v2], config: rt });
      kernel.tracing.enable('mmu_notifier:*');
      const victim = kernel.machine.inside(() => {
        const victim: TaskStruct = user_process_at_boot('victim', function* (): Body<number> {
          const mm = current().mm.value!;
          const kvm = yield* kvm_create_vm();
          expect(typeof kvm).toBe('object');
          yield* fill(yield* map(16 * 4096, 1), 16 * 4096, 1);
          if (start !== null) {
            const other = new MmuNotifier(reserve('slab', 'other', 64));
            locks.set(other, new Spinlock('&driver->lock'));
            yield* other.ops.write({ invalidate_range_start: start });
            yield* mmu_notifier_register(other, mm);
          }
          current().signal.oom_mm.value = mm;
          yield* mmgrab(mm);
          yield* queue_oom_reaper(current());
          yield* schedule_timeout_uninterruptible(5 * 250);
          return counters(mm).anon;
        });
        return victim;
      });
      runToEnd(kernel, scheduler);
      const callbacks = kernel.tracing.events.filter(({ text }) => text === 'oom callback').length;
      return { lines: dmesg(kernel), callbacks, anonLeft: victim.exit_code >> 8 };
    }

    test('is clean with KVM alone: no sleep, no lock order, one callback', () => {
      const { lines, callbacks } = reaped(null);
      expect(titlesOf(lines)).toEqual([]);
      expect(lines.filter((line) => line.startsWith('oom_reaper: reaped process'))).toHaveLength(1);
      expect(callbacks).toBe(1);
    });

    test('leaves other subscribers where they were: their locks sleep', () => {
      const { lines, callbacks } = reaped(driver_start);
      expect(titlesOf(lines)).toEqual([sleepsIn('driver_invalidate_range_start')]);
      expect(callbacks).toBe(1);
    });

    test('calls back once, however often the reaper has to come again', () => {
      const { lines, callbacks } = reaped(refusing_start);
      expect(lines.some((line) => line.startsWith('oom_reaper: unable to reap'))).toBe(true);
      expect(lines.filter((line) => line.includes('callback failed with -11')).length).toBeGreaterThan(9);
      expect(callbacks).toBe(1);
    });
  },
);

test('asking a guest whether it used a page takes mmu_lock in v6.12, and goes without it in v6.18', () => {
  const waits = known.map((tree) => {
    const bench = new VmBench({ tree });
    bench.page(0);
    const meeting = bench.meetingPoint(false);
    let young = false;
    const { asking } = bench.run({
      *holder() {
        const kvm = yield* createVm();
        yield* kvm_mmu_page_fault(vcpuOf(kvm), 0, true);
        yield* KVM_MMU_LOCK(kvm);
        yield* meeting.write(true);
      },
      *asking() {
        yield* meeting.await((value) => value);
        young = yield* mmu_notifier_test_young(bench.mm, HVA);
      },
    });
    return asking.thread.state === 'ended' && young ? 'no' : 'yes';
  });
  expect(waits).toEqual(['yes', 'no']);
});

test('v2 releases under mmap_lock and inside srcu without a report, with pages mapped in the guest', () => {
  for (const tree of known) {
    const bench = new VmBench({ tree, patches: [v2], config: rt });
    bench.page(0);
    let mapped = true;
    bench.run({
      *vmm() {
        const kvm = yield* createVm();
        yield* kvm_mmu_page_fault(vcpuOf(kvm), 0, true);
        yield* __oom_reap_task_mm(bench.mm);
        mapped = kvm.arch.spte(0).value !== null;
      },
    });
    expect(mapped).toBe(false);
    expect(dmesg(bench.kernel)).toEqual([]);
  }
});
