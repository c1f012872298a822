import { describe, expect, test } from 'vitest';
import type { Kvm } from '../include/kvm_host.ts';
import {
  mmu_notifier_invalidate_range_end,
  mmu_notifier_invalidate_range_start,
  mmu_notifier_invalidate_range_start_nonblock,
} from '../include/mmu_notifier.ts';
import { hlist_unhashed } from '../include/hlist.ts';
import { mmap_read_lock, mmap_read_unlock } from '../include/mmap_lock.ts';
import type { FaultRule } from '../faults.ts';
import { oom_victim_signalled } from '../mm/oom_kill.ts';
import { __oom_reap_task_mm } from '../mm/oom_reaper.ts';
import { titlesOf } from '../report/titles.ts';
import { dmesg } from '../testing/boot.ts';
import { createVm, rangeOf, VmBench } from '../testing/vm.ts';
import { findTree } from '../trees/index.ts';
import type { Patch } from '../tree.ts';
import { kvm_put_kvm } from '../virt/kvm/kvm_main.ts';
import { findPatch, patches } from './index.ts';

const patch = (name: string): Patch => findPatch(name)!;
const rt = { PREEMPT_RT: true, DEBUG_ATOMIC_SLEEP: true };

test('each patch has its own name and fits trees that exist', () => {
  const names = patches.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  for (const { appliesTo } of patches) for (const name of appliesTo) expect(findTree(name)).not.toBeNull();
});

describe.each(patch('mmu-notifier-async-oom-v2').appliesTo)(
  'on %s with PREEMPT_RT, an invalidation that must not block',
  (name) => {
    const tree = findTree(name)!;

    /** The first report of a nonblocking invalidation of a guest page. */
    function titlesWith(applied: readonly Patch[], config = rt): string[] {
      const bench = new VmBench({ tree, patches: applied, config });
      bench.run({
        *vmm() {
          yield* createVm();
          const range = rangeOf(bench.mm, 0);
          yield* mmu_notifier_invalidate_range_start_nonblock(range);
          yield* mmu_notifier_invalidate_range_end(range);
        },
      });
      return titlesOf(dmesg(bench.kernel)).slice(0, 1);
    }

    test('takes mn_invalidate_lock, which sleeps', () => {
      expect(titlesWith([])).toEqual([
        'BUG: sleeping function called from invalid context in kvm_mmu_notifier_invalidate_range_start',
      ]);
    });

    test('takes gpc_lock next if mn_invalidate_lock is raw', () => {
      expect(titlesWith([patch('mn-invalidate-raw-lock')])).toEqual([
        'BUG: sleeping function called from invalid context in gfn_to_pfn_cache_invalidate_start',
      ]);
    });

    test('is silent without PREEMPT_RT, and without DEBUG_ATOMIC_SLEEP', () => {
      expect(titlesWith([], { ...rt, PREEMPT_RT: false })).toEqual([]);
      expect(titlesWith([], { ...rt, DEBUG_ATOMIC_SLEEP: false })).toEqual([]);
    });
  },
);

describe('mmu-notifier-async-oom-v2', () => {
  test('detaches, releases in the order of registration, and destroying a VM waits for its callback', () => {
    const bench = new VmBench({ patches: [patch('mmu-notifier-async-oom-v2')], config: rt });
    const { kernel, mm } = bench;
    kernel.tracing.enable('mmu_notifier:*');
    const released: Kvm[] = [];
    kernel.hooks.on('spteChanged', (kvm) => void released.push(kvm));
    const vms: Kvm[] = [];
    const unhashed: boolean[] = [];
    const { vmm } = bench.run({
      *vmm() {
        vms.push(yield* createVm(), yield* createVm());
        yield* mmap_read_lock(mm);
        expect(yield* __oom_reap_task_mm(mm)).toBe(true);
        yield* mmap_read_unlock(mm);
        for (const kvm of vms) unhashed.push(yield* hlist_unhashed(kvm.mmu_notifier.hlist));
        for (const kvm of vms) yield* kvm_put_kvm(kvm);
      },
    });
    expect(unhashed).toEqual([true, true]);
    expect(vmm.thread.state).toBe('ended');
    expect(mm.mm_count.value).toBe(1);
    expect(kernel.tracing.events.map(({ text }) => text)).toEqual([
      'oom_enter: detached',
      'oom_enter: released',
      'oom_enter: queued',
      'oom_enter: queued',
      'oom callback',
      'oom callback',
    ]);
    expect(vms.map(({ memory }) => memory.alive)).toEqual([false, false]);
    expect(dmesg(kernel)).toEqual([]);
  });

  test('leaves the count to the callback where it detaches between a start and its end', () => {
    const bench = new VmBench({ patches: [patch('mmu-notifier-async-oom-v2')] });
    const counts: number[] = [];
    bench.run({
      *vmm() {
        const kvm = yield* createVm();
        const range = rangeOf(bench.mm, 0);
        yield* mmu_notifier_invalidate_range_start(range);
        yield* mmap_read_lock(bench.mm);
        yield* __oom_reap_task_mm(bench.mm);
        yield* mmap_read_unlock(bench.mm);
        yield* mmu_notifier_invalidate_range_end(range);
        counts.push(yield* kvm.mn_active_invalidate_count.read());
        yield* kvm_put_kvm(kvm);
      },
    });
    expect(counts).toEqual([1]);
  });
});

