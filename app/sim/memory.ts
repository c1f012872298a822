import { Operation } from './operation.ts';
import { SimObject } from './object.ts';
import type { Task } from './task.ts';
import { machineInForce } from './machine-in-force.ts';

/** Where memory comes from. What a touch after its death does depends on it; the model above decides how. */
export type MemoryKind = 'slab' | 'vmalloc' | 'stack' | 'page' | 'global';

/**
 * A piece of memory with a lifetime. Struct fields are objects whose `memory` is the struct's allocation.
 * Freeing depends on every operation on every part: that order is what use-after-free is about.
 */
export class Memory extends SimObject {
  alive = true;
  /** Whatever the model wants to remember of the allocation and the free: stacks, cache names. */
  origin: unknown = null;
  end: unknown = null;

  constructor(
    readonly kind: MemoryKind,
    readonly label: string,
    /** Bytes. */
    readonly size: number,
    /** Where the model places it; only reports show it. */
    readonly address: number,
  ) {
    super(null);
  }

  override get name(): string {
    return this.label;
  }

  override likeness(): boolean {
    return this.alive;
  }

  /** Ends the lifetime. A second free is a dead access like any other and goes to the model's handler. */
  free(): Operation<void> {
    return new FreeMemory(this);
  }
}

class FreeMemory extends Operation<void> {
  constructor(private readonly target: Memory) {
    super('free', target, 'write');
  }

  /** A second free touches dead memory, too. */
  override get memory(): Memory {
    return this.target;
  }

  override execute(task: Task): void {
    machineInForce().endLifetime(this.target, task);
  }
}
