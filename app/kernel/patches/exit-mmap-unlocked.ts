import type { Body } from '../../sim/call.ts';
import { mm_flags_set } from '../include/mm.ts';
import { xa_is_zero } from '../include/maple_tree.ts';
import { MMF_OOM_SKIP, PMD_SIZE, ULONG_MAX, type MmStruct, type VmAreaStruct } from '../include/mm_types.ts';
import {
  mmu_notifier_invalidate_range_start_nonblock,
  mmu_notifier_release,
} from '../include/mmu_notifier.ts';
import { current, PF_KTHREAD } from '../include/sched.ts';
import { kernel } from '../kernel.ts';
import { extend, replace, type Replacement } from '../kfunc.ts';
import { hashedPointer } from '../kernel/fork.ts';
import { BUG_ON } from '../kernel/bug.ts';
import { cond_resched } from '../kernel/sched/core.ts';
import { msleep } from '../lab/holds.ts';
import { __mt_destroy, MaState, mas_find, mas_set, mt_clear_in_rcu } from '../lib/maple_tree.ts';
import { free_pgtables, unmap_vmas, vmasOf, zap_pmd_range } from '../mm/memory.ts';
import { exit_mmap } from '../mm/mmap.ts';
import { tlb_finish_mmu, tlb_gather_mmu_fullmm } from '../mm/mmu_gather.ts';
import { remove_vma } from '../mm/vma.ts';
import { trace_event } from '../trace-events.ts';
import type { Patch } from '../tree.ts';

/** exit_mmap() of v6.12 with the lines about mmap_lock taken out. `pause` stands between zapping and freeing. */
const withoutLock = (pause: (mm: MmStruct) => Body<void>): Replacement =>
  replace(exit_mmap, function* (mm) {
    yield* mmu_notifier_release(mm);
    for (const listener of kernel().hooks.exitMmapUnmaps) yield* listener(mm);
    const mas = new MaState(mm.mm_mt, 0);
    const first = yield* mas_find(mas, ULONG_MAX);
    if (first !== null && !xa_is_zero(first)) yield* zapAndFree(mm, mas, first, pause);
    yield* __mt_destroy(mm.mm_mt);
    kernel().hooks.emit('exitMmapDone', mm);
  });

function* zapAndFree(
  mm: MmStruct,
  mas: MaState,
  first: VmAreaStruct,
  pause: (mm: MmStruct) => Body<void>,
): Body<void> {
  const tlb = yield* tlb_gather_mmu_fullmm(mm);
  yield* unmap_vmas(tlb, vmasOf(mas), first, 0, ULONG_MAX);
  yield* pause(mm);
  yield* mm_flags_set(MMF_OOM_SKIP, mm);
  yield* mt_clear_in_rcu(mm.mm_mt);
  const end = yield* first.vm_end.read();
  mas_set(mas, end);
  yield* free_pgtables(tlb, vmasOf(mas), first, 0, ULONG_MAX, false);
  yield* tlb_finish_mmu(tlb);
  mas_set(mas, end);
  let count = 0;
  for (let vma: VmAreaStruct | null = first; vma !== null; vma = yield* vmasOf(mas)()) {
    yield* remove_vma(vma, true);
    count++;
    yield* cond_resched('mm/mmap.c', 1930);
  }
  yield* BUG_ON(count !== (yield* mm.map_count.read()), 'mm/mmap.c:1934');
  trace_event('mmap', 'exit_mmap', () => `mt_mod ${hashedPointer(mm)}, DESTROY`);
}

function* noPause(): Body<void> {}

export const exitMmapUnlocked: Patch = {
  name: 'exit-mmap-unlocked',
  title: 'exit_mmap() with its mmap_lock protection taken out',
  description:
    'Never proposed: what the lock is there for. exit_mmap() neither zaps under mmap_lock for read nor frees page ' +
    'tables and VMAs under it for write; MMF_OOM_SKIP is set as before.',
  appliesTo: ['v6.12'],
  replacements: [withoutLock(noPause)],
};

/** A sleep between zapping and freeing. Only where somebody reaps: other exits need not wait. */
const asleep = (milliseconds: number) =>
  function* (mm: MmStruct): Body<void> {
    if (mm.owner.value === null && mm.flags.value !== 0) yield* msleep(milliseconds);
  };

export const exitMmapUnlockedWindows: Patch = {
  name: 'exit-mmap-unlocked-windows',
  title: 'exit_mmap() without mmap_lock, and slow',
  description:
    'exit-mmap-unlocked with the windows of the captures: exit_mmap() sleeps for 2.5 s after it has zapped, a ' +
    'reaper for 200 ms before it zaps a VMA that it has found. A run in time then meets the race.',
  appliesTo: ['v6.12'],
  replacements: [
    withoutLock(asleep(2500)),
    extend(
      mmu_notifier_invalidate_range_start_nonblock,
      (below) =>
        function* (range) {
          const ret = yield* below(range);
          yield* msleep(200);
          return ret;
        },
    ),
  ],
};

export const exitMmapUnlockedPgtables: Patch = {
  name: 'exit-mmap-unlocked-pgtables',
  title: 'exit_mmap() without mmap_lock, and a reaper that is slow in the page tables',
  description:
    'exit-mmap-unlocked with the other windows of the captures: exit_mmap() sleeps for 3 s after it has zapped, the ' +
    'OOM reaper for 40 ms before each pmd entry, with which it goes through 2 MB. A run in time frees the page of ' +
    'pmd entries under it.',
  appliesTo: ['v6.12'],
  replacements: [
    withoutLock(asleep(3000)),
    extend(
      zap_pmd_range,
      (below) =>
        function* (tlb, vma, addr, end) {
          if ((current().flags & PF_KTHREAD) === 0) return yield* below(tlb, vma, addr, end);
          for (let at = addr; at < end; at = pmd_addr_end(at, end)) {
            yield* msleep(40);
            yield* below(tlb, vma, at, pmd_addr_end(at, end));
          }
        },
    ),
  ],
};

/** pmd_addr_end() - where the next pmd entry begins, or the end. */
const pmd_addr_end = (addr: number, end: number): number =>
  Math.min((Math.floor(addr / PMD_SIZE) + 1) * PMD_SIZE, end);
