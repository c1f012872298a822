import type { Cell } from '../../sim/cell.ts';
import { Operation, type Ordering } from '../../sim/operation.ts';

/**
 * A checker's look at a variable that others may change meanwhile, by an operation of the task that comes there. It
 * is none of the kernel's own: no race, and no use after free.
 */
export class Peek<Value> extends Operation<Value> {
  constructor(private readonly cell: Cell<Value>) {
    super('read', cell, 'read');
  }

  override get memory(): null {
    return null;
  }

  override get ordering(): Ordering {
    return 'racy';
  }

  override execute(): Value {
    return this.cell.value;
  }
}
