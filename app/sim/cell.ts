import { Operation, type Ordering } from './operation.ts';
import { SimObject, UNTOLD } from './object.ts';
import type { Memory } from './memory.ts';
import type { Task } from './task.ts';

/** A shared variable: one value, read and written by operations. */
export class Cell<Value> extends SimObject {
  // Made when they are first asked for: most variables are never read.
  private reading: Operation<Value> | null = null;
  private loading: Operation<Value> | null = null;

  constructor(
    /** The value. Only effects and reports look at it directly; modelled code goes through operations. */
    public value: Value,
    readonly field: string,
    memory: Memory | null = null,
    id?: number,
  ) {
    super(memory, id);
  }

  override get name(): string {
    return this.memory === null ? this.field : `${this.memory.name}->${this.field}`;
  }

  /** Of plain values only: an object may be changed in place. */
  override snapshot(): unknown {
    return typeof this.value === 'object' && this.value !== null ? UNTOLD : this.value;
  }

  override restore(snapshot: unknown): void {
    this.value = snapshot as Value;
  }

  override likeness(): unknown {
    return this.value;
  }

  /** A plain read (see Ordering), unless a kind of cell has no plain accesses. */
  read(): Operation<Value> {
    return (this.reading ??= new ReadCell<Value>(this));
  }

  /** A plain write, unless a kind of cell has no plain accesses. */
  write(value: Value): Operation<void> {
    return new WriteCell(this, value);
  }

  /** A read in one piece, with what it promises about the order of others. */
  load(ordering: Ordering = 'relaxed'): Operation<Value> {
    if (ordering !== 'relaxed') return new LoadCell(this, ordering);
    return (this.loading ??= new LoadCell(this, ordering));
  }

  /** A write in one piece, with what it promises about the order of others. */
  store(value: Value, ordering: Ordering = 'relaxed'): Operation<void> {
    return new StoreCell(this, value, ordering);
  }

  /** Replaces the value by `change(value)` in one go; the result is the value before. */
  update(change: (value: Value) => Value, ordering: Ordering = 'full'): Operation<Value> {
    return new UpdateCell(this, change, ordering);
  }

  /** Waits until `condition` holds for the value; the result is that value. */
  await(condition: (value: Value) => boolean): Operation<Value> {
    return new AwaitCell(this, condition);
  }
}

/**
 * A shared number that can also be changed blindly, which commutes with other blind changes. As it is changed in one
 * piece, it is read in one piece, too.
 */
export class Counter extends Cell<number> {
  override read(): Operation<number> {
    return this.load();
  }

  add(amount: number): Operation<void> {
    return new AddToCounter(this, amount);
  }
}

class ReadCell<Value> extends Operation<Value> {
  constructor(private readonly cell: Cell<Value>) {
    super('read', cell, 'read');
  }

  override get ordering(): Ordering {
    return 'plain';
  }

  override execute(_task: Task): Value {
    return this.cell.value;
  }
}

class LoadCell<Value> extends ReadCell<Value> {
  constructor(
    cell: Cell<Value>,
    private readonly promised: Ordering,
  ) {
    super(cell);
  }

  override get ordering(): Ordering {
    return this.promised;
  }
}

class WriteCell<Value> extends Operation<void> {
  constructor(
    private readonly cell: Cell<Value>,
    private readonly value: Value,
  ) {
    super('write', cell, 'write');
  }

  override get ordering(): Ordering {
    return 'plain';
  }

  override execute(_task: Task): void {
    this.cell.value = this.value;
  }
}

class StoreCell<Value> extends WriteCell<Value> {
  constructor(
    cell: Cell<Value>,
    value: Value,
    private readonly promised: Ordering,
  ) {
    super(cell, value);
  }

  override get ordering(): Ordering {
    return this.promised;
  }
}

class UpdateCell<Value> extends Operation<Value> {
  constructor(
    private readonly cell: Cell<Value>,
    private readonly change: (value: Value) => Value,
    private readonly promised: Ordering,
  ) {
    super('rmw', cell, 'write');
  }

  override get ordering(): Ordering {
    return this.promised;
  }

  override execute(_task: Task): Value {
    const before = this.cell.value;
    this.cell.value = this.change(before);
    return before;
  }
}

class AwaitCell<Value> extends Operation<Value> {
  constructor(
    private readonly cell: Cell<Value>,
    private readonly condition: (value: Value) => boolean,
  ) {
    super('wait', cell, 'read');
  }

  override enabled(_task: Task): boolean {
    return this.condition(this.cell.value);
  }

  override execute(_task: Task): Value {
    return this.cell.value;
  }
}

class AddToCounter extends Operation<void> {
  constructor(
    private readonly cell: Cell<number>,
    private readonly amount: number,
  ) {
    super('rmw', cell, 'add');
  }

  override get ordering(): Ordering {
    return 'relaxed';
  }

  override execute(_task: Task): void {
    this.cell.value += this.amount;
  }
}
