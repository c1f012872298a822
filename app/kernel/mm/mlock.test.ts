import { describe, expect, test } from 'vitest';
import type { Body } from '../../sim/call.ts';
import { user_access } from '../arch/x86/mm/user_fault.ts';
import { checkers } from '../checkers/index.ts';
import { set_bit } from '../include/bitops.ts';
import { GFP_KERNEL } from '../include/gfp.ts';
import {
  HugePmd,
  MM_ANONPAGES,
  PAGE_SIZE,
  PMD_SIZE,
  VM_LOCKED,
  VM_READ,
  VM_WRITE,
  type MmStruct,
  type VmAreaStruct,
} from '../include/mm_types.ts';
import type { Kernel } from '../kernel.ts';
import { user_process_at_boot } from '../kernel/process.ts';
import { dmesg, inTurn } from '../testing/boot.ts';
import { normalise } from '../testing/normalise.ts';
import { bootWithThreads } from '../testing/threads.ts';
import { findTree } from '../trees/index.ts';
import { munlock_vma_pages_all } from './mlock.v5.17.ts';
import { vm_mmap_pgoff } from './mmap.ts';
import { __oom_reap_task_mm } from './oom_reaper.ts';
import { alloc_page, PG_mlocked, put_page, type Page } from './page_alloc.ts';

/** Runs user code in a process to its end. */
function run(tree: string, code: (mm: MmStruct) => Body<unknown>): string[] {
  const config = { KASAN: true, SCYTHE_INVARIANTS: true, DEBUG_VM: true };
  const kernel: Kernel = bootWithThreads({ tree: findTree(tree)!, config });
  kernel.machine.inside(() => {
    for (const checker of checkers) if (checker.enabled(kernel.config)) checker.attach(kernel);
    const task = user_process_at_boot('locker', function* () {
      yield* code(task.mm.value!);
      return 0;
    });
  });
  kernel.machine.run(inTurn, 100_000);
  return dmesg(kernel);
}

/** Maps memory, locks it and writes to its first page: the VMA, and that page. */
function* locked(mm: MmStruct, huge: boolean): Body<{ vma: VmAreaStruct; page: Page }> {
  const at = yield* vm_mmap_pgoff(huge ? PMD_SIZE : PAGE_SIZE, VM_READ | VM_WRITE, {
    flags: VM_LOCKED,
    huge,
  });
  yield* user_access(at, 'write');
  const vma = mm.mm_mt.ma_root.value!.slots.value.find(({ start }) => start === at)!.entry as VmAreaStruct;
  const page = vma.range.table!.ptes[0].value!.page!;
  return { vma, page };
}

const isMlocked = (page: Page): boolean => (page.flags.value & (1 << PG_mlocked)) !== 0;

describe.each([false, true])('mlocked memory (huge: %s)', (huge) => {
  test.each(['v4.14', 'v5.17', 'v5.18', 'v6.12', 'v6.18'])('comes and goes on %s', (tree) => {
    const seen: unknown[] = [];
    const lines = run(tree, function* (mm) {
      const before = mm.rss_stat[MM_ANONPAGES].value;
      const { vma, page } = yield* locked(mm, huge);
      seen.push(isMlocked(page), vma.range.pmd.value instanceof HugePmd, page.order);
      seen.push(mm.rss_stat[MM_ANONPAGES].value - before);
    });
    expect(seen).toEqual(huge ? [true, true, 9, 512] : [true, false, 0, 1]);
    expect(lines).toEqual([]);
  });

  test.each([
    ['v4.15', true],
    ['v5.17', true],
    ['v5.18', false],
  ])('is left alone by the reaper of %s: %s', (tree, left) => {
    const seen: unknown[] = [];
    const lines = run(tree, function* (mm) {
      const { vma, page } = yield* locked(mm, huge);
      yield* __oom_reap_task_mm(mm);
      seen.push(isMlocked(page), page.memory.alive);
      if (!left) return;
      // As exit_mmap() of these kernels begins.
      yield* munlock_vma_pages_all(vma);
      seen.push(isMlocked(page), page.memory.alive);
      yield* __oom_reap_task_mm(mm);
      seen.push(page.memory.alive);
    });
    expect(seen).toEqual(left ? [true, true, false, true, false] : [false, false]);
    expect(lines).toEqual([]);
  });
});

describe('a page that is freed while it is mlocked', () => {
  const freed = (tree: string): string[] =>
    run(tree, function* () {
      const page = (yield* alloc_page(GFP_KERNEL))!;
      yield* set_bit(PG_mlocked, page.flags);
      yield* put_page(page);
    });

  test('is a bad page up to v5.17', async () => {
    await expect(`${normalise(freed('v5.17')).join('\n')}\n`).toMatchFileSnapshot(
      'golden/bad-page-mlocked.golden',
    );
  });

  test('loses the flag later: who munlocked last need not have come in time', () => {
    expect(freed('v6.12')).toEqual([]);
  });
});
