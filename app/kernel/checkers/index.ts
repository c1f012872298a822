import type { Checker } from '../checker.ts';
import { prove_rcu } from './prove_rcu.ts';
import { hung_task } from './hung_task.ts';
import { grace_period } from './grace_period.ts';
import { kcsan } from './kcsan.ts';
import { lockStat } from './lock_stat.ts';
import { leaks } from './leaks.ts';
import { mmInvariants } from './mm_invariants.ts';
import { deadStackFrame } from './dead_stack_frame.ts';
import { retryingVcpu } from './retrying_vcpu.ts';
import { notifierPairing } from './notifier_pairing.ts';
import { spteFreedPage } from './spte_freed_page.ts';
import { deadAccess } from '../mm/dead_access.ts';

/** Every checker that there is, in the order in which they are attached. Each owner adds its line. */
export const checkers: readonly Checker[] = [
  prove_rcu,
  hung_task,
  grace_period,
  kcsan,
  lockStat,
  deadAccess,
  deadStackFrame,
  leaks,
  mmInvariants,
  spteFreedPage,
  notifierPairing,
  retryingVcpu,
];
