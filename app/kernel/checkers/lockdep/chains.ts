import type { HeldLock } from '../../kernel/locking/lockdep.ts';

/**
 * A sequence of held locks. The nodes form a tree: a chain that was seen and checked before is found by one
 * look-up per lock, and not checked again.
 */
export class ChainNode {
  private readonly next = new Map<number, ChainNode>();

  /** All chains that begin here, as the indices of their classes. */
  chains(): readonly (readonly number[])[] {
    return [...this.next].flatMap(([key, node]) => {
      const index = Math.floor(key / 4);
      return [[index], ...node.chains().map((rest) => [index, ...rest])];
    });
  }

  /** The chain that is longer by one lock, and whether it is new. */
  extend(lock: Pick<HeldLock, 'lockClass' | 'read'>): { node: ChainNode; fresh: boolean } {
    const key = lock.lockClass.index * 4 + lock.read;
    let node = this.next.get(key);
    if (node !== undefined) return { node, fresh: false };
    node = new ChainNode();
    this.next.set(key, node);
    return { node, fresh: true };
  }
}
