import { runningTask } from '../../sim/machine-in-force.ts';
import { formatAddress } from '../addresses.ts';
import { kernelGlobal } from '../globals.ts';
import { currentOrNull, type TaskStruct } from '../include/sched.ts';
import { config } from '../kernel.ts';
import { debug_show_held_locks } from '../kernel/locking/lockdep.ts';
import { check_panic_on_warn, print_irqtrace_events } from '../kernel/panic.ts';
import { jiffies, timed } from '../kernel/time/jiffies.ts';
import { add_taint } from '../kernel/taint.ts';
import { dump_stack } from '../lib/dump_stack.ts';
import { pr_err } from '../printk.ts';
import { printsNew } from '../report/wording.ts';
import { formatEntry, type StackEntry } from '../stack.ts';

// DEBUG_ATOMIC_SLEEP: reports of functions that may sleep where sleeping is forbidden. Verifies every call of
// might_sleep(); does not tell whether the function would really have slept.

const PREEMPT_OFFSET_MASK = 0xff;
const RCU_SHIFT = 8;

/** When the last report was made, in jiffies: there is at most one a second, of whatever kind. */
const prev_jiffy = kernelGlobal('prev_jiffy', () => ({
  at: null as number | null,
  sites: new Set<string>(),
}));

/**
 * __might_resched() - report if the running task must not sleep.
 *
 * `offsets`: the preempt count (bits 0-7) and the RCU nesting (from bit 8) that are fine here.
 * Models: kernel/sched/core.c.
 */
export function __might_resched(file: string, line: number, offsets: number): void {
  const me = currentOrNull();
  if (me === null) return;
  const nested = me.preempt_count + (me.rcu_read_lock_nesting << RCU_SHIFT);
  if (nested === offsets && me.irqs_disabled === 0 && me.non_block_count === 0) return;
  if (!mayReport(`${file}:${line} ${me.pid}`)) return;
  report(me, file, line, offsets);
}

/** In a search, which knows no seconds, each place reports once per task. */
function mayReport(site: string): boolean {
  const last = prev_jiffy();
  if (!timed()) {
    const first = !last.sites.has(site);
    last.sites.add(site);
    return first;
  }
  const now = jiffies();
  if (last.at !== null && now < last.at + config().HZ) return false;
  last.at = now;
  return true;
}

function report(me: TaskStruct, file: string, line: number, offsets: number): void {
  const atomic = me.preempt_count !== 0 ? 1 : 0;
  const irqsOff = me.irqs_disabled > 0 ? 1 : 0;
  const expected = offsets & PREEMPT_OFFSET_MASK;
  pr_err(`BUG: sleeping function called from invalid context at ${file}:${line}`);
  const nonBlock = printsNew('nonBlockInSplat') ? ` non_block: ${me.non_block_count},` : '';
  pr_err(`in_atomic(): ${atomic}, irqs_disabled(): ${irqsOff},${nonBlock} pid: ${me.pid}, name: ${me.comm}`);
  const counts = printsNew('countsInSplat');
  if (counts) pr_err(`preempt_count: ${me.preempt_count.toString(16)}, expected: ${expected.toString(16)}`);
  if (counts && config().PREEMPT_RCU) {
    pr_err(`RCU nest depth: ${me.rcu_read_lock_nesting}, expected: ${offsets >> RCU_SHIFT}`);
  }
  debug_show_held_locks(me);
  if (irqsOff === 1) print_irqtrace_events();
  if (config().DEBUG_PREEMPT && me.preempt_count !== expected)
    print_preempt_disable_ip(me.preempt_disable_ip);
  dump_stack(['__might_resched']);
  add_taint('W', 'LOCKDEP_STILL_OK');
}

function print_preempt_disable_ip(ip: StackEntry | null): void {
  pr_err('Preemption disabled at:');
  pr_err(ip === null ? '[<0000000000000000>] 0x0' : `[<${textAddress(ip)}>] ${formatEntry(ip)}`);
}

/** A made-up address inside the kernel's text. */
function textAddress(ip: StackEntry): string {
  return formatAddress('global', 0x1000000 + ip.size * 0x100 + ip.offset);
}

/** schedule_debug() - a task switches with preemption off: that is wrong whatever is configured. */
export function schedule_debug(): void {
  const me = runningTask().context as TaskStruct;
  if (me.preempt_count === 0) return;
  pr_err(
    `BUG: scheduling while atomic: ${me.comm}/${me.pid}/0x${me.preempt_count.toString(16).padStart(8, '0')}`,
  );
  debug_show_held_locks(me);
  if (me.irqs_disabled > 0) print_irqtrace_events();
  if (config().DEBUG_PREEMPT) print_preempt_disable_ip(me.preempt_disable_ip);
  check_panic_on_warn('scheduling while atomic');
  dump_stack(['__schedule_bug']);
  add_taint('W', 'LOCKDEP_STILL_OK');
}
