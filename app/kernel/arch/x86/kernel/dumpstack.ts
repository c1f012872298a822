import { runningTask } from '../../../../sim/machine-in-force.ts';
import { currentOrNull } from '../../../include/sched.ts';
import { kernelGlobal } from '../../../globals.ts';
import { config, kernel } from '../../../kernel.ts';
import { panic } from '../../../kernel/panic.ts';
import { panic_sysctl } from '../../../kernel/panic_sysctl.ts';
import { add_taint } from '../../../kernel/taint.ts';
import { dump_stack_print_info, show_trace } from '../../../lib/dump_stack.ts';
import { pr_alert, pr_warn } from '../../../printk.ts';
import { printsNew } from '../../../report/wording.ts';
import { stack_trace, type StackEntry } from '../../../stack.ts';
import { show_regs, type Registers } from './regs.ts';

/** How many oopses there were, and the registers of the first: each oops ends with them. */
const die = kernelGlobal('die', () => ({ counter: 0, summary: null as Registers | null }));

/** Where an oops happened. */
export interface OopsState {
  readonly rip: StackEntry;
  readonly callers: readonly StackEntry[];
}

export function oops_state(innermost: readonly string[] = []): OopsState {
  const [rip, ...callers] = stack_trace(runningTask(), innermost);
  return { rip, callers };
}

/** `Oops: ...: 0000 [#1] PREEMPT_RT SMP KASAN`; in older kernels without `Oops: `. */
export function oops_headline(what: string): void {
  const prefix = printsNew('oopsPrefix') ? 'Oops: ' : '';
  const preempt = config().PREEMPT_RT ? ' PREEMPT_RT' : ' PREEMPT';
  const words = [
    kernel().tree.traits.preemptionModelInDumps ? '' : preempt,
    config().SMP && !printsNew('oopsWithoutSmp') ? ' SMP' : '',
    config().KASAN ? ' KASAN' : '',
  ];
  pr_alert(`${prefix}${what} [#${++die().counter}]${words.join('')}`);
}

/** The rest of an oops: registers, stack, the end mark, and the registers of the first oops once more. */
export function oops_end(oops: OopsState, code: string, extra: Readonly<Record<string, string>> = {}): void {
  const registers: Registers = { rip: oops.rip, code, extra, tsk: currentOrNull() };
  die().summary ??= registers;
  dump_stack_print_info();
  show_regs(registers);
  show_trace(runningTask(), oops.callers, true);
  const cr2 = extra['CR2'];
  if (cr2 !== undefined) pr_warn(`CR2: ${cr2}`);
  add_taint('D', 'LOCKDEP_NOW_UNRELIABLE');
  pr_warn('---[ end trace 0000000000000000 ]---');
  show_regs(die().summary ?? registers);
  if (runningTask().standing.level > 0) panic('Fatal exception in interrupt');
  else if (panic_sysctl('kernel.panic_on_oops') !== 0) panic('Fatal exception');
}
