import type { Checker } from '../checker.ts';
import { currentOrNull } from '../include/sched.ts';
import { debug_locks } from '../lib/debug_locks.ts';
import { dump_stack } from '../lib/dump_stack.ts';
import { pr_warn } from '../printk.ts';
import { debug_show_held_locks } from '../kernel/locking/lockdep.ts';
import { print_header } from './lockdep/print.ts';

/**
 * PROVE_RCU: "suspicious RCU usage", once per place in the source. Verifies what code states by
 * RCU_LOCKDEP_WARN() as long as lockdep works; does not find readers that forgot to state it.
 */
export const prove_rcu: Checker = {
  name: 'PROVE_RCU',
  enabled: (config) => config.PROVE_RCU && config.PROVE_LOCKING,
  attach(kernel) {
    const warned = new Set<string>();
    kernel.hooks.on('rcuLockdepWarn', (condition, text, file, line) => {
      const site = `${file}:${line}`;
      if (warned.has(site) || currentOrNull() === null || !debug_locks() || !condition()) return;
      warned.add(site);
      lockdep_rcu_suspicious(site, text);
    });
  },
};

/** Lockdep stays on after this report: it has not lost track of anything. */
function lockdep_rcu_suspicious(site: string, text: string): void {
  print_header('WARNING: suspicious RCU usage');
  pr_warn(`${site} ${text}!`);
  pr_warn('\nother info that might help us debug this:\n');
  pr_warn('\nrcu_scheduler_active = 2, debug_locks = 1');
  const me = currentOrNull();
  if (me !== null) debug_show_held_locks(me);
  pr_warn('\nstack backtrace:');
  dump_stack(['lockdep_rcu_suspicious']);
}
