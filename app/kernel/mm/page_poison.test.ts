import { describe, expect, test } from 'vitest';
import type { Body } from '../../sim/call.ts';
import { GFP_KERNEL } from '../include/gfp.ts';
import {
  MmStruct,
  MM_SWAPENTS,
  PAGE_SIZE,
  PMD_SIZE,
  PUD_SIZE,
  VM_READ,
  VM_WRITE,
  type Pte,
  type VmAreaStruct,
} from '../include/mm_types.ts';
import { current } from '../include/sched.ts';
import { mm_init } from '../kernel/fork.ts';
import { reserve } from '../struct.ts';
import { addTasks, bootForTest, dmesg, inTurn } from '../testing/boot.ts';
import { findTree } from '../trees/index.ts';
import { free_pgd_range, unmap_page_range } from './memory.ts';
import { tlb_finish_mmu, tlb_gather_mmu } from './mmu_gather.ts';
import { alloc_page, put_page } from './page_alloc.ts';
import { frameOf } from './page_frame.ts';
import { loadImage } from './process-image.ts';

const AT = 0x400000;
const FLAGS = VM_READ | VM_WRITE;

/** Runs a body as the only task of a kernel whose freed pages are poisoned, with two mappings in one page of pmds. */
function run(
  body: (vmas: readonly VmAreaStruct[]) => Body<unknown>,
  reuse = false,
  tree = 'v6.12',
): string[] {
  const config = { SCYTHE_PAGE_REUSE: reuse, DEBUG_VM: true };
  const kernel = bootForTest({ tree: findTree(tree)!, config });
  (kernel.append as Map<string, string>).set('page_poison', '1');
  const mm = kernel.machine.inside(() => {
    const made = new MmStruct(reserve('slab', 'mm_struct', 1688));
    mm_init(made, null);
    const segments = [AT, AT + PMD_SIZE].map((start) => ({
      start,
      end: start + 2 * PAGE_SIZE,
      flags: FLAGS,
      present: 1,
    }));
    loadImage(made, { name: 'test', segments });
    return made;
  });
  const vmas = mm.mm_mt.ma_root.value!.slots.value.flatMap(({ entry }) =>
    typeof entry === 'string' ? [] : entry,
  );
  addTasks(kernel, {
    *reaper() {
      current().mm.value = mm;
      yield* body(vmas);
    },
  });
  kernel.machine.run(inTurn, 20_000);
  return dmesg(kernel).filter((line) => !/^(?:\S*\+| |CPU|Hardware|Call|RIP|R|Code)/.test(line));
}

function* zap(vma: VmAreaStruct): Body<void> {
  const tlb = yield* tlb_gather_mmu(vma.vm_mm);
  yield* unmap_page_range(tlb, vma, vma.vm_start.value, vma.vm_end.value);
  yield* tlb_finish_mmu(tlb);
}

function* freeTables(vmas: readonly VmAreaStruct[]): Body<void> {
  const tlb = yield* tlb_gather_mmu(vmas[0].vm_mm);
  for (const { range } of vmas) yield* free_pgd_range(tlb, range, 0, PUD_SIZE);
  yield* tlb_finish_mmu(tlb);
}

