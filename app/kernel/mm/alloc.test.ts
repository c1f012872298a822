import { describe, expect, test } from 'vitest';
import type { Body } from '../../sim/call.ts';
import type { FaultRule } from '../faults.ts';
import { formatGfp, GFP_ATOMIC, GFP_KERNEL, GFP_KERNEL_ACCOUNT } from '../include/gfp.ts';
import type { Kernel } from '../kernel.ts';
import { titlesOf } from '../report/titles.ts';
import { Struct } from '../struct.ts';
import { addTask, bareKernel, dmesg, golden, runInTurn, within } from '../testing/memory.ts';
import { print_bad_pte } from './bad_pte.ts';
import { __free_pages, alloc_page, get_page, put_page, type Page } from './page_alloc.ts';
import { kmallocCache, kzalloc } from './slab.ts';
import { kvfree, kvzalloc } from './vmalloc.ts';

class Thing extends Struct {
  readonly value = this.field('value', 0);
}

function run(kernel: Kernel, body: () => Body<unknown>, names: readonly string[] = ['f']): string[] {
  addTask(kernel, 'sh', 63, () => within(names, body));
  runInTurn(kernel, 1);
  return dmesg(kernel);
}

describe('slab caches', () => {
  test('are named by their size, and by who pays', () => {
    expect([8, 60, 65, 97, 150, 193, 1024, 5000].map((size) => kmallocCache(size, GFP_KERNEL))).toEqual([
      ...['kmalloc-8', 'kmalloc-64', 'kmalloc-96', 'kmalloc-128', 'kmalloc-192', 'kmalloc-256'],
      ...['kmalloc-1k', 'kmalloc-8k'],
    ]);
    expect(kmallocCache(4000, GFP_KERNEL_ACCOUNT)).toBe('kmalloc-cg-4k');
  });

  test('flags read as the kernel prints them', () => {
    expect(formatGfp(GFP_KERNEL)).toBe('0xcc0(GFP_KERNEL)');
    expect(formatGfp(GFP_ATOMIC)).toBe('0x820(GFP_ATOMIC)');
  });
});

describe('an allocation fails', () => {
  /** Which of two allocations of each of two functions fail, where a decision is decided for failure. */
  function failures(faults: readonly FaultRule[], config = { FAILSLAB: true }) {
    const kernel = bareKernel({ faults, config });
    const failed: string[] = [];
    addTask(kernel, 'sh', 63, function* () {
      for (const name of ['first', 'second']) {
        yield* within([name], function* () {
          for (let i = 0; i < 2; i++) if ((yield* kzalloc(Thing, GFP_ATOMIC)) === null) failed.push(name);
        });
      }
    });
    runInTurn(kernel, 1);
    return { failed, choices: kernel.machine.steps, log: dmesg(kernel) };
  }

  test('never without a rule, and nothing is to be decided then', () => {
    const none = failures([]);
    expect(none.failed).toEqual([]);
    expect(failures([{ site: 'failslab', task: 'memhog' }]).choices).toBe(none.choices);
  });

  test('where the rule says: in a function, so many times', () => {
    expect(failures([{ site: 'failslab' }]).failed).toEqual(['first', 'first', 'second', 'second']);
    expect(failures([{ site: 'failslab', function: 'second' }]).failed).toEqual(['second', 'second']);
    expect(failures([{ site: 'failslab', times: 1 }]).failed).toEqual(['first']);
  });

  test('and the kernel says that it was forced to', () => {
    const { log, choices } = failures([{ site: 'failslab', times: 1, always: true }]);
    expect(log.slice(0, 2)).toEqual([
      'FAULT_INJECTION: forcing a failure.',
      'name failslab, interval 1, probability 100, space 0, times 1',
    ]);
    expect(choices).toBe(failures([]).choices - 1);
  });

  test('but not on a kernel without FAILSLAB', () => {
    expect(failures([{ site: 'failslab', always: true }], { FAILSLAB: false }).failed).toEqual([]);
  });

  test('and kvzalloc() goes to vmalloc instead', () => {
    const kernel = bareKernel({ faults: [{ site: 'failslab', always: true }], config: { FAILSLAB: true } });
    let kind = '';
    run(kernel, function* () {
      const thing = yield* kvzalloc(Thing, GFP_KERNEL, { size: 4000 });
      kind = thing!.memory.kind;
      yield* kvfree(thing);
    });
    expect(kind).toBe('vmalloc');
  });
});

describe('a page', () => {
  test('is freed with its last reference', () => {
    const kernel = bareKernel();
    const alive: boolean[] = [];
    const log = run(kernel, function* () {
      const page = (yield* alloc_page(GFP_KERNEL))!;
      yield* get_page(page);
      yield* put_page(page);
      alive.push(page.memory.alive);
      yield* put_page(page);
      alive.push(page.memory.alive);
    });
    expect(alive).toEqual([true, false]);
    expect(log).toEqual([]);
  });

  test('that is still mapped is reported and not freed', async () => {
    const kernel = bareKernel();
    let page: Page | null = null;
    run(
      kernel,
      function* () {
        page = (yield* alloc_page(GFP_KERNEL))!;
        page._mapcount.value = 0;
        yield* __free_pages(page, 0);
      },
      ['zap_pte_range'],
    );
    expect(page!.memory.alive).toBe(true);
    expect(titlesOf(dmesg(kernel))).toEqual(['BUG: Bad page state']);
    await expect(golden(kernel, ['BUG: Bad page state'])).toMatchFileSnapshot('golden/bad-page-state.golden');
  });

  test('table entry that makes no sense is reported as a bad page map', async () => {
    const kernel = bareKernel();
    run(
      kernel,

      function* () {
        for (let i = 0; i < 2; i++) {
          print_bad_pte({ pte: 0x5a5a, pmd: 0, page: null, address: 0x7f00, vm_flags: 0x73, index: 0 });
        }
      },
      ['unmap_page_range'],
    );
    expect(titlesOf(dmesg(kernel))).toEqual(['BUG: Bad page map', 'BUG: Bad page map']);
    await expect(golden(kernel, ['BUG: Bad page map'])).toMatchFileSnapshot('golden/bad-page-map.golden');
  });

  test('reports stop after 60 in a minute', () => {
    const kernel = bareKernel();
    const log = run(
      kernel,

      function* () {
        for (let i = 0; i < 70; i++) {
          print_bad_pte({ pte: 0, pmd: 0, page: null, address: 0, vm_flags: 0, index: 0 });
        }
      },
    );
    expect(titlesOf(log)).toHaveLength(60);
  });
});
