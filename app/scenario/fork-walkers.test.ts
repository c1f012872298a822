import { expect, test } from 'vitest';
import { DporSearch } from '../explore/dpor.ts';
import type { Program } from '../explore/program.ts';
import { runToEnd } from '../explore/strategy.ts';
import { checkers } from '../kernel/checkers/index.ts';
import { FaultInjection, type FaultRule } from '../kernel/faults.ts';
import { set_bit } from '../kernel/include/bitops.ts';
import { MmStruct, PAGE_SIZE, VM_READ, VM_WRITE } from '../kernel/include/mm_types.ts';
import { current, type TaskStruct } from '../kernel/include/sched.ts';
import { SIGKILL } from '../kernel/include/signal.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { dup_mm } from '../kernel/kernel/dup_mmap.ts';
import { mm_init, mmput } from '../kernel/kernel/fork.ts';
import { mm_slot_enter, mm_slots_scan } from '../kernel/mm/mm_slot.ts';
import { loadImage } from '../kernel/mm/process-image.ts';
import { isolate_lru_folios, shrink_folio_list } from '../kernel/mm/vmscan.ts';
import { findPatch } from '../kernel/patches/index.ts';
import { titlesOf } from '../kernel/report/titles.ts';
import { reserve } from '../kernel/struct.ts';
import { addTasks, dmesg, inTurn } from '../kernel/testing/boot.ts';
import { bootWithThreads } from '../kernel/testing/threads.ts';
import { findTree } from '../kernel/trees/index.ts';
import type { Machine } from '../sim/machine.ts';
import type { Body } from '../sim/call.ts';

// Who else walks an mm that fork could not finish: khugepaged, ksmd, reclaim. Three actors, two mappings, all
// orders; the README of scenarios/fork-swapoff has the rest of the table.

const AT = 0x400000;
const UPPER = AT + 16 * PAGE_SIZE;

type Walker = 'khugepaged' | 'ksm' | 'reclaim';

interface Options {
  readonly tree: string;
  readonly patches?: readonly string[];
  readonly walker: Walker;
  /** In place of the killer: an allocation of fork fails. */
  readonly fault?: FaultRule;
}

class ForkBesideWalker implements Program {
  constructor(private readonly options: Options) {}

  create(): Machine {
    const { tree, patches = [], walker, fault } = this.options;
    const kernel = bootWithThreads({
      tree: findTree(tree)!,
      patches: patches.map((name) => findPatch(name)!),
      config: { KASAN: true, SCYTHE_INVARIANTS: true, DEBUG_VM: true, MEMCG: false, FAILSLAB: true },
    });
    kernel.machine.inside(() => {
      for (const checker of checkers) if (checker.enabled(kernel.config)) checker.attach(kernel);
    });
    const mm = kernel.machine.inside(() => {
      const made = new MmStruct(reserve('slab', 'mm_struct', 1688));
      mm_init(made, null);
      const segments = [AT, UPPER].map((start) => {
        return { start, end: start + PAGE_SIZE, flags: VM_READ | VM_WRITE, present: 1 };
      });
      loadImage(made, { name: 'test', segments });
      return made;
    });
    taskOf(kernel, 'setup', mm, function* () {
      if (walker !== 'reclaim') yield* mm_slot_enter(walker, mm);
    });
    kernel.machine.run(inTurn, 10_000);
    kernel.faults = new FaultInjection(fault === undefined ? [] : [fault]);
    const forker = taskOf(kernel, 'fork', mm, function* () {
      const child = yield* dup_mm(current(), mm);
      if (child !== null) yield* mmput(child);
    });
    taskOf(kernel, walker, null, function* () {
      if (walker !== 'reclaim') return yield* mm_slots_scan(walker);
      yield* shrink_folio_list(yield* isolate_lru_folios(mm, [AT]));
    });
    taskOf(kernel, 'killer', null, function* () {
      if (fault === undefined) yield* set_bit(SIGKILL - 1, forker.pending);
    });
    return kernel.machine;
  }

  judge(machine: Machine): readonly string[] {
    return [...new Set(titlesOf(dmesg(machine.world as Kernel)))];
  }
}

function taskOf(kernel: Kernel, name: string, mm: MmStruct | null, body: () => Body<unknown>): TaskStruct {
  const task = addTasks(kernel, { [name]: body })[name];
  task.mm.value = mm;
  return task;
}

function explored(options: Options) {
  const search = new DporSearch(new ForkBesideWalker(options), { operationsPerExecution: 20_000 });
  runToEnd(search, 20_000);
  return { titles: search.outcomes.map(({ title }) => title).sort(), coverage: search.coverage.kind };
}

const oops = (name: string): string[] => [
  `BUG: unable to handle kernel NULL pointer dereference in ${name}`,
  `KASAN: null-ptr-deref Read in ${name}`,
];
const KHUGEPAGED = oops('khugepaged_scan_mm_slot');
const KSM = oops('scan_get_next_rmap_item');

test.each<[string, readonly string[], Walker, readonly string[]]>([
  ['v6.1', [], 'khugepaged', []],
  ['v6.8', [], 'khugepaged', KHUGEPAGED],
  ['v6.8', [], 'ksm', KSM],
  ['v6.8', ['fork-scan-when-done'], 'khugepaged', []],
  // By the reverse mappings one finds whole VMAs only, and takes the locks of their tables.
  ['v6.8', [], 'reclaim', []],
])(
  'on %s with %j, %s beside a fork that is killed',
  (tree, patches, walker, titles) => {
    expect(explored({ tree, patches, walker })).toEqual({ titles, coverage: 'complete' });
  },
  120_000,
);

test('on v6.8 khugepaged beside a fork that has no memory for a VMA meets the marker as well', () => {
  const fault: FaultRule = { site: 'failslab', function: 'vm_area_dup' };
  expect(explored({ tree: 'v6.8', walker: 'khugepaged', fault }).titles).toEqual(KHUGEPAGED);
}, 120_000);
