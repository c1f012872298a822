import { describe, expect, test } from 'vitest';
import { notifierPairing } from '../../checkers/notifier_pairing.ts';
import { mmu_notifier_unregister } from '../../mm/mmu_notifier.ts';
import {
  is_page_fault_stale,
  kvm_mmu_page_fault,
  RET_PF_FIXED,
  RET_PF_RETRY,
} from '../../arch/x86/kvm/mmu.ts';
import {
  mmu_notifier_invalidate_range_end,
  mmu_notifier_invalidate_range_start,
  mmu_notifier_invalidate_range_start_nonblock,
} from '../../include/mmu_notifier.ts';
import { GfnToPfnCache, INVALID_GPA, type Kvm } from '../../include/kvm_host.ts';
import { PAGE_SIZE } from '../../include/mm_types.ts';
import { extend } from '../../kfunc.ts';
import { reserve } from '../../struct.ts';
import { dmesg } from '../../testing/boot.ts';
import { createVm, HVA, rangeOf, REGION, VmBench, vcpuOf } from '../../testing/vm.ts';
import { compareTrees } from '../../tree-diff.ts';
import { findTree } from '../../trees/index.ts';
import type { Patch, Tree } from '../../tree.ts';
import { kvm_set_memory_region } from './memslots.ts';
import { kvm_gpc_refresh } from './pfncache.ts';

// What the KVM of older and newer trees does otherwise.

function tree(name: string): Tree {
  const found = findTree(name);
  if (found === null) throw new Error(`there is no tree ${name}`);
  return found;
}

/** What `scythe diff` says of a symbol, on both sides. */
function told(a: string, b: string, symbol: string): readonly (string | null)[] {
  const difference = compareTrees(tree(a), tree(b)).symbols.find((each) => each.symbol === symbol);
  return difference?.sides.map(({ how }) => how) ?? [];
}

describe('mmu_lock', () => {
  /** An invalidation of guest memory where sleeping is forbidden, with PREEMPT_RT: the lines that it prints. */
  function splat(name: string): string {
    const config = { PREEMPT_RT: true, DEBUG_ATOMIC_SLEEP: true, PROVE_LOCKING: true };
    const bench = new VmBench({ tree: tree(name), config });
    bench.run({
      *vmm() {
        yield* createVm();
        const range = rangeOf(bench.mm, 0);
        yield* mmu_notifier_invalidate_range_start_nonblock(range);
        yield* mmu_notifier_invalidate_range_end(range);
      },
    });
    return dmesg(bench.kernel).join('\n');
  }

  test.each(['v4.17', 'v5.10', 'v5.11'])('is a spinlock in %s, and called so', (name) => {
    const lines = splat(name);
    expect(lines).toContain('kernel/locking/spinlock_rt.c:48');
    expect(lines).toMatch(
      /\(&kvm->mmu_lock\)\{\+\.\+\.\}-\{\d:\d\}, at: kvm_mmu_notifier_invalidate_range_start\+/,
    );
    expect(lines).not.toContain('rt_write_lock');
  });

  test('is an rwlock from v5.12 on, which lockdep hears of after the check', () => {
    const lines = splat('v5.12');
    expect(lines).toContain('kernel/locking/spinlock_rt.c:258');
    expect(lines).toContain('rt_write_lock');
    expect(lines).not.toContain('mmu_lock)');
  });

  /** Two vCPUs fault; each waits under mmu_lock for the other to get there. How many come through? */
  function cameThrough(name: string): number {
    const inside: Patch = {
      name: 'meet-inside',
      title: '',
      description: '',
      appliesTo: [],
      replacements: [
        extend(
          is_page_fault_stale,
          (below) =>
            function* (vcpu, fault) {
              yield* arrived.update((count) => count + 1);
              yield* arrived.await((count) => count === 2);
              return yield* below(vcpu, fault);
            },
        ),
      ],
    };
    const bench = new VmBench({ tree: tree(name), patches: [inside] });
    const arrived = bench.meetingPoint(0);
    const vm = bench.meetingPoint<Kvm | null>(null);
    bench.page(0);
    bench.page(1);
    let done = 0;
    function* fault(kvm: Kvm, gfn: number) {
      if ((yield* kvm_mmu_page_fault(vcpuOf(kvm), gfn, true)) === RET_PF_FIXED) done++;
    }
    bench.run({
      *first() {
        const kvm = yield* createVm();
        yield* vm.write(kvm);
        yield* fault(kvm, 0);
      },
      *second() {
        yield* fault((yield* vm.await((kvm) => kvm !== null)) as Kvm, 1);
      },
    });
    return done;
  }

  test('lets two faults in at once only where it is an rwlock', () => {
    expect(['v5.10', 'v5.11', 'v5.12', 'v6.12', 'v6.18'].map(cameThrough)).toEqual([0, 0, 2, 2, 2]);
  });

  test('is told of by a comparison of trees', () => {
    expect(compareTrees(tree('v5.11'), tree('v5.12')).traits).toContainEqual({
      trait: 'mmuLockIsSpinlock',
      values: ['true', 'false'],
    });
    expect(told('v5.11', 'v5.12', 'kvm_tdp_mmu_page_fault')[0]).toContain('spinlock');
  });
});

