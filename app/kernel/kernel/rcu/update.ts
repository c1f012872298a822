import type { Memory } from '../../../sim/memory.ts';
import { kernelGlobal } from '../../globals.ts';
import { kernel } from '../../kernel.ts';
import { kfunc } from '../../kfunc.ts';
import { Struct } from '../../struct.ts';
import { LockdepMap } from '../locking/lockdep.ts';
import { complete, Completion } from '../sched/completion.ts';
import { RcuHead } from './rcu_head.ts';

/** What lockdep sees of rcu_read_lock(). */
export const rcu_lock_map = kernelGlobal(
  'rcu_lock_map',
  () => new LockdepMap('rcu_read_lock', { outer: 'free', inner: 'config' }),
);

/** struct rcu_synchronize - who waits for a grace period; stands on the waiter's stack. */
export class RcuSynchronize extends Struct {
  readonly head: RcuHead;
  readonly completion: Completion;

  constructor(memory: Memory) {
    super(memory);
    this.head = new RcuHead(memory, 'head.', this);
    this.completion = new Completion('&rcu.completion', memory);
  }
}

/** wakeme_after_rcu() - the callback of those who wait for a grace period. */
export const wakeme_after_rcu = kfunc('wakeme_after_rcu', function* (head: RcuHead) {
  yield* complete((head.container as RcuSynchronize).completion);
});

/**
 * RCU_LOCKDEP_WARN() - with PROVE_RCU, complains once per place if `condition` holds. The condition is asked only
 * if somebody listens and lockdep still works.
 */
export function RCU_LOCKDEP_WARN(condition: () => boolean, text: string, file: string, line: number): void {
  kernel().hooks.emit('rcuLockdepWarn', condition, text, file, line);
}