describe('a page of pmd entries', () => {
  test('goes with the last table of its stretch; then there is nothing to be walked', () => {
    const seen: unknown[] = [];
    const lines = run(function* ([first, second]) {
      const { pmds } = first.range;
      yield* freeTables([first]);
      seen.push(pmds === second.range.pmds, first.range.table, pmds.pud.value === pmds, pmds.memory.alive);
      yield* freeTables([second]);
      seen.push(pmds.pud.value, pmds.memory.alive);
      yield* zap(first);
    });
    expect(seen).toEqual([true, null, true, true, null, false]);
    expect(lines).toEqual([]);
  });

  test.each([
    ['v6.12', /^mm\/pgtable-generic.c:54: bad pmd 00000000[0-9a-f]{8}\(a{16}\)$/],
    ['v5.10', /^mm\/pgtable-generic.c:54: bad pmd 00000000[0-9a-f]{8}\(a{16}\)$/],
    ['v4.14', /^mm\/pgtable-generic.c:54: bad pmd ff11[0-9a-f]{12}\(a{16}\)$/],
  ])('that was freed holds bad ones on %s, each of which is cleared', (tree, text) => {
    const left: unknown[] = [];
    const lines = run(
      function* (vmas) {
        const { pmds } = vmas[0].range;
        yield* freeTables(vmas);
        // The walker has come by the page before.
        pmds.pud.value = pmds;
        yield* zap(vmas[0]);
        left.push(vmas[0].range.pmd.value, vmas[1].range.pmd.value);
      },
      false,
      tree,
    );
    expect(lines).toEqual([expect.stringMatching(text)]);
    expect(left).toEqual([null, expect.objectContaining({ word: 0xaaaaaaaaaaaaaaaan })]);
  });
});

test('a freed table is all swap entries to who still walks it, which lead to no area', () => {
  let lost = 0;
  const lines = run(function* ([vma]) {
    const table = vma.range.table!;
    yield* freeTables([vma]);
    vma.range.pmd.value = table;
    yield* zap(vma);
    lost = -vma.vm_mm.rss_stat[MM_SWAPENTS].value;
  });
  expect(lines).toEqual(
    Array.from({ length: 2 }, () => 'get_swap_device: Bad swap file entry 5402aaaaaaaaaaaa'),
  );
  expect(lost).toBe(2);
});

describe('who is handed a page', () => {
  /** What is said when a page is handed out in which somebody has written these words since it was freed. */
  function handedOut(words: Readonly<Record<number, Pte | null>>, times = 1): string[] {
    return run(function* ([vma]) {
      const { memory } = vma.range.table!;
      for (const index of Object.keys(words)) frameOf(memory)!.word(Number(index), memory);
      yield* freeTables([vma]);
      for (let i = 0; i < times; i++) {
        for (const [index, word] of Object.entries(words))
          frameOf(memory)!.word(Number(index), memory).value = word;
        yield* put_page((yield* alloc_page(GFP_KERNEL))!);
      }
    }, true);
  }

  const data = (word: bigint): Pte => ({ page: null, writable: false, counter: -1, word });

  test('finds the poison whole, if nobody has written', () => {
    expect(handedOut({})).toEqual([]);
    expect(handedOut({ 1: data(0xaaaaaaaaaaaaaaaan) })).toEqual([]);
  });

  test('reports the bytes that are other ones, from the first to the last', () => {
    const lines = handedOut({ 3: null, 5: data(0xaaaaaaaaaa002161n) });
    expect(lines[0]).toBe('pagealloc: memory corruption');
    expect(lines.slice(1, 3).map((line) => line.replace(/^0{8}[0-9a-f]{8}: /, ''))).toEqual([
      '00 00 00 00 00 00 00 00 aa aa aa aa aa aa aa aa  ................',
      '61 21 00                                         a!.',
    ]);
    expect(lines[3]).toMatch(/^page: refcount:0 mapcount:0 mapping:0{16} index:0x0 pfn:0x[0-9a-f]+$/);
    expect(lines.at(-1)).toBe('page dumped because: pagealloc: corrupted page details');
  });

  test('tells a bit that has flipped from what a program writes', () => {
    const lines = handedOut({ 2: data(0xaaaaaaaaaaaaaaa8n) });
    expect(lines[0]).toBe('pagealloc: single bit error');
    expect(lines[1]).toMatch(/^0{8}[0-9a-f]{8}: a8 {47}\.$/);
  });

  test('says so ten times in five seconds', () => {
    const said = handedOut({ 2: null }, 12).filter((line) => line === 'pagealloc: memory corruption');
    expect(said).toHaveLength(10);
  });
});
