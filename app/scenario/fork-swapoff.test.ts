import { describe, expect, test } from 'vitest';
import { DporSearch } from '../explore/dpor.ts';
import type { Program } from '../explore/program.ts';
import { runToEnd } from '../explore/strategy.ts';
import { checkers } from '../kernel/checkers/index.ts';
import { set_bit } from '../kernel/include/bitops.ts';
import { list_first } from '../kernel/include/list.ts';
import { MmStruct, PAGE_SIZE, VM_READ, VM_WRITE } from '../kernel/include/mm_types.ts';
import { current, type TaskStruct } from '../kernel/include/sched.ts';
import { SIGKILL } from '../kernel/include/signal.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { dup_mm } from '../kernel/kernel/dup_mmap.ts';
import { mm_init, mmput } from '../kernel/kernel/fork.ts';
import { do_madvise, MADV_PAGEOUT } from '../kernel/mm/madvise.ts';
import { loadImage } from '../kernel/mm/process-image.ts';
import { swap_active_head } from '../kernel/mm/swap_entries.ts';
import { __x64_sys_swapon, try_to_unuse } from '../kernel/mm/swapfile.ts';
import { findPatch } from '../kernel/patches/index.ts';
import { titlesOf } from '../kernel/report/titles.ts';
import { reserve } from '../kernel/struct.ts';
import { addTasks, dmesg, inTurn } from '../kernel/testing/boot.ts';
import { bootWithThreads } from '../kernel/testing/threads.ts';
import { findTree } from '../kernel/trees/index.ts';
import { FaultInjection, type FaultRule } from '../kernel/faults.ts';
import type { Machine } from '../sim/machine.ts';

// scenarios/fork-swapoff without the system calls around it: three actors, one mm with two mappings, and all orders.

const OOPS = 'BUG: unable to handle kernel NULL pointer dereference in unuse_mm';
const KASAN = 'KASAN: null-ptr-deref Read in unuse_mm';
const AT = 0x400000;

/** Any one allocation of fork. */
const ONE_FAILURE: readonly FaultRule[] = [
  { site: 'failslab', function: 'dup_mmap', times: 1 },
  { site: 'fail_page_alloc', function: 'dup_mmap', times: 1 },
];

interface Options {
  readonly tree: string;
  readonly patches?: readonly string[];
  readonly faults?: readonly FaultRule[];
  /** Pages of the lower mapping are in swap; and those of the upper. */
  readonly swapped?: readonly ('lower' | 'upper')[];
  readonly actors?: readonly ('swapoff' | 'killer')[];
}

class ForkBesideSwapoff implements Program {
  constructor(private readonly options: Options) {}

  create(): Machine {
    const { tree, patches = [], faults = [], actors = ['swapoff', 'killer'] } = this.options;
    const kernel = bootWithThreads({
      tree: findTree(tree)!,
      patches: patches.map((name) => findPatch(name)!),
      config: { KASAN: true, SCYTHE_INVARIANTS: true, DEBUG_VM: true, MEMCG: false, FAILSLAB: true },
    });
    kernel.machine.inside(() => {
      for (const checker of checkers) if (checker.enabled(kernel.config)) checker.attach(kernel);
    });
    const mm = this.setUp(kernel);
    kernel.faults = new FaultInjection(faults);
    const forker = taskOf(kernel, 'fork', mm, function* () {
      const child = yield* dup_mm(current(), mm);
      if (child !== null) yield* mmput(child);
    });
    if (actors.includes('swapoff')) {
      taskOf(kernel, 'swapoff', null, function* () {
        const si = yield* list_first(swap_active_head());
        if (si !== null) yield* try_to_unuse(si);
      });
    }
    if (actors.includes('killer')) {
      taskOf(kernel, 'killer', null, function* () {
        // complete_signal(), as far as fatal_signal_pending() sees it.
        yield* set_bit(SIGKILL - 1, forker.pending);
      });
    }
    return kernel.machine;
  }

