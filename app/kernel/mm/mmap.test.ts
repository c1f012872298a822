import { describe, expect, test } from 'vitest';
import type { Body } from '../../sim/call.ts';
import type { Chooser } from '../../sim/chooser.ts';
import type { Task } from '../../sim/task.ts';
import { RandomChooser } from '../../sim/random.ts';
import { user_access } from '../arch/x86/mm/user_fault.ts';
import { list_empty } from '../include/list.ts';
import { mm_flags_set } from '../include/mm.ts';
import {
  MM_FILEPAGES,
  MMF_OOM_SKIP,
  MMF_UNSTABLE,
  PAGE_SIZE,
  ULONG_MAX,
  VM_LOCKED,
  VM_READ,
  VM_SHARED,
  VM_WRITE,
  type MmStruct,
  type VmAreaStruct,
} from '../include/mm_types.ts';
import { mmap_write_lock, mmap_write_unlock } from '../include/mmap_lock.ts';
import { XA_ZERO_ENTRY } from '../include/maple_tree.ts';
import { mmu_notifier_release } from '../include/mmu_notifier.ts';
import { current, type TaskStruct } from '../include/sched.ts';
import { SIGBUS } from '../include/signal.ts';
import { replace } from '../kfunc.ts';
import type { Kernel } from '../kernel.ts';
import { mmdrop } from '../kernel/fork.ts';
import { create_user_process, create_user_thread, user_process_at_boot } from '../kernel/process.ts';
import { kernel_wait4 } from '../kernel/exit.ts';
import { checkers } from '../checkers/index.ts';
import { __mt_destroy, MaState, mas_find, mas_set, mas_store_gfp } from '../lib/maple_tree.ts';
import { titlesOf } from '../report/titles.ts';
import { inTurn } from '../testing/boot.ts';
import { counters, dmesg, fill, map, runToEnd } from '../testing/processes.ts';
import { bootWithThreads } from '../testing/threads.ts';
import { stackOf } from '../stack.ts';
import type { Patch, Tree } from '../tree.ts';
import { trees as all } from '../trees/index.ts';
import { v6_12 } from '../trees/v6.12.ts';
import { v6_18 } from '../trees/v6.18.ts';
import { do_madvise, MADV_DONTNEED } from './madvise.ts';
import { free_pgtables, unmap_vmas, vmasOf } from './memory.ts';
import { __vm_munmap, exit_mmap, vm_mmap_pgoff } from './mmap.ts';
import type { ProcessImage } from './process-image.ts';
import { tlb_finish_mmu, tlb_gather_mmu_fullmm } from './mmu_gather.ts';
import { oom_reap_task_mm } from './oom_kill.ts';
import { remove_vma } from './vma.ts';
import { isolate_lru_folios, shrink_folio_list } from './vmscan.ts';

const trees = [v6_12, v6_18];

/** A kernel with checkers and one process that runs `code`. */
function process(
  code: () => Body<number>,
  tree: Tree = v6_12,
): { kernel: Kernel; task: TaskStruct; mm: MmStruct } {
  const kernel = bootWithThreads({ tree, config: { KASAN: true, SCYTHE_INVARIANTS: true, DEBUG_VM: true } });
  kernel.machine.inside(() => {
    for (const checker of checkers) if (checker.enabled(kernel.config)) checker.attach(kernel);
  });
  const task = kernel.machine.inside(() => user_process_at_boot('victim', code));
  const mm = task.mm.value;
  if (mm === null) throw new Error('no mm');
  return { kernel, task, mm };
}

