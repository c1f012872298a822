import type { Kvm } from '../kernel/include/kvm_host.ts';
import type { ListHead } from '../kernel/include/list.ts';
import type { MmStruct } from '../kernel/include/mm_types.ts';
import type { TaskStruct } from '../kernel/include/sched.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { vm_list } from '../kernel/virt/kvm/kvm_main.ts';

/** A field of the kernel that `expect.final` can ask for. */
export interface Probe {
  readonly name: string;
  readonly description: string;
  /** Its value in each object that has it. Runs inside the machine, after the run, and changes nothing. */
  readonly read: (kernel: Kernel) => readonly number[];
}

export const probes: readonly Probe[] = [
  {
    name: 'vms',
    description: 'how many virtual machines exist',
    read: () => [machines().length],
  },
  {
    name: 'mn_active_invalidate_count',
    description: 'of each VM: invalidations that have started and not ended',
    read: () => machines().map((kvm) => kvm.mn_active_invalidate_count.value),
  },
  {
    name: 'mmu_invalidate_in_progress',
    description: 'of each VM: invalidations that hit a memslot and have not ended',
    read: () => machines().map((kvm) => kvm.mmu_invalidate_in_progress.value),
  },
  {
    name: 'mmu_invalidate_seq',
    description: 'of each VM: invalidations that hit a memslot and have ended',
    read: () => machines().map((kvm) => kvm.mmu_invalidate_seq.value),
  },
  {
    name: 'subscribed',
    description: 'of each VM: 1 if its notifier is on a list, 0 if not',
    read: () => machines().map((kvm) => (kvm.mmu_notifier.hlist.pprev.value === null ? 0 : 1)),
  },
  {
    name: 'mm_users',
    description: 'of the address space of each process that is left',
    read: (kernel) => spaces(kernel).map((mm) => mm.mm_users.value),
  },
  {
    name: 'mm_count',
    description: 'of the address space of each process that is left',
    read: (kernel) => spaces(kernel).map((mm) => mm.mm_count.value),
  },
];

/** The values of a field, or null if there is no such field. */
export function readProbe(kernel: Kernel, name: string): readonly number[] | null {
  return probes.find((probe) => probe.name === name)?.read(kernel) ?? null;
}

/** The VMs on vm_list, from its head on; a list that is broken ends where it breaks. */
function machines(): Kvm[] {
  const found: Kvm[] = [];
  const head = vm_list();
  let at: ListHead<Kvm> = head;
  for (;;) {
    const next = at.next.value;
    if (typeof next === 'string' || next === head || next.owner === null || found.includes(next.owner))
      return found;
    found.push(next.owner);
    at = next;
  }
}

function spaces({ machine }: Kernel): MmStruct[] {
  const found = new Set<MmStruct>();
  for (const task of machine.tasks) {
    const mm = task.state === 'ready' ? (task.context as Partial<TaskStruct> | null)?.mm?.value : null;
    if (mm !== null && mm !== undefined) found.add(mm);
  }
  return [...found];
}
