import { expect, test } from 'vitest';
import {
  mmu_notifier_invalidate_range_end,
  mmu_notifier_invalidate_range_start,
} from '../include/mmu_notifier.ts';
import type { Kvm } from '../include/kvm_host.ts';
import { mmu_notifier_unregister } from '../mm/mmu_notifier.ts';
import { dmesg, type TestOptions } from '../testing/boot.ts';
import { normalise } from '../testing/normalise.ts';
import { createVm, rangeOf, REGION, VmBench } from '../testing/vm.ts';
import { kvm_put_kvm } from '../virt/kvm/kvm_main.ts';
import { kvm_set_memory_region } from '../virt/kvm/memslots.ts';
import { notifierPairing } from './notifier_pairing.ts';

const options: TestOptions = { config: { SCYTHE_INVARIANTS: true } };

test('a start and its end are silent, and so is an invalidation that is still under way', () => {
  const bench = new VmBench(options, [notifierPairing]);
  bench.run({
    *vmm() {
      yield* createVm();
      const range = rangeOf(bench.mm, 0);
      yield* mmu_notifier_invalidate_range_start(range);
      yield* mmu_notifier_invalidate_range_end(range);
      yield* mmu_notifier_invalidate_range_start(rangeOf(bench.mm, 1));
    },
  });
  bench.end();
  expect(dmesg(bench.kernel)).toEqual([]);
});

test('a VM that is detached between a start and its end is reported when it is destroyed', async () => {
  const bench = new VmBench(options, [notifierPairing]);
  bench.run({
    *vmm() {
      const kvm = yield* createVm();
      const range = rangeOf(bench.mm, 0);
      yield* mmu_notifier_invalidate_range_start(range);
      // The reference that unregistering drops, for kvm_destroy_vm() to drop it once more.
      bench.mm.mm_count.value++;
      yield* mmu_notifier_unregister(kvm.mmu_notifier, bench.mm);
      yield* mmu_notifier_invalidate_range_end(range);
      yield* kvm_put_kvm(kvm);
    },
  });
  bench.end();
  const lines = dmesg(bench.kernel);
  expect(lines.filter((line) => line.startsWith('SCYTHE'))).toEqual([
    'SCYTHE: invalidation started and never ended for kvm_mmu_notifier_invalidate_range_start',
  ]);
  expect(lines).toContain('1 starts, 0 ends');
  expect(lines).toContain('kvm-100: mn_active_invalidate_count 1, mmu_invalidate_in_progress 1');
  await expect(normalise(lines).join('\n') + '\n').toMatchFileSnapshot('golden/notifier-pairing.golden');
});

test('who waits for the end that never comes is named at the end of the run', () => {
  const bench = new VmBench(options, [notifierPairing]);
  const meeting = bench.meetingPoint<Kvm | null>(null);
  bench.run({
    *vmm() {
      const kvm = yield* createVm();
      const range = rangeOf(bench.mm, 0);
      yield* mmu_notifier_invalidate_range_start(range);
      yield* mmu_notifier_unregister(kvm.mmu_notifier, bench.mm);
      yield* mmu_notifier_invalidate_range_end(range);
      yield* meeting.write(kvm);
    },
    *changer() {
      const kvm = yield* meeting.await((value) => value !== null);
      yield* kvm_set_memory_region(kvm as Kvm, { ...REGION, memory_size: 0 });
    },
  });
  bench.end();
  expect(dmesg(bench.kernel)).toContain('Left waiting: changer/101, which changes memslots');
});