describe('a guest fault', () => {
  /** What becomes of a fault on frame 2 while invalidations of these frames are under way; 9 is in no memslot. */
  function faultDuring(name: string, frames: readonly number[], early: boolean): number {
    const bench = new VmBench({ tree: tree(name) });
    const page = bench.page(2);
    let r = -1;
    function* start() {
      for (const gfn of frames) yield* mmu_notifier_invalidate_range_start(rangeOf(bench.mm, gfn));
    }
    if (!early) bench.meanwhile = start;
    bench.run({
      *vmm() {
        const kvm = yield* createVm();
        if (early) yield* start();
        r = yield* kvm_mmu_page_fault(vcpuOf(kvm), 2, true);
      },
    });
    expect(dmesg(bench.kernel)).toEqual([]);
    expect(page._refcount.value).toBe(1);
    return r;
  }

  test.each([true, false])('is retried during any invalidation until v5.11, early: %s', (early) => {
    for (const name of ['v4.14', 'v5.10', 'v5.11']) {
      for (const frames of [[2], [3], [9], [9, 3]]) {
        expect(faultDuring(name, frames, early)).toBe(RET_PF_RETRY);
      }
      expect(faultDuring(name, [], early)).toBe(RET_PF_FIXED);
    }
  });

  test.each([true, false])('is retried if its frame is in the range from v5.12 on, early: %s', (early) => {
    for (const name of ['v5.12', 'v5.15', 'v6.18']) {
      for (const frames of [[2], [9, 2], [3, 2], [1, 3]]) {
        expect(faultDuring(name, frames, early)).toBe(RET_PF_RETRY);
      }
      for (const frames of [[3], [9], [9, 3], [0, 1], []]) {
        expect(faultDuring(name, frames, early)).toBe(RET_PF_FIXED);
      }
    }
  });

  test('a range of v5.12 is forgotten when the last invalidation is over', () => {
    const bench = new VmBench({ tree: tree('v5.12') });
    bench.page(2);
    const results: number[] = [];
    bench.run({
      *vmm() {
        const kvm = yield* createVm();
        const range = rangeOf(bench.mm, 0, 4);
        yield* mmu_notifier_invalidate_range_start(range);
        results.push(yield* kvm_mmu_page_fault(vcpuOf(kvm), 2, true));
        yield* mmu_notifier_invalidate_range_end(range);
        yield* mmu_notifier_invalidate_range_start(rangeOf(bench.mm, 3));
        results.push(yield* kvm_mmu_page_fault(vcpuOf(kvm), 2, true));
      },
    });
    expect(results).toEqual([RET_PF_RETRY, RET_PF_FIXED]);
  });

  test('is told of by a comparison of trees', () => {
    const [before, after] = told('v5.11', 'v5.12', 'mmu_invalidate_retry_gfn');
    expect(before).toContain('any invalidation');
    expect(after).toContain('range');
  });
});

test('the counts of invalidations are called mmu_notifier_* until v6.0', () => {
  const names = ['v5.10', 'v5.18', 'v6.1', 'v6.12'].map((name) => {
    const bench = new VmBench({ tree: tree(name) });
    let found: readonly string[] = [];
    bench.run({
      *vmm() {
        const kvm = yield* createVm();
        found = [kvm.mmu_invalidate_in_progress.name, kvm.mmu_invalidate_seq.name];
      },
    });
    return found.join(' ');
  });
  const before = 'kvm->mmu_notifier_count kvm->mmu_notifier_seq';
  const after = 'kvm->mmu_invalidate_in_progress kvm->mmu_invalidate_seq';
  expect(names).toEqual([before, before, after, after]);
  const wordings = compareTrees(tree('v5.18'), tree('v6.1')).wordings.map(({ wording }) => wording);
  expect(wordings).toContain('mmuInvalidateNames');
});