describe.each(all)('an address space ($name)', (tree) => {
  test('leaves nothing behind when its process ends', () => {
    const { kernel, mm } = process(function* () {
      yield* fill(yield* map(64 * PAGE_SIZE, 1), 64 * PAGE_SIZE, 1);
      return 0;
    }, tree);
    runToEnd(kernel, inTurn);
    expect(counters(mm)).toEqual({ file: 0, anon: 0, shmem: 0, swap: 0, tables: 0 });
    expect(mm.memory.alive).toBe(false);
    expect(dmesg(kernel)).toEqual([]);
  });

  test('counts pages as they are faulted in, zapped, faulted in again and unmapped', () => {
    const seen: number[] = [];
    const { kernel, mm } = process(function* () {
      const at = yield* map(8 * PAGE_SIZE, 1);
      const before = counters(mm).anon;
      const anon = (): number => counters(mm).anon - before;
      seen.push(anon());
      yield* fill(at, 8 * PAGE_SIZE, 1);
      seen.push(anon());
      yield* do_madvise(at + 2 * PAGE_SIZE, 4 * PAGE_SIZE, MADV_DONTNEED);
      seen.push(anon());
      yield* fill(at, 8 * PAGE_SIZE, 1);
      seen.push(anon());
      yield* __vm_munmap(at + PAGE_SIZE, 2 * PAGE_SIZE);
      seen.push(anon());
      yield* __vm_munmap(at, 8 * PAGE_SIZE);
      seen.push(anon());
      return 0;
    }, tree);
    runToEnd(kernel, inTurn);
    expect(seen).toEqual([0, 8, 4, 8, 6, 0]);
    expect(dmesg(kernel)).toEqual([]);
  });

  test('reads zeros without a page of its own until it writes', () => {
    const seen: number[] = [];
    const { kernel, mm } = process(function* () {
      const at = yield* map(PAGE_SIZE, 1);
      const before = counters(mm).anon;
      yield* user_access(at, 'read');
      seen.push(counters(mm).anon - before);
      yield* user_access(at, 'write');
      seen.push(counters(mm).anon - before);
      return 0;
    }, tree);
    runToEnd(kernel, inTurn);
    expect(seen).toEqual([0, 1]);
  });

  test('is copied by fork, and a write gives each process its own page', () => {
    let child: MmStruct | null = null;
    const seen: number[] = [];
    const { kernel, mm } = process(function* () {
      const at = yield* map(4 * PAGE_SIZE, 1);
      yield* fill(at, 4 * PAGE_SIZE, 1);
      const task = yield* create_user_process(
        'child',
        function* () {
          child = current().mm.value;
          yield* user_access(at, 'write');
          if (child !== null) seen.push(counters(child).anon - counters(mm).anon);
          return 3;
        },
        'copy',
      );
      const waited = yield* kernel_wait4(-1, 0);
      expect(waited).toEqual({ pid: (task as TaskStruct).pid, status: 3 << 8 });
      yield* user_access(at, 'write');
      return 0;
    }, tree);
    runToEnd(kernel, inTurn);
    expect(seen).toEqual([0]);
    for (const space of [mm, child as unknown as MmStruct]) {
      expect(counters(space)).toEqual({ file: 0, anon: 0, shmem: 0, swap: 0, tables: 0 });
      expect(space.memory.alive).toBe(false);
    }
    expect(dmesg(kernel)).toEqual([]);
  });

  test('goes to swap by reclaim and comes back by faults', () => {
    const seen: unknown[] = [];
    const { kernel, mm } = process(function* () {
      const at = yield* map(4 * PAGE_SIZE, 1);
      yield* fill(at, 4 * PAGE_SIZE, 1);
      const pages = yield* isolate_lru_folios(mm, [at, at + PAGE_SIZE]);
      seen.push(yield* shrink_folio_list(pages), counters(mm).swap, yield* list_empty(mm.mmlist));
      yield* user_access(at, 'read');
      seen.push(counters(mm).swap);
      return 0;
    }, tree);
    runToEnd(kernel, inTurn);
    expect(seen).toEqual([2, 2, false, 1]);
    expect(dmesg(kernel)).toEqual([]);
  });

  test('kills who touches what may have been reaped', () => {
    const { kernel, task, mm } = process(function* () {
      const at = yield* map(2 * PAGE_SIZE, 1);
      yield* user_access(at, 'write');
      yield* mm_flags_set(MMF_UNSTABLE, mm);
      yield* user_access(at, 'write');
      yield* user_access(at + PAGE_SIZE, 'write');
      return 0;
    }, tree);
    runToEnd(kernel, inTurn);
    expect(task.exit_code).toBe(SIGBUS);
  });

  // What was there may have been a copy that the process wrote to: the file's page would be old data.
  test.each([
    [0, SIGBUS],
    [VM_SHARED, 0],
  ])(
    'kills who reads a private mapping of a file then, not who reads a shared one (flags %#x)',
    (flags, code) => {
      const { kernel, task, mm } = process(function* () {
        const file = { name: 'data', pages: new Map(), counter: MM_FILEPAGES };
        const at = yield* vm_mmap_pgoff(PAGE_SIZE, VM_READ, { file, flags });
        yield* mm_flags_set(MMF_UNSTABLE, mm);
        yield* user_access(at, 'read');
        return 0;
      }, tree);
      runToEnd(kernel, inTurn);
      expect(task.exit_code).toBe(code);
      expect(dmesg(kernel)).toEqual([]);
    },
  );

  test('counts locked pages as long as they are mapped', () => {
    const seen: number[] = [];
    const { kernel, mm } = process(function* () {
      const at = yield* vm_mmap_pgoff(4 * PAGE_SIZE, VM_READ, { flags: VM_LOCKED });
      seen.push(yield* mm.locked_vm.read());
      yield* __vm_munmap(at, 3 * PAGE_SIZE);
      seen.push(yield* mm.locked_vm.read());
      return 0;
    }, tree);
    runToEnd(kernel, inTurn);
    expect(seen).toEqual([4, 1]);
  });
});

