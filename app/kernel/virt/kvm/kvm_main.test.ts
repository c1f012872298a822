import { describe, expect, test } from 'vitest';
import { kvm_mmu_page_fault, RET_PF_EMULATE, RET_PF_FIXED, RET_PF_RETRY } from '../../arch/x86/kvm/mmu.ts';
import { GFP_KERNEL } from '../../include/gfp.ts';
import type { Kvm } from '../../include/kvm_host.ts';
import {
  mmu_notifier_invalidate_range_end,
  mmu_notifier_invalidate_range_start,
  mmu_notifier_release,
} from '../../include/mmu_notifier.ts';
import { TASK_UNINTERRUPTIBLE } from '../../include/sched.ts';
import { alloc_page, PG_dirty, put_page } from '../../mm/page_alloc.ts';
import { KernelMemory } from '../../tracking.ts';
import { createVm, rangeOf, REGION, VmBench, vcpuOf } from '../../testing/vm.ts';
import { dmesg } from '../../testing/boot.ts';
import { findTree } from '../../trees/index.ts';
import { v6_12 } from '../../trees/v6.12.ts';
import { v6_18 } from '../../trees/v6.18.ts';
import type { Tree } from '../../tree.ts';
import { kvm_put_kvm } from './kvm_main.ts';
import { kvm_set_memory_region } from './memslots.ts';

const tree = (name: string): Tree => findTree(name)!;

/** Those whose KVM is modelled. */
const trees = [v6_12, v6_18];

describe.each(trees.map(({ name }) => name))('a VM of %s', (name) => {
  test('pins the mm twice and gives both back', () => {
    const bench = new VmBench({ tree: tree(name) });
    let kvm!: Kvm;
    let held = 0;
    bench.run({
      *vmm() {
        kvm = yield* createVm();
        held = bench.mm.mm_count.value;
        yield* kvm_put_kvm(kvm);
      },
    });
    expect(held).toBe(3);
    expect(bench.mm.mm_count.value).toBe(1);
    expect(kvm.memory.alive).toBe(false);
    expect(dmesg(bench.kernel)).toEqual([]);
  });

  test('is destroyed after its address space without a second release', () => {
    const bench = new VmBench({ tree: tree(name) });
    const { vmm } = bench.run({
      *vmm() {
        const kvm = yield* createVm();
        yield* mmu_notifier_release(bench.mm);
        yield* kvm_put_kvm(kvm);
      },
    });
    expect(vmm.thread.state).toBe('ended');
    expect(dmesg(bench.kernel)).toEqual([]);
  });
});

test('struct kvm is vmalloc memory in v6.12 and a slab object in v6.18', () => {
  const kinds = trees.map((each) => {
    const bench = new VmBench({ tree: each });
    let kind = '';
    bench.run({
      *vmm() {
        const { memory } = yield* createVm();
        if (memory instanceof KernelMemory) kind = `${memory.kind} ${memory.cache}`.trim();
      },
    });
    return kind;
  });
  expect(kinds).toEqual(['vmalloc', 'slab kmalloc-cg-8k']);
});

describe('a change of memslots', () => {
  test('waits, uninterruptibly, until each invalidation has ended', () => {
    const bench = new VmBench();
    const meeting = bench.meetingPoint<Kvm | null>(null);
    const order: string[] = [];
    let state = -1;
    const tasks = bench.run({
      *changer() {
        const kvm = yield* meeting.await((value) => value !== null);
        yield* kvm_set_memory_region(kvm as Kvm, { ...REGION, memory_size: 0 });
        order.push('changed');
      },
      *vmm() {
        const kvm = yield* createVm();
        const range = rangeOf(bench.mm, 0);
        yield* mmu_notifier_invalidate_range_start(range);
        yield* meeting.write(kvm);
        const waiter = yield* kvm.mn_memslots_update_rcuwait.task.read();
        state = yield* waiter!.__state.read();
        order.push('end');
        yield* mmu_notifier_invalidate_range_end(range);
      },
    });
    expect(state).toBe(TASK_UNINTERRUPTIBLE);
    expect(order).toEqual(['end', 'changed']);
    expect(tasks.changer.thread.state).toBe('ended');
  });

  test('deletes a slot and what is mapped of it', () => {
    const bench = new VmBench();
    bench.page(1);
    bench.run({
      *vmm() {
        const kvm = yield* createVm();
        expect(yield* kvm_mmu_page_fault(vcpuOf(kvm), 1, true)).toBe(RET_PF_FIXED);
        yield* kvm_set_memory_region(kvm, { ...REGION, memory_size: 0 });
        expect(kvm.arch.spte(1).value).toBeNull();
        expect(kvm.memslots.value.slots.value).toEqual([]);
        expect(yield* kvm_mmu_page_fault(vcpuOf(kvm), 1, true)).toBe(RET_PF_EMULATE);
      },
    });
    expect.assertions(4);
  });
});

