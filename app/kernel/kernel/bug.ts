import type { Body } from '../../sim/call.ts';
import { oops_end, oops_headline, oops_state } from '../arch/x86/kernel/dumpstack.ts';
import { codeBytes } from '../arch/x86/kernel/regs.ts';
import { pr_emerg, pr_warn } from '../printk.ts';
import { rewind_stack_and_make_dead } from './task_death.ts';

/**
 * BUG() - the kernel is in a state that it must not be in: reports it and kills the task that got it there.
 * `site` is the place in the kernel's source, `mm/memory.c:1808`. Never returns; locks stay taken.
 */
export function* BUG(site: string): Body<never> {
  const oops = oops_state();
  pr_warn('------------[ cut here ]------------');
  pr_emerg(`kernel BUG at ${site}!`);
  oops_headline('invalid opcode: 0000');
  oops_end(oops, codeBytes(oops.rip.symbol, '0f 0b'));
  return yield* rewind_stack_and_make_dead();
}

/** BUG_ON() - BUG() if the condition holds: `yield* BUG_ON(count < 0, 'mm/mmap.c:1960')`. */
export function* BUG_ON(condition: boolean, site: string): Body<void> {
  if (condition) yield* BUG(site);
}
