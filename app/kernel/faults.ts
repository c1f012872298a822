import type { Task } from '../sim/task.ts';
import { stackOf } from './stack.ts';

/** Where a fault can be injected. */
export type FaultSite = 'failslab' | 'fail_page_alloc' | 'signal';

/** One rule of fault injection. All that it names must match. */
export interface FaultRule {
  readonly site: FaultSite;
  /** A function that must be on the stack. */
  readonly function?: string;
  /** The `comm` of the task. */
  readonly task?: string;
  /** How often the rule may strike in each task; without it, as often as it matches. */
  readonly times?: number;
  /** How often a timed run strikes, in percent, as in the kernel's fault_attr. A search tries both ways. */
  readonly probability?: number;
  /** It strikes whenever it matches, and nothing is to be decided. */
  readonly always?: boolean;
}

/** The rules of a run. How often each has struck is counted per task, so that decisions of tasks commute. */
export class FaultInjection {
  private readonly struck = new Map<FaultRule, Map<number, number>>();

  constructor(readonly rules: readonly FaultRule[]) {}

  /** The first rule that may strike here and now, or null. */
  match(site: FaultSite, task: Task): FaultRule | null {
    for (const rule of this.rules) {
      if (rule.site === site && this.applies(rule, task)) return rule;
    }
    return null;
  }

  /** Counts a strike. */
  strike(rule: FaultRule, task: Task): void {
    const counts = this.struck.get(rule) ?? new Map<number, number>();
    counts.set(task.index, (counts.get(task.index) ?? 0) + 1);
    this.struck.set(rule, counts);
  }

  private applies(rule: FaultRule, task: Task): boolean {
    if (rule.task !== undefined && (task.context as { comm?: string } | null)?.comm !== rule.task)
      return false;
    if (rule.times !== undefined && (this.struck.get(rule)?.get(task.index) ?? 0) >= rule.times) return false;
    return rule.function === undefined || onStack(rule.function, task);
  }
}

function onStack(name: string, task: Task): boolean {
  return stackOf(task).some((entry) => entry.symbol === name);
}