describe('a change of memslots', () => {
  /** One while an invalidation has started, and never ends: is it carried out? */
  function comesThrough(name: string): boolean {
    const bench = new VmBench({ tree: tree(name) });
    const vm = bench.meetingPoint<Kvm | null>(null);
    let slots = -1;
    const { changer } = bench.run({
      *changer() {
        const kvm = (yield* vm.await((value) => value !== null)) as Kvm;
        yield* kvm_set_memory_region(kvm, { ...REGION, memory_size: 0 });
        slots = kvm.memslots.value.slots.value.length;
      },
      *vmm() {
        const kvm = yield* createVm();
        yield* mmu_notifier_invalidate_range_start(rangeOf(bench.mm, 0));
        yield* vm.write(kvm);
      },
    });
    expect(dmesg(bench.kernel)).toEqual([]);
    expect(slots).toBe(changer.thread.state === 'ended' ? 0 : -1);
    return changer.thread.state === 'ended';
  }

  test('does not wait for invalidations before v5.15', () => {
    const names = ['v4.14', 'v5.10', 'v5.11', 'v5.12', 'v5.15-rc1', 'v5.15', 'v6.18'];
    expect(names.map(comesThrough)).toEqual([true, true, true, true, false, false, false]);
  });

  test('leaves the count even, although the end finds no memslot', () => {
    const bench = new VmBench({ tree: tree('v5.12') });
    const counts: number[] = [];
    bench.run({
      *vmm() {
        const kvm = yield* createVm();
        const range = rangeOf(bench.mm, 0);
        yield* mmu_notifier_invalidate_range_start(range);
        yield* kvm_set_memory_region(kvm, { ...REGION, memory_size: 0 });
        counts.push(kvm.mmu_invalidate_in_progress.value);
        yield* mmu_notifier_invalidate_range_end(range);
        counts.push(kvm.mmu_invalidate_in_progress.value);
      },
    });
    expect(counts).toEqual([1, 0]);
  });

  test('is told of by a comparison of trees', () => {
    expect(told('v5.12', 'v5.15', 'kvm_swap_active_memslots')[0]).toContain('at once');
    expect(told('v5.12', 'v5.15', 'init_mn_invalidate_lock')[0]).toContain('no mn_invalidate_lock');
  });
});

test.each([
  ['v5.11', 'mmu_notifier_count 1'],
  ['v5.12', 'mmu_notifier_count 1'],
  ['v5.15', 'mn_active_invalidate_count 1, mmu_notifier_count 1'],
  ['v6.12', 'mn_active_invalidate_count 1, mmu_invalidate_in_progress 1'],
])('a start without an end is told on %s with the counts of that era', (name, counts) => {
  const bench = new VmBench({ tree: tree(name), config: { SCYTHE_INVARIANTS: true } }, [notifierPairing]);
  bench.run({
    *vmm() {
      const kvm = yield* createVm();
      const range = rangeOf(bench.mm, 0);
      yield* mmu_notifier_invalidate_range_start(range);
      yield* mmu_notifier_unregister(kvm.mmu_notifier, bench.mm);
      yield* mmu_notifier_invalidate_range_end(range);
    },
  });
  bench.end();
  expect(dmesg(bench.kernel)).toContain(`kvm-100: ${counts}`);
});

describe('a cache of a page', () => {
  /** How often a refresh looks the page up, if that page is invalidated as a whole while it does so first. */
  function lookups(name: string, gfn: number): number {
    const bench = new VmBench({ tree: tree(name) });
    bench.page(gfn);
    let count = 0;
    bench.meanwhile = function* () {
      if (count++ > 0) return;
      const range = rangeOf(bench.mm, gfn);
      yield* mmu_notifier_invalidate_range_start(range);
      yield* mmu_notifier_invalidate_range_end(range);
    };
    let r = -1;
    bench.run({
      *vmm() {
        const gpc = new GfnToPfnCache(reserve('slab', 'gfn_to_pfn_cache', 256));
        gpc.kvm = yield* createVm();
        gpc.gpa = INVALID_GPA;
        yield* gpc.active.write(true);
        yield* gpc.uhva.write(HVA + gfn * PAGE_SIZE);
        r = yield* kvm_gpc_refresh(gpc);
      },
    });
    expect(r).toBe(0);
    expect(dmesg(bench.kernel)).toEqual([]);
    return count;
  }

  test('looks again if its page was invalidated meanwhile; outside of memslots only in v7.3', () => {
    const names = ['v6.12', 'v6.18', 'v7.3'];
    expect(names.map((name) => lookups(name, 2))).toEqual([2, 2, 2]);
    expect(names.map((name) => lookups(name, 9))).toEqual([1, 1, 2]);
  });

  test('has a number in v7.3 that every end changes', () => {
    const bench = new VmBench({ tree: tree('v7.3') });
    const numbers: (number | undefined)[] = [];
    bench.run({
      *vmm() {
        const kvm = yield* createVm();
        for (const gfn of [0, 9]) {
          const range = rangeOf(bench.mm, gfn);
          yield* mmu_notifier_invalidate_range_start(range);
          yield* mmu_notifier_invalidate_range_end(range);
          numbers.push(kvm.gpc_invalidate_seq?.value, kvm.mmu_invalidate_seq.value);
        }
      },
    });
    expect(numbers).toEqual([1, 1, 2, 1]);
  });

  test('is told of by a comparison of trees', () => {
    expect(told('v6.18', 'v7.3', 'hva_to_pfn_retry')).toEqual([
      'takes the number of mmu_invalidate_seq',
      'takes the number of gpc_invalidate_seq',
    ]);
  });
});
