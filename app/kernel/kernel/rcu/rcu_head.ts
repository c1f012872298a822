import type { Call } from '../../../sim/call.ts';
import type { Memory } from '../../../sim/memory.ts';
import { Struct } from '../../struct.ts';

/** What RCU and SRCU call when a grace period has passed. `head.container` is what the C finds by container_of(). */
export type RcuCallback = (head: RcuHead) => Call<void>;

/** struct rcu_head - the place in an object by which it is queued. Written by who queues it, then RCU's own. */
export class RcuHead extends Struct {
  readonly func = this.field<RcuCallback | null>('func', null);

  constructor(
    memory: Memory,
    path: string,
    /** The struct that the head is a part of. */
    readonly container: unknown = null,
  ) {
    super(memory, path);
  }
}
