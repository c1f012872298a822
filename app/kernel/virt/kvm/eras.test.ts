import { describe, expect, test } from 'vitest';
import { is_page_fault_stale, kvm_mmu_page_fault, RET_PF_FIXED } from '../../arch/x86/kvm/mmu.ts';
import {
  mmu_notifier_invalidate_range_end,
  mmu_notifier_invalidate_range_start_nonblock,
} from '../../include/mmu_notifier.ts';
import { extend } from '../../kfunc.ts';
import { dmesg } from '../../testing/boot.ts';
import { createVm, rangeOf, VmBench, vcpuOf } from '../../testing/vm.ts';
import { compareTrees } from '../../tree-diff.ts';
import { findTree } from '../../trees/index.ts';
import type { Patch, Tree } from '../../tree.ts';
import type { Kvm } from '../../include/kvm_host.ts';

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
