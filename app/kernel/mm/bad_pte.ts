import { hex } from '../arch/x86/kernel/regs.ts';
import { current } from '../include/sched.ts';
import { kernelGlobal } from '../globals.ts';
import { add_taint } from '../kernel/taint.ts';
import { dump_stack } from '../lib/dump_stack.ts';
import { pr_alert } from '../printk.ts';
import { printsNew } from '../report/wording.ts';
import { Burst } from './burst.ts';
import { dump_page } from './debug.ts';
import type { Page } from './page_alloc.ts';

const burst = kernelGlobal('bad_page_map_burst', () => new Burst('BUG: Bad page map'));

/** A page-table entry that makes no sense, and where it was found. */
export interface BadPte {
  readonly pte: number | bigint;
  readonly pmd: number | bigint;
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
    const [pte, pmd] = [hex(bad.pte, 8), hex(bad.pmd, 8)];
    const levels = printsNew('badPageMapLevels');
    pr_alert(`BUG: Bad page map in process ${current().comm}  pte:${pte}${levels ? '' : ` pmd:${pmd}`}`);
    if (levels) pr_alert(`pgd:6bf01067 p4d:6bf02067 pud:03d29067 pmd:${pmd}`);
    if (bad.page !== null) dump_page(bad.page, 'bad pte');
    const where = `addr:${hex(bad.address)} vm_flags:${hex(bad.vm_flags, 8)}`;
    const none = printsNew('nonNullPointers') ? hex(0) : '(null)'.padStart(16);
    pr_alert(`${where} anon_vma:${none} mapping:${none} index:${bad.index.toString(16)}`);
    pr_alert(`file:(null) ${operations().join(' ')}`);
    dump_stack(['print_bad_pte', ...innermost]);
  }
  add_taint('B', 'LOCKDEP_NOW_UNRELIABLE');
}

/** The operations of the mapping's driver and of its file; an anonymous mapping has none. */
function operations(): string[] {
  const nothing = printsNew('nonNullPointers') ? '0x0' : '          (null)';
  const names = [
    'fault',
    'mmap',
    ...(printsNew('badPageMapLevels') ? ['mmap_prepare'] : []),
    printsNew('readFolio') ? 'read_folio' : 'readpage',
  ];
  return names.map((name) => `${name}:${nothing}`);
}
