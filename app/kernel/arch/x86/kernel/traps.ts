import type { Body } from '../../../../sim/call.ts';
import { rewind_stack_and_make_dead } from '../../../kernel/task_death.ts';
import { oops_end, oops_headline, oops_state } from './dumpstack.ts';
import { codeBytes } from './regs.ts';

/** A task follows a pointer whose value is no address at all: it ends here, with its locks. */
export function* general_protection_fault(address: string): Body<never> {
  const oops = oops_state();
  oops_headline(`general protection fault, probably for non-canonical address 0x${address}: 0000`);
  oops_end(oops, codeBytes(oops.rip.symbol, '48 89'));
  return yield* rewind_stack_and_make_dead();
}
