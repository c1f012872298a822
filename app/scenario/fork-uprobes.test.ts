import { expect, test } from 'vitest';
import { DporSearch } from '../explore/dpor.ts';
import type { Program } from '../explore/program.ts';
import { runToEnd } from '../explore/strategy.ts';
import { checkers } from '../kernel/checkers/index.ts';
import { set_bit } from '../kernel/include/bitops.ts';
import { list_first } from '../kernel/include/list.ts';
import {
  MM_ANONPAGES,
  MM_SHMEMPAGES,
  MmStruct,
  PAGE_SIZE,
  VM_EXEC,
  VM_MAYEXEC,
  VM_READ,
  VM_WRITE,
} from '../kernel/include/mm_types.ts';
import { current, type TaskStruct } from '../kernel/include/sched.ts';
import { SIGKILL } from '../kernel/include/signal.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { dup_mm } from '../kernel/kernel/dup_mmap.ts';
import { probed_file } from '../kernel/kernel/events/dup_mmap_sem.ts';
import { uprobe_register, uprobe_unregister } from '../kernel/kernel/events/uprobes.ts';
import { mm_init, mmput } from '../kernel/kernel/fork.ts';
import { do_madvise, MADV_PAGEOUT } from '../kernel/mm/madvise.ts';
import { vm_mmap_pgoff } from '../kernel/mm/mmap.ts';
import { loadImage } from '../kernel/mm/process-image.ts';
import { swap_active_head } from '../kernel/mm/swap_entries.ts';
import { __x64_sys_swapon, try_to_unuse } from '../kernel/mm/swapfile.ts';
import { findPatch } from '../kernel/patches/index.ts';
import { titlesOf } from '../kernel/report/titles.ts';
import { reserve } from '../kernel/struct.ts';
import { addTasks, dmesg, inTurn } from '../kernel/testing/boot.ts';
import { bootWithThreads } from '../kernel/testing/threads.ts';
import { findTree } from '../kernel/trees/index.ts';
import type { Body } from '../sim/call.ts';
import type { Machine } from '../sim/machine.ts';

// A probe is put into a file that a process maps which forks and is killed: three actors, two mappings, all orders. The
// code stands right below what fork does not come to copy, as .text below .rodata.

const LOWEST = 0x400000;

type Actor = 'fork' | 'uprobes' | 'killer' | 'swapoff';

interface Options {
  readonly tree: string;
  readonly patches?: readonly string[];
  readonly actors?: readonly Actor[];
}

class ForkBesideProbe implements Program {
  mm: MmStruct | null = null;

  constructor(private readonly options: Options) {}

  create(): Machine {
    const { tree, patches = [], actors = ['fork', 'uprobes', 'killer'] } = this.options;
    const kernel = bootWithThreads({
      tree: findTree(tree)!,
      patches: patches.map((name) => findPatch(name)!),
      config: { KASAN: true, SCYTHE_INVARIANTS: true, DEBUG_VM: true, MEMCG: false },
    });
    kernel.machine.inside(() => {
      for (const checker of checkers) if (checker.enabled(kernel.config)) checker.attach(kernel);
    });
    const swaps = actors.includes('swapoff');
    const mm = (this.mm = this.setUp(kernel, swaps));
    const forker = taskOf(kernel, 'fork', mm, function* () {
      const child = yield* dup_mm(current(), mm);
      if (child !== null) yield* mmput(child);
    });
    taskOf(kernel, 'uprobes', null, function* () {
      yield* uprobe_register(0);
    });
    if (actors.includes('killer')) {
      taskOf(kernel, 'killer', null, function* () {
        yield* set_bit(SIGKILL - 1, forker.pending);
      });
    }
    if (swaps) {
      taskOf(kernel, 'swapoff', null, function* () {
        const si = yield* list_first(swap_active_head());
        if (si !== null) yield* try_to_unuse(si);
      });
    }
    return kernel.machine;
  }

  /** With a page in swap below the code, where that is asked for: then fork puts the copy on the list of mms. */
  private setUp(kernel: Kernel, swaps: boolean): MmStruct {
    const mm = kernel.machine.inside(() => {
      const made = new MmStruct(reserve('slab', 'mm_struct', 1688));
      mm_init(made, null);
      const lowest = { start: LOWEST, end: LOWEST + PAGE_SIZE, flags: VM_READ | VM_WRITE, present: 1 };
      loadImage(made, { name: 'test', segments: swaps ? [lowest] : [] });
      return made;
    });
    taskOf(kernel, 'setup', mm, function* () {
      if (swaps) {
        yield* __x64_sys_swapon('/dev/zram0', 16);
        yield* do_madvise(LOWEST, PAGE_SIZE, MADV_PAGEOUT);
      }
      const data = yield* vm_mmap_pgoff(PAGE_SIZE, VM_READ | VM_WRITE);
      const code = yield* vm_mmap_pgoff(PAGE_SIZE, VM_READ, {
        file: probed_file(),
        flags: VM_EXEC | VM_MAYEXEC,
      });
      expect(code + PAGE_SIZE).toBe(data);
    });
    kernel.machine.run(inTurn, 10_000);
    return mm;
  }

  judge(machine: Machine): readonly string[] {
    const titles = new Set(titlesOf(dmesg(machine.world as Kernel)));
    return [...titles].filter((title) => !title.startsWith('Adding'));
  }
}

function taskOf(kernel: Kernel, name: string, mm: MmStruct | null, body: () => Body<unknown>): TaskStruct {
  const task = addTasks(kernel, { [name]: body })[name];
  task.mm.value = mm;
  return task;
}

function explored(options: Options) {
  const search = new DporSearch(new ForkBesideProbe(options), { operationsPerExecution: 20_000 });
  runToEnd(search, 20_000);
  return { titles: search.outcomes.map(({ title }) => title).sort(), coverage: search.coverage.kind };
}

const OOPS = [
  'BUG: unable to handle kernel NULL pointer dereference in find_mergeable_anon_vma',
  'KASAN: null-ptr-deref Read in find_mergeable_anon_vma',
];

test.each<[string, readonly string[], readonly string[]]>([
  ['v6.1', [], []],
  ['v6.8', [], OOPS],
  ['v6.8', ['uprobes-dup-mm'], []],
  ['v6.8', ['dup-mmap-unstable'], []],
  ['v6.8', ['dup-mmap-recovery'], []],
  ['v6.12', [], []],
])(
  'on %s with %j, a probe beside a fork that is killed',
  (tree, patches, titles) => {
    expect(explored({ tree, patches })).toEqual({ titles, coverage: 'complete' });
  },
  120_000,
);

test('a probe is one more page of the own memory, in the copy as well, and gone when it is taken out', () => {
  const program = new ForkBesideProbe({ tree: 'v6.12', actors: ['fork', 'uprobes'] });
  const machine = program.create();
  const kernel = machine.world as Kernel;
  machine.run(inTurn, 10_000);
  const mm = program.mm!;
  const counts = (): number[] => [MM_ANONPAGES, MM_SHMEMPAGES].map((member) => mm.rss_stat[member].value);
  expect(counts()).toEqual([1, 0]);
  taskOf(kernel, 'out', null, function* () {
    yield* uprobe_unregister(0);
  });
  machine.run(inTurn, 10_000);
  expect(counts()).toEqual([0, 0]);
  expect(program.judge(machine)).toEqual([]);
});