describe('mmu-notifier-async-oom-v2 in other circumstances', () => {
  test('goes without the callback if there is no memory for it', () => {
    const bench = new VmBench({ patches: [patch('mmu-notifier-async-oom-v2')] });
    const { kernel, mm } = bench;
    (kernel.faults.rules as FaultRule[]).push({
      site: 'failslab',
      function: 'mmu_notifier_oom_enter',
      always: true,
    });
    kernel.tracing.enable('mmu_notifier:*');
    const { vmm } = bench.run({
      *vmm() {
        const kvm = yield* createVm();
        yield* mmap_read_lock(mm);
        yield* __oom_reap_task_mm(mm);
        yield* mmap_read_unlock(mm);
        yield* kvm_put_kvm(kvm);
      },
    });
    expect(vmm.thread.state).toBe('ended');
    expect(mm.mm_count.value).toBe(1);
    expect(kernel.tracing.events.map(({ text }) => text)).toEqual([
      'oom_enter: detached',
      'oom_enter: released',
    ]);
  });

  test('detaches from __oom_kill_process() where the call stands there, and not when memory is reaped', () => {
    const bench = new VmBench({ patches: [patch('mmu-notifier-async-oom-v2-kill-site')] });
    const unhashed: boolean[] = [];
    bench.run({
      *vmm() {
        const kvm = yield* createVm();
        yield* mmap_read_lock(bench.mm);
        yield* __oom_reap_task_mm(bench.mm);
        yield* mmap_read_unlock(bench.mm);
        unhashed.push(yield* hlist_unhashed(kvm.mmu_notifier.hlist));
        yield* oom_victim_signalled(bench.mm);
        unhashed.push(yield* hlist_unhashed(kvm.mmu_notifier.hlist));
      },
    });
    expect(unhashed).toEqual([false, true]);
  });
});

describe('without its hlist_del_init()', () => {
  test('the node of a VM stays hashed into a stack frame that is gone', () => {
    const bench = new VmBench({ patches: [patch('mmu-notifier-async-oom-v2-no-del-init')] });
    let alive = true;
    bench.run({
      *vmm() {
        const kvm = yield* createVm();
        yield* mmap_read_lock(bench.mm);
        yield* __oom_reap_task_mm(bench.mm);
        yield* mmap_read_unlock(bench.mm);
        alive = kvm.mmu_notifier.hlist.pprev.value!.memory!.alive;
      },
    });
    expect(alive).toBe(false);
  });
});

describe('a subscriber that unregisters from its oom_enter callback', () => {
  test('waits for the section of srcu that it is called in', () => {
    const bench = new VmBench({ patches: [patch('oom-enter-sync-unregister')] });
    const { vmm } = bench.run({
      *vmm() {
        yield* createVm();
        yield* mmap_read_lock(bench.mm);
        yield* __oom_reap_task_mm(bench.mm);
      },
    });
    expect(vmm.thread.state).toBe('ready');
    expect(vmm.thread.enabled).toBe(false);
    const stack: string[] = [];
    for (let frame = vmm.thread.top; frame !== null; frame = frame.caller)
      stack.push(frame.symbol?.name ?? '');
    expect(stack).toContain('__synchronize_srcu');
    expect(stack.indexOf('mmu_notifier_unregister')).toBeLessThan(stack.indexOf('__mmu_notifier_oom_enter'));
  });

  // The OOM killer calls it, then each reaper that comes before the worker.
  test('gives its mm up once, however often it is called before the work item has run', () => {
    const bench = new VmBench({ patches: [patch('oom-enter-deferred-unregister')] });
    const { vmm } = bench.run({
      *vmm() {
        const kvm = yield* createVm();
        yield* mmap_read_lock(bench.mm);
        yield* oom_victim_signalled(bench.mm);
        yield* __oom_reap_task_mm(bench.mm);
        yield* mmap_read_unlock(bench.mm);
        yield* kvm_put_kvm(kvm);
      },
    });
    expect(vmm.thread.state).toBe('ended');
    expect(bench.mm.mm_count.value).toBe(1);
    expect(dmesg(bench.kernel)).toEqual([]);
  });

  test('does not if a work item does it, and the VM can be destroyed afterwards', () => {
    const bench = new VmBench({ patches: [patch('oom-enter-deferred-unregister')] });
    const { vmm } = bench.run({
      *vmm() {
        const kvm = yield* createVm();
        yield* mmap_read_lock(bench.mm);
        yield* __oom_reap_task_mm(bench.mm);
        yield* mmap_read_unlock(bench.mm);
        yield* kvm_put_kvm(kvm);
      },
    });
    expect(vmm.thread.state).toBe('ended');
    expect(bench.mm.mm_count.value).toBe(1);
    expect(dmesg(bench.kernel)).toEqual([]);
  });
});
