import type { Body } from '../../sim/call.ts';
import { Cell } from '../../sim/cell.ts';
import type { Chooser } from '../../sim/chooser.ts';
import type { Checker } from '../checker.ts';
import { get_page, Page } from '../mm/page_alloc.ts';
import type { Kvm } from '../include/kvm_host.ts';
import { KvmVcpu } from '../include/kvm_host.ts';
import { MmStruct, PAGE_SIZE } from '../include/mm_types.ts';
import { MMU_NOTIFY_CLEAR, mmu_notifier_range_init, MmuNotifierRange } from '../include/mmu_notifier.ts';
import type { TaskStruct } from '../include/sched.ts';
import { replace } from '../kfunc.ts';
import type { Kernel } from '../kernel.ts';
import { reserve } from '../struct.ts';
import type { Patch } from '../tree.ts';
import { hva_to_pfn } from '../virt/kvm/guest_memory.ts';
import { kvm_create_vm } from '../virt/kvm/kvm_main.ts';
import { kvm_set_memory_region } from '../virt/kvm/memslots.ts';
import { addTasks, inTurn, type TestOptions } from './boot.ts';
import { bootWithThreads } from './threads.ts';

/** Where the guest memory of a test begins in the process. */
export const HVA = 0x7f0000000000;
export const REGION = {
  slot: 0,
  flags: 0,
  guest_phys_addr: 0,
  memory_size: 4 * PAGE_SIZE,
  userspace_addr: HVA,
};

/** A kernel with one address space, whose pages are what a test says: no VMAs, no page tables. */
export class VmBench {
  readonly kernel: Kernel;
  readonly mm: MmStruct;
  /** By host address. */
  readonly pages = new Map<number, Page>();
  /** What happens, as if on another CPU, between a fault's snapshot and its page. */
  meanwhile: () => Body<void> = nothing;

  constructor(options: TestOptions = {}, checkers: readonly Checker[] = []) {
    const { pages } = this;
    const meanwhile = (): Body<void> => this.meanwhile();
    const lookup: Patch = {
      name: 'test-pages',
      title: '',
      description: '',
      appliesTo: [],
      replacements: [
        replace(hva_to_pfn, function* (addr) {
          const page = pages.get(addr) ?? null;
          if (page !== null) yield* get_page(page);
          yield* meanwhile();
          return { page, writable: true, interrupted: false };
        }),
      ],
    };
    this.kernel = bootWithThreads({ ...options, patches: [...(options.patches ?? []), lookup] });
    this.kernel.machine.inside(() => {
      for (const checker of checkers) checker.attach(this.kernel);
    });
    this.mm = this.kernel.machine.inside(() => new MmStruct(reserve('slab', 'mm', 1688)));
  }

  /** Puts a page behind a guest frame of REGION, with the one reference of the process. */
  page(gfn: number): Page {
    const page = this.kernel.machine.inside(() => new Page(reserve('page', 'guest page', PAGE_SIZE), 0));
    this.pages.set(HVA + gfn * PAGE_SIZE, page);
    return page;
  }

  /** A variable for tasks of a test to meet at. */
  meetingPoint<Value>(value: Value): Cell<Value> {
    return this.kernel.machine.inside(() => new Cell(value, 'meeting point'));
  }

  /** Adds tasks of the process and runs until nobody can go on. */
  run<Name extends string>(
    tasks: Readonly<Record<Name, () => Body<unknown>>>,
    chooser: Chooser = inTurn,
  ): Record<Name, TaskStruct> {
    const added = addTasks(this.kernel, tasks) as Record<Name, TaskStruct>;
    for (const task of Object.values<TaskStruct>(added)) task.mm.value = this.mm;
    this.kernel.machine.run(chooser, 100_000);
    return added;
  }

  /** Ends the run: checkers that wait for that have their say. */
  end(): void {
    this.kernel.hooks.emit('endOfRun');
  }
}

/** A VM with REGION as its memory. For the code of a task. */
export function* createVm(): Body<Kvm> {
  const kvm = yield* kvm_create_vm();
  if (typeof kvm === 'number') throw new Error(`kvm_create_vm() failed with ${kvm}`);
  const r = yield* kvm_set_memory_region(kvm, REGION);
  if (r !== 0) throw new Error(`kvm_set_memory_region() failed with ${r}`);
  return kvm;
}

/** A vCPU without descriptor and thread: enough to fault. */
export function vcpuOf(kvm: Kvm): KvmVcpu {
  const vcpu = new KvmVcpu(reserve('slab', 'kvm_vcpu', 0x2c00));
  vcpu.kvm = kvm;
  return vcpu;
}

/** One page of REGION as a range to invalidate. */
export function rangeOf(mm: MmStruct, gfn: number, pages = 1): MmuNotifierRange {
  const range = new MmuNotifierRange();
  const start = HVA + gfn * PAGE_SIZE;
  mmu_notifier_range_init(range, MMU_NOTIFY_CLEAR, 0, mm, start, start + pages * PAGE_SIZE);
  return range;
}

function* nothing(): Body<void> {}
