import type { Body } from '../../../../sim/call.ts';
import { config } from '../../../kernel.ts';
import { kasan_report_wild } from '../../../mm/kasan/report.ts';
import { pr_alert } from '../../../printk.ts';
import { rewind_stack_and_make_dead } from '../../../kernel/task_death.ts';
import { oops_end, oops_headline, oops_state } from '../kernel/dumpstack.ts';
import { codeBytes, hex } from '../kernel/regs.ts';

/** A fault that no exception table entry and no signal handler takes care of. */
export interface KernelFault {
  /** Sixteen digits. */
  readonly address: string;
  readonly write: boolean;
  /** Functions between the model's innermost frame and the access. */
  readonly innermost?: readonly string[];
}

/** page_fault_oops() - what the kernel prints when it follows a pointer to nowhere. The task must die then. */
export function page_fault_oops({ address, write, innermost }: KernelFault): void {
  const oops = oops_state(innermost);
  const low = address.startsWith('0000000000000');
  pr_alert(
    low
      ? `BUG: kernel NULL pointer dereference, address: ${address}`
      : `BUG: unable to handle page fault for address: ${address}`,
  );
  pr_alert(`#PF: supervisor ${write ? 'write' : 'read'} access in kernel mode`);
  const code = write ? '0002' : '0000';
  pr_alert(`#PF: error_code(0x${code}) - not-present page`);
  pr_alert(low ? 'PGD 0 P4D 0 ' : 'PGD 6bf01067 P4D 6bf02067 PUD 3d29067 PMD 3d2a067 PTE 0');
  oops_headline(`Oops: ${code}`);
  oops_end(oops, codeBytes(oops.rip.symbol, write ? '48 89 02' : '48 8b 00'), { CR2: address });
}

/**
 * What code of the model goes through that follows a NULL pointer: `yield* nullDereference(0x446)`. `offset`
 * is that of the field that it wanted. Never returns; locks stay taken.
 */
export function* nullDereference(offset: number, write = false): Body<never> {
  if (config().KASAN) kasan_report_wild(offset, write);
  page_fault_oops({ address: hex(offset), write });
  return yield* rewind_stack_and_make_dead(true);
}
