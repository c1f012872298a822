import type { Body } from '../../sim/call.ts';
import { choose } from '../../sim/choose.ts';
import { runningTask, runningTaskOrNull } from '../../sim/machine-in-force.ts';
import type { FaultAttr, FaultSite } from '../faults.ts';
import { GFP_KERNEL, gfpflags_allow_blocking } from '../include/gfp.ts';
import type { TaskStruct } from '../include/sched.ts';
import { config, kernel } from '../kernel.ts';
import { dump_stack } from '../lib/dump_stack.ts';
import { pr_warn } from '../printk.ts';

/**
 * __should_failslab() - shall this allocation fail? Only with FAILSLAB, and only where a rule of the scenario
 * matches: then it is a decision of its own, unless the rule says `always`. `what` is what is allocated.
 */
export function* __should_failslab(what: string, size = 0, gfp: number = GFP_KERNEL): Body<boolean> {
  if (!config().FAILSLAB) return false;
  const { faults } = kernel();
  if (faults.rules.length > 0) return yield* should_fail('failslab', what);
  return faults.attr !== null && (yield* should_fail_ex(faults.attr, what, size, gfp));
}

/** should_fail_ex() - by what the guest has set below /sys/kernel/debug/failslab. */
function* should_fail_ex(attr: FaultAttr, what: string, size: number, gfp: number): Body<boolean> {
  const task = runningTaskOrNull();
  const struct = (task?.context ?? null) as TaskStruct | null;
  if (struct === null) return false;
  const rule = attr.rule(size, gfpflags_allow_blocking(gfp), struct.make_it_fail);
  if (rule === null) return false;
  if (rule.always !== true && (yield* choose(`failslab ${what}`, 2)) === 0) return false;
  if (attr.times > 0) attr.times--;
  const { interval, probability, space, times, verbose } = attr;
  if (verbose > 0) {
    pr_warn('FAULT_INJECTION: forcing a failure.');
    pr_warn(
      `name failslab, interval ${interval}, probability ${probability}, space ${space}, times ${times}`,
    );
    if (verbose > 1) dump_stack(['should_fail_ex', 'should_failslab']);
  }
  return true;
}

/** should_fail_alloc_page() - the same for whole pages. */
export function* __should_fail_alloc_page(order: number): Body<boolean> {
  return yield* should_fail('fail_page_alloc', `order ${order}`);
}

/** should_fail() - the decision, and what the kernel says about a failure that it forces. */
export function* should_fail(site: FaultSite, what: string): Body<boolean> {
  if (runningTaskOrNull() === null) return false;
  const { faults } = kernel();
  const rule = faults.match(site, runningTask());
  if (rule === null) return false;
  if (rule.always !== true && (yield* choose(`${site} ${what}`, 2)) === 0) return false;
  faults.strike(rule, runningTask());
  if (site !== 'signal') {
    const times = rule.times ?? -1;
    pr_warn('FAULT_INJECTION: forcing a failure.');
    pr_warn(`name ${site}, interval 1, probability ${rule.probability ?? 100}, space 0, times ${times}`);
    dump_stack(site === 'failslab' ? ['should_fail_ex', 'should_failslab'] : ['should_fail_ex']);
  }
  return true;
}