describe('a guest fault', () => {
  test('installs an SPTE without keeping a reference to the page', () => {
    const bench = new VmBench();
    const page = bench.page(2);
    bench.run({
      *vmm() {
        const kvm = yield* createVm();
        expect(yield* kvm_mmu_page_fault(vcpuOf(kvm), 2, true)).toBe(RET_PF_FIXED);
        expect(kvm.arch.spte(2).value).toEqual({ page, writable: true });
      },
    });
    expect(page._refcount.value).toBe(1);
    expect.assertions(3);
  });

  test('looks again if the frame was invalidated meanwhile, or is right now', () => {
    const bench = new VmBench();
    const page = bench.page(2);
    bench.run({
      *vmm() {
        const kvm = yield* createVm();
        const range = rangeOf(bench.mm, 2);
        bench.meanwhile = function* () {
          yield* mmu_notifier_invalidate_range_start(range);
          yield* mmu_notifier_invalidate_range_end(range);
        };
        expect(yield* kvm_mmu_page_fault(vcpuOf(kvm), 2, true)).toBe(RET_PF_RETRY);
        bench.meanwhile = function* () {
          yield* mmu_notifier_invalidate_range_start(range);
        };
        expect(yield* kvm_mmu_page_fault(vcpuOf(kvm), 2, true)).toBe(RET_PF_RETRY);
        expect(kvm.arch.spte(2).value).toBeNull();
      },
    });
    expect(page._refcount.value).toBe(1);
    expect.assertions(4);
  });

  test('is not kept by an invalidation of other frames under way', () => {
    const bench = new VmBench();
    bench.page(2);
    bench.run({
      *vmm() {
        const kvm = yield* createVm();
        bench.meanwhile = function* () {
          yield* mmu_notifier_invalidate_range_start(rangeOf(bench.mm, 3));
        };
        expect(yield* kvm_mmu_page_fault(vcpuOf(kvm), 2, true)).toBe(RET_PF_FIXED);
      },
    });
    expect.assertions(1);
  });

  test('without a slot is left to user space; a frame that was zapped comes back', () => {
    const bench = new VmBench();
    bench.page(2);
    bench.run({
      *vmm() {
        const kvm = yield* createVm();
        const vcpu = vcpuOf(kvm);
        expect(yield* kvm_mmu_page_fault(vcpu, 9, true)).toBe(RET_PF_EMULATE);
        yield* kvm_mmu_page_fault(vcpu, 2, true);
        const range = rangeOf(bench.mm, 0, 4);
        yield* mmu_notifier_invalidate_range_start(range);
        expect(kvm.arch.spte(2).value).toBeNull();
        yield* mmu_notifier_invalidate_range_end(range);
        expect(yield* kvm_mmu_page_fault(vcpu, 2, true)).toBe(RET_PF_FIXED);
      },
    });
    expect.assertions(3);
  });
});

test('v6.12 marks the page of a zapped SPTE dirty even if nobody owns it any more; v6.18 leaves it alone', () => {
  const dirty = trees.map((tree) => {
    const bench = new VmBench({ tree });
    const page = bench.page(0);
    bench.run({
      *vmm() {
        const kvm = yield* createVm();
        yield* kvm_mmu_page_fault(vcpuOf(kvm), 0, true);
        page.flags.value = 0;
        yield* put_page(page);
        yield* kvm_put_kvm(kvm);
      },
    });
    return (page.flags.value & (1 << PG_dirty)) !== 0;
  });
  expect(dirty).toEqual([true, false]);
});

test('in v6.12 the next user of that page finds it in a bad state', () => {
  const bench = new VmBench({ tree: tree('v6.12'), config: { DEBUG_VM: true } });
  const page = bench.page(0);
  bench.run({
    *vmm() {
      const kvm = yield* createVm();
      yield* kvm_mmu_page_fault(vcpuOf(kvm), 0, true);
      yield* put_page(page);
      yield* kvm_put_kvm(kvm);
      yield* alloc_page(GFP_KERNEL);
    },
  });
  const lines = dmesg(bench.kernel);
  expect(lines[0]).toBe(`BUG: Bad page state in process vmm  pfn:${page.pfn.toString(16).padStart(5, '0')}`);
  expect(lines).toContain('page dumped because: PAGE_FLAGS_CHECK_AT_PREP flag(s) set');
});
