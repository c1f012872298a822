import type { Cell } from '../../sim/cell.ts';
import { Operation, type Ordering } from '../../sim/operation.ts';
import type { Task } from '../../sim/task.ts';
import { kernel } from '../kernel.ts';

// Accesses that say how they are meant, as the C does. `cell.read()` and `cell.write()` are plain C accesses.
// To a run they are all alike; KCSAN tells them apart.

/** One whole access, not two, not none. Of a pointer: what is reached through it is read after it. */
export const READ_ONCE = <Value>(cell: Cell<Value>): Operation<Value> => cell.load();
export const WRITE_ONCE = <Value>(cell: Cell<Value>, value: Value): Operation<void> => cell.store(value);

/** What follows is not done before it. */
export const smp_load_acquire = <Value>(cell: Cell<Value>): Operation<Value> => cell.load('acquire');
/** What came before is seen by whoever sees the value. */
export const smp_store_release = <Value>(cell: Cell<Value>, value: Value): Operation<void> =>
  cell.store(value, 'release');

/** A pointer to what RCU protects: what it points at is complete. Also for srcu_dereference() and lists' next. */
export const rcu_dereference = <Value>(cell: Cell<Value>): Operation<Value> => cell.load('acquire');
/** Publishes what is complete. */
export const rcu_assign_pointer = <Value>(cell: Cell<Value>, value: Value): Operation<void> =>
  cell.store(value, 'release');

/** An access that may race, which its author knows and KCSAN shall not report. */
export const data_race = <Result>(access: Operation<Result>): Operation<Result> => new DataRace(access);

class DataRace<Result> extends Operation<Result> {
  constructor(private readonly access_: Operation<Result>) {
    super(access_.kind, access_.object, access_.access, access_.also);
  }

  override get ordering(): Ordering {
    return 'racy';
  }

  override execute(task: Task): Result {
    return this.access_.execute(task);
  }
}

/** What a barrier keeps in order: earlier writes from later ones, reads from reads, or all from all. */
export type Barrier = 'wmb' | 'rmb' | 'mb';

// (plain) Operations have one order that all tasks agree on; the barriers are there for KCSAN.

export const smp_wmb = (): void => kernel().hooks.emit('barrier', 'wmb');
export const smp_rmb = (): void => kernel().hooks.emit('barrier', 'rmb');
export const smp_mb = (): void => kernel().hooks.emit('barrier', 'mb');
