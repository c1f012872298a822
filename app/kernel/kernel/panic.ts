import { runningTaskOrNull } from '../../sim/machine-in-force.ts';
import { codeBytes, show_regs } from '../arch/x86/kernel/regs.ts';
import { currentOrNull } from '../include/sched.ts';
import { kernelGlobal } from '../globals.ts';
import { config, kernel } from '../kernel.ts';
import { dump_stack, dump_stack_print_info, show_trace, smp_processor_id } from '../lib/dump_stack.ts';
import { KERN } from '../log.ts';
import { pr_emerg, pr_warn, printk } from '../printk.ts';
import { printsNew } from '../report/wording.ts';
import { entryFor, formatEntry, stack_trace, type StackEntry } from '../stack.ts';
import { panic_sysctl } from './panic_sysctl.ts';
import { add_taint, test_taint } from './taint.ts';

export { add_taint, print_tainted, print_tainted_verbose, test_taint, type TaintFlag } from './taint.ts';

const warned = kernelGlobal('warned_once', () => new Set<string>());

/**
 * WARN() - says so if `condition` holds: the place, an optional text, registers and the stack.
 *
 * `site` is the place in the kernel's source, `mm/mmap.c:1951`. Return: the condition.
 */
export function WARN(condition: boolean, site: string, text?: string): boolean {
  if (condition) warn(site, text);
  return condition;
}

export function WARN_ON(condition: boolean, site: string): boolean {
  return WARN(condition, site);
}

/** WARN_ON_ONCE() - says so the first time in a boot that this place is reached with the condition. */
export function WARN_ON_ONCE(condition: boolean, site: string): boolean {
  return WARN_ONCE(condition, site);
}

export function WARN_ONCE(condition: boolean, site: string, text?: string): boolean {
  if (!condition || warned().has(site)) return condition;
  warned().add(site);
  warn(site, text);
  return true;
}

/**
 * panic() - prints its last words and ends the run. The caller goes on up to its next operation, which is
 * never performed.
 *
 * After an oops the stack has been shown. With kernel.panic set, the machine that runs the kernel is to be booted
 * again, after so many seconds or at once.
 */
export function panic(text: string): void {
  pr_emerg(`Kernel panic - not syncing: ${text}`);
  if (!test_taint('D')) dump_stack(['panic']);
  pr_emerg('Kernel Offset: disabled');
  const seconds = panic_sysctl('kernel.panic');
  if (seconds > 0) pr_emerg(`Rebooting in ${seconds} seconds..`);
  else if (seconds === 0) pr_emerg(`---[ end Kernel panic - not syncing: ${text} ]---`);
  kernel().log.close();
  kernel().machine.stop();
}

/** check_panic_on_warn() - what follows a report if the kernel is told not to go on after one. */
export function check_panic_on_warn(origin: string): void {
  if (panic_sysctl('kernel.panic_on_warn') !== 0) panic(`${origin}: panic_on_warn set ...`);
}

function warn(site: string, text: string | undefined): void {
  const task = runningTaskOrNull();
  const trace = task === null ? [entryFor('kernel_init', '')] : stack_trace(task);
  const [rip = entryFor('kernel_init', ''), ...callers] = trace;
  pr_warn('------------[ cut here ]------------');
  pr_warn(headline(site, rip));
  if (text !== undefined) pr_warn(text);
  dump_stack_print_info();
  show_regs({ rip, code: codeBytes(rip.symbol, '0f 0b'), extra: {}, tsk: currentOrNull() });
  show_trace(task, callers, true);
  check_panic_on_warn('kernel');
  print_irqtrace_events();
  pr_warn('---[ end trace 0000000000000000 ]---');
  add_taint('W', 'LOCKDEP_STILL_OK');
}

function headline(site: string, rip: StackEntry): string {
  const who = currentOrNull();
  const [cpu, pid] = [smp_processor_id(), who?.pid ?? 0];
  if (!printsNew('warnNamesTask')) return `WARNING: CPU: ${cpu} PID: ${pid} at ${site} ${formatEntry(rip)}`;
  return `WARNING: ${site} at ${formatEntry(rip)}, CPU#${cpu}: ${who?.comm ?? 'swapper/0'}/${pid}`;
}

/** The last changes of the interrupt state, where they are traced; event numbers are made up. */
export function print_irqtrace_events(): void {
  if (!config().PROVE_LOCKING) return;
  const stamp = 1000 + 2 * (runningTaskOrNull()?.operations ?? 0);
  const at = (name: string, address: string): string => `[<${address}>] ${formatEntry(entryFor(name, ''))}`;
  const lines = [
    `irq event stamp: ${stamp}`,
    `hardirqs last  enabled at (${stamp + 1}): ${at('vprintk_store', 'ffffffff8126878b')}`,
    `hardirqs last disabled at (${stamp + 2}): ${at('vprintk_store', 'ffffffff81268598')}`,
    `softirqs last  enabled at (${stamp - 6}): ${at('__local_bh_enable_ip', 'ffffffff811b9e32')}`,
    `softirqs last disabled at (${stamp - 12}): ${at('__local_bh_disable_ip', 'ffffffff811b9d10')}`,
  ];
  for (const line of lines) printk(KERN.WARNING, line);
}