  /** An mm with two mappings of one page each. */
  private setUp(kernel: Kernel): MmStruct {
    const mm = kernel.machine.inside(() => {
      const made = new MmStruct(reserve('slab', 'mm_struct', 1688));
      mm_init(made, null);
      const segment = (start: number): { start: number; end: number; flags: number; present: number } => {
        return { start, end: start + PAGE_SIZE, flags: VM_READ | VM_WRITE, present: 1 };
      };
      loadImage(made, { name: 'test', segments: [segment(AT), segment(AT + 16 * PAGE_SIZE)] });
      return made;
    });
    const swapped = this.options.swapped ?? ['lower'];
    taskOf(kernel, 'setup', mm, function* () {
      yield* __x64_sys_swapon('/dev/zram0', 16);
      for (const which of swapped) {
        yield* do_madvise(which === 'lower' ? AT : AT + 16 * PAGE_SIZE, PAGE_SIZE, MADV_PAGEOUT);
      }
    });
    kernel.machine.run(inTurn, 10_000);
    return mm;
  }

  judge(machine: Machine): readonly string[] {
    const kernel = machine.world as Kernel;
    return [...new Set(titlesOf(dmesg(kernel)))].filter((title) => !title.startsWith('Adding'));
  }
}

function taskOf(kernel: Kernel, name: string, mm: MmStruct | null, body: () => Generator): TaskStruct {
  const task = addTasks(kernel, { [name]: body as never })[name];
  task.mm.value = mm;
  return task;
}

function search(options: Options): DporSearch {
  return runToEnd(new DporSearch(new ForkBesideSwapoff(options), { operationsPerExecution: 20_000 }), 20_000);
}

const titles = (found: DporSearch): string[] => found.outcomes.map(({ title }) => title).sort();

describe.each<[string, readonly string[], boolean]>([
  ['v5.10', [], false],
  ['v6.1', [], false],
  ['v6.8', [], true],
  ['v6.8', ['dup-mmap-unstable'], true],
  ['v6.8', ['swapoff-check-stable'], true],
  ['v6.8', ['dup-mmap-unstable', 'swapoff-check-stable'], false],
  ['v6.8', ['dup-mmap-recovery'], false],
  ['v6.8', ['dup-mmap-erase-tail'], false],
  ['v6.8', ['dup-mmap-node-reserve'], false],
  ['v6.12', [], false],
])('on %s with the patches %j', (tree, patches, crashes) => {
  test(`swapoff beside a fork that is killed ${crashes ? 'falls over the marker' : 'is clean'}`, () => {
    const found = search({ tree, patches });
    expect(titles(found)).toEqual(crashes ? [OOPS, KASAN] : []);
    expect(found.coverage).toEqual({ kind: 'complete' });
  });

  test('a fork that fails alone, at whichever step, leaves nothing behind', () => {
    const found = search({ tree, patches, actors: [], faults: ONE_FAILURE, swapped: ['lower', 'upper'] });
    expect(titles(found)).toEqual([]);
    expect(found.coverage).toEqual({ kind: 'complete' });
  });
});

test.each<[string, FaultRule]>([
  ['the first mapping', { site: 'failslab', function: 'vm_area_dup', always: true }],
  ['what reverse mapping needs', { site: 'failslab', function: 'anon_vma_fork', always: true }],
  ['the first page table', { site: 'fail_page_alloc', function: 'copy_page_range', always: true }],
  ['the tree', { site: 'failslab', function: '__mt_dup', always: true }],
])('on v6.8 a fork that fails at %s is clean beside swapoff, which cannot find the mm', (_at, rule) => {
  const found = search({ tree: 'v6.8', actors: ['swapoff'], faults: [rule] });
  expect(titles(found)).toEqual([]);
  expect(found.coverage).toEqual({ kind: 'complete' });
});

test('what was not copied cannot be cut off without memory: then the marker stays', () => {
  const faults: FaultRule[] = [{ site: 'failslab', function: 'mas_erase_tail', always: true }];
  const found = (patch: string): string[] => titles(search({ tree: 'v6.8', patches: [patch], faults }));
  expect(found('dup-mmap-erase-tail')).toEqual([OOPS, KASAN]);
  expect(found('dup-mmap-node-reserve')).toEqual([]);
  expect(found('dup-mmap-recovery')).toEqual([]);
});