// dup_mmap() that came to nothing leaves a marker in the tree. MMF_OOM_SKIP is all that keeps reapers from it.
test.each(trees.flatMap((tree) => [true, false].map((skip) => [tree.name, skip, tree] as const)))(
  'a reaper takes the marker of an unfinished fork for a VMA (%s, MMF_OOM_SKIP %s)',
  (_name, skip, tree) => {
    const { kernel, mm } = process(function* () {
      yield* mmap_write_lock(mm);
      yield* mas_store_gfp(mm.mm_mt, 0x800000000000, 0x800000001000, XA_ZERO_ENTRY);
      yield* mmap_write_unlock(mm);
      if (skip) yield* mm_flags_set(MMF_OOM_SKIP, mm);
      yield* oom_reap_task_mm(current(), mm);
      return 0;
    }, tree);
    kernel.machine.run(inTurn, 100_000);
    expect(titlesOf(dmesg(kernel)).slice(0, 1)).toEqual(
      skip ? [] : ['KASAN: null-ptr-deref Read in __oom_reap_task_mm'],
    );
  },
);

describe('threads of a process', () => {
  test('fault, unmap and exit side by side without a trace', () => {
    for (let seed = 0; seed < 30; seed++) {
      const { kernel, mm } = process(
        function* () {
          const at = yield* map(8 * PAGE_SIZE, 1);
          yield* create_user_thread(function* () {
            yield* fill(at, 4 * PAGE_SIZE, 1);
            return 0;
          });
          yield* create_user_thread(function* () {
            yield* do_madvise(at, 8 * PAGE_SIZE, MADV_DONTNEED);
            yield* __vm_munmap(at + 4 * PAGE_SIZE, 4 * PAGE_SIZE);
            return 0;
          });
          yield* fill(at, 4 * PAGE_SIZE, 1);
          return 0;
        },
        seed % 2 === 0 ? v6_12 : v6_18,
      );
      runToEnd(kernel, new RandomChooser(seed));
      expect([seed, dmesg(kernel), mm.memory.alive]).toEqual([seed, [], false]);
    }
  });
});

// CPU0 oom_reap_task_mm()            CPU1 exit_mmap()
//   mmap_read_trylock                  zap beside the reaper
//   look at the flag                   set MMF_OOM_SKIP
//   find a VMA in the tree             mmap_write_lock
//   read the VMA, zap its table        free tables and VMAs
//   mmap_read_unlock                   empty the tree, mmap_write_unlock
const unlocked: Patch = {
  name: 'exit-mmap-unlocked',
  title: 'exit_mmap() without mmap_lock',
  description: '',
  appliesTo: ['v6.12', 'v6.18'],
  replacements: [
    replace(exit_mmap, function* (mm) {
      yield* mmu_notifier_release(mm);
      const mas = new MaState(mm.mm_mt, 0);
      const first = (yield* mas_find(mas, ULONG_MAX)) as VmAreaStruct;
      const tlb = yield* tlb_gather_mmu_fullmm(mm);
      yield* unmap_vmas(tlb, vmasOf(mas), first, 0, ULONG_MAX);
      yield* mm_flags_set(MMF_OOM_SKIP, mm);
      mas_set(mas, yield* first.vm_end.read());
      yield* free_pgtables(tlb, vmasOf(mas), first, 0, ULONG_MAX, false);
      yield* tlb_finish_mmu(tlb);
      mas_set(mas, yield* first.vm_end.read());
      for (let vma: VmAreaStruct | null = first; vma !== null; vma = yield* vmasOf(mas)()) {
        yield* remove_vma(vma, true);
      }
      yield* __mt_destroy(mm.mm_mt);
    }),
  ],
};

/** Two mappings with a page each. */
const small: ProcessImage = {
  name: 'small',
  segments: [
    { start: 0x400000, end: 0x402000, flags: VM_READ | VM_WRITE, present: 1 },
    { start: 0x800000, end: 0x802000, flags: VM_READ | VM_WRITE, present: 1 },
  ],
};

/** One stretch of a schedule: this task goes on until the condition holds, or as long as it can. */
type Stretch = readonly [task: string, until: (task: Task) => boolean];

/** Runs stretch by stretch, then all in turn. */
function stretches(list: readonly Stretch[]): Chooser {
  let at = 0;
  return {
    next(enabled) {
      for (; at < list.length; at++) {
        const [name, until] = list[at];
        const task = enabled.find(({ label }) => label.startsWith(name));
        if (task !== undefined && !until(task)) return task;
      }
      return enabled[0] ?? null;
    },
    alternative: () => 0,
  };
}

