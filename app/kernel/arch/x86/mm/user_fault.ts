import type { Body } from '../../../../sim/call.ts';
import type { Cell } from '../../../../sim/cell.ts';
import { Operation } from '../../../../sim/operation.ts';
import { EXIT_TO_USER_MODE_WORK, irqentry_exit_to_user_mode } from '../../../kernel/entry/common.ts';
import { xa_is_zero } from '../../../include/maple_tree.ts';
import {
  PteTable,
  VM_EXEC,
  VM_FAULT_ERROR,
  VM_FAULT_OOM,
  VM_FAULT_SIGBUS,
  VM_READ,
  VM_WRITE,
  type VmAreaStruct,
} from '../../../include/mm_types.ts';
import { mmap_read_lock, mmap_read_unlock } from '../../../include/mmap_lock.ts';
import { READ_ONCE } from '../../../include/rwonce.ts';
import { current } from '../../../include/sched.ts';
import { SIGBUS, SIGSEGV } from '../../../include/signal.ts';
import { kfunc } from '../../../kfunc.ts';
import { fatal_signal_pending, force_sig } from '../../../kernel/signal.ts';
import { mtree_load } from '../../../lib/maple_tree.ts';
import { pgd_offset } from '../../../mm/gup.ts';
import { handle_mm_fault } from '../../../mm/memory_fault.ts';
import { pagefault_out_of_memory } from '../../../mm/oom_kill.ts';
import type { Page } from '../../../mm/page_alloc.ts';
import { reusesPages, user_store } from '../../../mm/page_frame.ts';
import { lock_vma_under_rcu, vma_end_read } from '../../../mm/vma.ts';

/**
 * User code touches memory: the hardware walks the page tables, and calls the kernel where they say no. Interrupts
 * come in between: a signal that is pending is handled before the next access.
 */
export function* user_access(address: number, access: 'read' | 'write'): Body<void> {
  const write = access === 'write';
  const me = current();
  for (;;) {
    if (((yield* READ_ONCE(me.thread_flags)) & EXIT_TO_USER_MODE_WORK) !== 0)
      yield* asm_sysvec_reschedule_ipi();
    const page = yield* translated(address, write);
    if (page !== null) {
      if (write && reusesPages()) yield* user_store(page);
      return;
    }
    yield* asm_exc_page_fault(address, write);
  }
}

/** The page, if the page tables let the access through. */
function* translated(address: number, write: boolean): Body<Page | null> {
  const mm = current().mm.value;
  const range = mm === null ? null : yield* pgd_offset(mm, address);
  if (range === null) return null;
  const table = yield* new HardwareRead(range.pmd);
  if (!(table instanceof PteTable)) return null;
  const pte = yield* new HardwareRead(table.ptes[range.indexOf(address)]);
  return pte !== null && (pte.writable || !write) ? pte.page : null;
}

/** A look of the hardware at a page table: no sanitizer watches it, and what it finds it forgets with the next flush. */
class HardwareRead<Value> extends Operation<Value> {
  constructor(private readonly cell: Cell<Value>) {
    super('read', cell, 'read', cell.memory);
  }

  override get memory(): null {
    return null;
  }

  override execute(): Value {
    return this.cell.value;
  }
}

/** The interrupt by which another CPU makes this one look at its flags. */
const asm_sysvec_reschedule_ipi = kfunc('asm_sysvec_reschedule_ipi', function* () {
  yield* irqentry_exit_to_user_mode();
});

/** The page fault of user code. */
export const asm_exc_page_fault = kfunc('asm_exc_page_fault', function* (address: number, write: boolean) {
  yield* exc_page_fault(address, write);
  yield* irqentry_exit_to_user_mode();
});

const exc_page_fault = kfunc('exc_page_fault', function* (address: number, write: boolean) {
  yield* do_user_addr_fault(address, write);
});

/**
 * do_user_addr_fault() - a fault at a user address: under the VMA's own lock if that can be had, else under
 * mmap_lock.
 *
 * Models: arch/x86/mm/fault.c as of v6.12. Leaves out: faults of kernel code, growing stacks, protection keys.
 */
export const do_user_addr_fault = kfunc('do_user_addr_fault', function* (address: number, write: boolean) {
  const mm = current().mm.value;
  if (mm === null) return yield* force_sig(SIGSEGV);
  let vma = yield* lock_vma_under_rcu(mm, address);
  let fault: number;
  if (vma !== null) {
    if (yield* access_error(vma, write)) {
      yield* vma_end_read(vma);
      return yield* force_sig(SIGSEGV);
    }
    fault = yield* handle_mm_fault(vma, address, write);
    yield* vma_end_read(vma);
  } else {
    yield* mmap_read_lock(mm);
    const entry = yield* mtree_load(mm.mm_mt, address);
    vma = xa_is_zero(entry) ? null : entry;
    if (vma === null || (yield* access_error(vma, write))) {
      yield* mmap_read_unlock(mm);
      return yield* force_sig(SIGSEGV);
    }
    fault = yield* handle_mm_fault(vma, address, write);
    yield* mmap_read_unlock(mm);
  }
  if ((fault & VM_FAULT_ERROR) === 0) return;
  if ((fault & VM_FAULT_OOM) !== 0) return yield* pagefault_out_of_memory();
  if (yield* fatal_signal_pending(current())) return;
  yield* force_sig((fault & VM_FAULT_SIGBUS) !== 0 ? SIGBUS : SIGSEGV);
});

function* access_error(vma: VmAreaStruct, write: boolean): Body<boolean> {
  const flags = yield* vma.vm_flags.read();
  return (flags & (write ? VM_WRITE : VM_READ | VM_WRITE | VM_EXEC)) === 0;
}
