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

/**
 * struct fault_attr - what the guest has set for failslab below debugfs. Its counters belong to the whole kernel, as
 * those of the real one: who allocates how often before somebody else is part of what a search does not reorder.
 */
export class FaultAttr {
  probability = 0;
  interval = 1;
  times = 1;
  space = 0;
  verbose = 2;
  task_filter = false;
  /** Allocations that may sleep do not fail. */
  ignore_gfp_wait = true;
  /** Allocations that could have failed so far. */
  count = 0;

  /** Does it ever strike? */
  get armed(): boolean {
    return this.probability > 0 && this.times !== 0;
  }

  /** should_fail_ex() up to the dice: its rule, if an allocation of so many bytes may fail. */
  rule(size: number, maySleep: boolean, wanted: boolean): FaultRule | null {
    if (!this.armed || (maySleep && this.ignore_gfp_wait) || (this.task_filter && !wanted)) return null;
    if (this.space > size) {
      this.space -= size;
      return null;
    }
    if (this.interval > 1 && ++this.count % this.interval !== 0) return null;
    return { site: 'failslab', probability: this.probability, always: this.probability >= 100 };
  }
}

/** The rules of a run. How often each has struck is counted per task, so that decisions of tasks commute. */
export class FaultInjection {
  private readonly struck = new Map<FaultRule, Map<number, number>>();

  /** What the guest has set; null until it does. */
  attr: FaultAttr | null = null;

  constructor(readonly rules: readonly FaultRule[]) {}

  /** May any allocation fail? Without it nobody needs to look further. */
  get armed(): boolean {
    return this.rules.length > 0 || this.attr?.armed === true;
  }

  /** The first rule that may strike here and now, or null. */
  match(site: FaultSite, task: Task): FaultRule | null {
    for (const rule of this.rules) {
      if (rule.site === site && this.applies(rule, task)) return rule;
    }
    // Asked of the dice, for what the guest has set.
    if (site === 'failslab' && this.rules.length === 0 && this.attr?.armed === true) {
      return { site, probability: this.attr.probability };
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