const never = (): boolean => false;
const after = (steps: number) => (task: Task) => task.operations >= steps;
const inside = (name: string) => (task: Task) => stackOf(task).some(({ symbol }) => symbol === name);
const about = (object: RegExp) => (task: Task) => object.test(task.pending?.object.name ?? '');

interface Outcome {
  /** Steps of the reaper and of the victim. */
  readonly steps: readonly number[];
  readonly reports: readonly string[];
}

const noCode = function* (): Body<number> {
  return 0;
};

function reapAgainstExit(schedule: readonly Stretch[], tree: Tree, patches: readonly Patch[]): Outcome {
  const kernel = bootWithThreads({ tree, patches, config: { KASAN: true, SCYTHE_INVARIANTS: true } });
  kernel.machine.inside(() => {
    for (const checker of checkers) if (checker.enabled(kernel.config)) checker.attach(kernel);
    const victim = user_process_at_boot('victim', noCode, { image: small });
    const mm = victim.mm.value as MmStruct;
    mm.mm_count.value++;
    const reap = function* (): Body<number> {
      yield* oom_reap_task_mm(victim, mm);
      yield* mmdrop(mm);
      return 0;
    };
    user_process_at_boot('reaper', reap, { image: small });
  });
  runToEnd(kernel, stretches(schedule));
  const stepsOf = (name: string): number =>
    kernel.machine.tasks.find(({ label }) => label.startsWith(name))?.operations ?? 0;
  return {
    steps: [stepsOf('reaper'), stepsOf('victim')],
    reports: dmesg(kernel)
      .filter((line) => /BUG|WARN|SCYTHE/.test(line))
      .map((line) => line.replace(/\+0x.*/, '')),
  };
}

/** All places at which `first` can be interrupted by the other one. */
function interruptions(
  first: string,
  other: string,
  tree: Tree,
  patches: readonly Patch[],
): readonly string[] {
  const reports = new Set<string>();
  const whole = reapAgainstExit([[first, never]], tree, patches);
  const last = whole.steps[first === 'reaper' ? 0 : 1];
  for (let at = 0; at <= last; at++) {
    const schedule: Stretch[] = [
      [first, after(at)],
      [other, never],
    ];
    for (const report of reapAgainstExit(schedule, tree, patches).reports) reports.add(report);
  }
  return [...reports];
}

describe.each(trees)('a reaper beside exit_mmap() ($name)', (tree) => {
  test('finds VMAs and tables in place or nothing at all, wherever exit_mmap() comes in between', () => {
    expect(interruptions('reaper', 'victim', tree, [])).toEqual([]);
  });

  test('does no harm wherever it comes between two steps of exit_mmap()', () => {
    expect(interruptions('victim', 'reaper', tree, [])).toEqual([]);
  });
});

describe('without its lock exit_mmap()', () => {
  test('frees VMAs under a reaper, as captured', () => {
    expect(interruptions('reaper', 'victim', v6_12, [unlocked])).toEqual([
      'SCYTHE: page table freed under a reaper',
      'BUG: KASAN: slab-use-after-free in mtree_range_walk',
      'kernel BUG at mm/memory.c:1808!',
      'BUG: KASAN: slab-use-after-free in __oom_reap_task_mm',
      'BUG: KASAN: slab-use-after-free in unmap_page_range',
      'BUG: KASAN: slab-use-after-free in mas_next_slot',
      'BUG: KASAN: use-after-free in unmap_page_range',
    ]);
  });

  // The reaper has looked at the flag, exit_mmap() has zapped all, the reaper is about to read an entry.
  const tableInUse: readonly Stretch[] = [
    ['reaper', inside('__oom_reap_task_mm')],
    ['victim', inside('free_pgtables')],
    ['reaper', about(/pte\[/)],
    ['victim', never],
  ];

  test('frees page tables under a reaper, as captured', () => {
    expect(reapAgainstExit(tableInUse, v6_12, [unlocked]).reports).toContain(
      'BUG: KASAN: use-after-free in unmap_page_range',
    );
  });

  test('is no less wrong where RCU delays the end of tables', () => {
    expect(reapAgainstExit(tableInUse, v6_18, [unlocked]).reports).toEqual([
      'SCYTHE: page table freed under a reaper',
      'BUG: KASAN: slab-use-after-free in mas_prev_slot',
    ]);
  });

  test('waits for the reaper with the lock', () => {
    expect(reapAgainstExit(tableInUse, v6_12, []).reports).toEqual([]);
  });
});
