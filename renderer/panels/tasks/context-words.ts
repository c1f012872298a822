import type { InspectedTask } from '../../../app/service/contract/inspection.ts';

/** What the task must not do where it stands, in the kernel's words: nothing for plain task context. */
export function contextWords({ context }: Pick<InspectedTask, 'context'>): string[] {
  const words: string[] = [];
  if (context.non_block_count > 0) words.push(`non_block_count ${context.non_block_count}`);
  if (context.preempt_count > 0) words.push(`preempt_count ${context.preempt_count}`);
  if (context.irqs_disabled) words.push('irqs disabled');
  if (context.softirq) words.push('softirq');
  if (context.rcu_read_lock_nesting > 0) words.push(`rcu_read_lock ${context.rcu_read_lock_nesting}`);
  if (context.migration_disabled > 0) words.push(`migrate_disable ${context.migration_disabled}`);
  if (context.rt_priority !== null) words.push(`rt priority ${context.rt_priority}`);
  return words;
}
