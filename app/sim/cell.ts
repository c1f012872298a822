import { Operation } from './operation.ts';
import { SimObject, UNTOLD } from './object.ts';
import type { Memory } from './memory.ts';
import type { Task } from './task.ts';

/** A shared variable: one value, read and written by operations. */
export class Cell<Value> extends SimObject {
  private readonly reading: Operation<Value> = new ReadCell<Value>(this);

  constructor(
    /** The value. Only effects and reports look at it directly; modelled code goes through operations. */
    public value: Value,
    readonly field: string,
    memory: Memory | null = null,
  ) {
    super(memory);
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

  read(): Operation<Value> {
    return this.reading;
  }

  write(value: Value): Operation<void> {
    return new WriteCell(this, value);
  }

  /** Replaces the value by `change(value)` in one go; the result is the value before. */
  update(change: (value: Value) => Value): Operation<Value> {
    return new UpdateCell(this, change);
  }

  /** Waits until `condition` holds for the value; the result is that value. */
  await(condition: (value: Value) => boolean): Operation<Value> {
    return new AwaitCell(this, condition);
  }
}

/** A shared number that can also be changed blindly, which commutes with other blind changes. */
export class Counter extends Cell<number> {
  add(amount: number): Operation<void> {
    return new AddToCounter(this, amount);
  }
}

class ReadCell<Value> extends Operation<Value> {
  constructor(private readonly cell: Cell<Value>) {
    super('read', cell, 'read');
  }

  override execute(_task: Task): Value {
    return this.cell.value;
  }
}

class WriteCell<Value> extends Operation<void> {
  constructor(
    private readonly cell: Cell<Value>,
    private readonly value: Value,
  ) {
    super('write', cell, 'write');
  }

  override execute(_task: Task): void {
    this.cell.value = this.value;
  }
}

class UpdateCell<Value> extends Operation<Value> {
  constructor(
    private readonly cell: Cell<Value>,
    private readonly change: (value: Value) => Value,
  ) {
    super('rmw', cell, 'write');
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

  override execute(_task: Task): void {
    this.cell.value += this.amount;
  }
}
