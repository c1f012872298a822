import { describe, expect, test } from 'vitest';
import type { Body } from '../../sim/call.ts';
import { GFP_KERNEL } from '../include/gfp.ts';
import { MmStruct, MM_SWAPENTS, PAGE_SIZE, VM_READ, VM_WRITE, type Pte } from '../include/mm_types.ts';
import { current } from '../include/sched.ts';
import { mm_init } from '../kernel/fork.ts';
import { loadImage } from '../mm/process-image.ts';
import { reserve } from '../struct.ts';
import { addTasks, bootForTest, dmesg, inTurn } from '../testing/boot.ts';
import { findTree } from '../trees/index.ts';
import { unmap_page_range } from './memory.ts';
import { tlb_finish_mmu, tlb_gather_mmu } from './mmu_gather.ts';
import { alloc_page, get_page, put_page, type Page } from './page_alloc.ts';

const AT = 0x400000;

/** Runs a body as the only task of a kernel that hands pages out again, with a mapping of one page. */
function run(body: (mm: MmStruct) => Body<unknown>, tree = 'v6.12'): string[] {
  const kernel = bootForTest({ tree: findTree(tree)!, config: { SCYTHE_PAGE_REUSE: true, DEBUG_VM: true } });
  const mm = kernel.machine.inside(() => {
    const made = new MmStruct(reserve('slab', 'mm_struct', 1688));
    mm_init(made, null);
    const segment = { start: AT, end: AT + PAGE_SIZE, flags: VM_READ | VM_WRITE, present: 1 };
    loadImage(made, { name: 'test', segments: [segment] });
    return made;
  });
  addTasks(kernel, {
    *reaper() {
      current().mm.value = mm;
      yield* body(mm);
    },
  });
  kernel.machine.run(inTurn, 10_000);
  return dmesg(kernel);
}

function* page(): Body<Page> {
  const got = yield* alloc_page(GFP_KERNEL);
  if (got === null) throw new Error('no page');
  return got;
}

describe('a page that is handed out again', () => {
  test('is the one that was freed last, with a struct page as new', () => {
    const got: Page[] = [];
    run(function* () {
      const [a, b] = [yield* page(), yield* page()];
      b.index = 7;
      yield* put_page(a);
      yield* put_page(b);
      got.push(a, b, yield* page(), yield* page());
    });
    const [a, b, first, second] = got;
    expect([first === b, second === a]).toEqual([true, true]);
    expect([b.index, b._refcount.value, b.memory.alive]).toEqual([0, 1, true]);
  });

  test('is reported and kept back if somebody has changed it since', () => {
    const got: Page[] = [];
    const lines = run(function* () {
      const a = yield* page();
      yield* put_page(a);
      yield* get_page(a);
      got.push(a, yield* page());
    });
    expect(got[1]).not.toBe(got[0]);
    expect(lines[0]).toMatch(/^BUG: Bad page state in process reaper {2}pfn:/);
    expect(lines).toContain('page dumped because: nonzero _refcount');
  });
});

describe('zapping what is no page table any more', () => {
  /** The VMA's one entry holds a word; what the kernel says, and how many swap entries the mm lost. */
  function zapped(word: bigint, tree?: string) {
    let lost = 0;
    let left: Pte | null = null;
    const lines = run(function* (mm) {
      const vma = mm.mm_mt.ma_root.value!.slots.value[0].entry;
      if (typeof vma === 'string') throw new Error('no VMA');
      const cell = vma.range.table!.ptes[0];
      cell.value = { page: null, writable: false, counter: -1, word };
      const tlb = yield* tlb_gather_mmu(mm);
      yield* unmap_page_range(tlb, vma, AT, AT + PAGE_SIZE);
      yield* tlb_finish_mmu(tlb);
      lost = 0 - mm.rss_stat[MM_SWAPENTS].value;
      left = cell.value;
    }, tree);
    return {
      lines: lines.filter((line) => !/^(?:\S*\+| |CPU|Hardware|Call|RIP|R|Code)/.test(line)),
      lost,
      left,
    };
  }

  test('takes data for a page that cannot be', () => {
    const { lines, lost, left } = zapped(0x6161616161616161n);
    expect(lines[0]).toMatch(
      /^BUG: Bad page map in process reaper {2}pte:6161616161616161 pmd:[0-9a-f]+067$/,
    );
    expect([lost, left]).toEqual([0, null]);
  });

  test('takes data for a page in swap, and is wrong by one then', () => {
    const { lines, lost, left } = zapped(0x6353826300000000n);
    expect(lines).toEqual(['get_swap_device: Bad swap file entry 3002563ece7fffff']);
    expect([lost, left]).toEqual([1, null]);
  });

  test('up to v6.9 calls that a bad page map, too', () => {
    const { lines } = zapped(0x6353826300000000n, 'v6.8');
    expect(lines[0]).toMatch(/^_swap_info_get: Bad swap file entry /);
    expect(lines[1]).toMatch(/^BUG: Bad page map in process reaper {2}pte:6353826300000000 pmd:/);
  });
});
