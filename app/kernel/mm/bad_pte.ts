import { hex } from '../arch/x86/kernel/regs.ts';
import { current } from '../include/sched.ts';
import { kernelGlobal } from '../globals.ts';
import { add_taint } from '../kernel/taint.ts';
import { dump_stack } from '../lib/dump_stack.ts';
import { pr_alert } from '../printk.ts';
import { Burst } from './burst.ts';
import { dump_page } from './debug.ts';
import type { Page } from './page_alloc.ts';

const burst = kernelGlobal('bad_page_map_burst', () => new Burst('BUG: Bad page map'));

/** A page-table entry that makes no sense, and where it was found. */
export interface BadPte {
  readonly pte: number;
  readonly pmd: number;
  /** The page that it maps, if there is one. */
  readonly page: Page | null;
  readonly address: number;
  readonly vm_flags: number;
  /** Pages from the start of what is mapped. */
  readonly index: number;
}

/** print_bad_pte() - a page table holds what it must not hold. `innermost` are functions that the model folds in. */
export function print_bad_pte(bad: BadPte, innermost: readonly string[] = []): void {
  if (burst().mayShow()) {
    pr_alert(`BUG: Bad page map in process ${current().comm}  pte:${hex(bad.pte, 8)} pmd:${hex(bad.pmd, 8)}`);
    if (bad.page !== null) dump_page(bad.page, 'bad pte');
    const where = `addr:${hex(bad.address)} vm_flags:${hex(bad.vm_flags, 8)}`;
    pr_alert(`${where} anon_vma:${hex(0)} mapping:${hex(0)} index:${bad.index.toString(16)}`);
    pr_alert('file:(null) fault:0x0 mmap:0x0 read_folio:0x0');
    dump_stack(['print_bad_pte', ...innermost]);
  }
  add_taint('B', 'LOCKDEP_NOW_UNRELIABLE');
}
