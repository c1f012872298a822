import type { Cell } from '../../../sim/cell.ts';
import type { Operation } from '../../../sim/operation.ts';
import type { SimObject } from '../../../sim/object.ts';
import type { Frame, Task } from '../../../sim/task.ts';
import type { VectorClock } from './clock.ts';

/** How an access touches its variable. `change` reads the old value and writes a new one. */
export type Touch = 'read' | 'write' | 'change';

/** One access of a variable, and all that a report needs of it. */
export interface AccessRecord {
  readonly task: Task;
  /** The task's own count at the access. */
  readonly count: number;
  readonly touch: Touch;
  readonly marked: boolean;
  /** Values around the access; the same for a read. */
  readonly before: unknown;
  readonly after: unknown;
  /** The innermost frame: those below it follow from it. */
  readonly frame: Frame | null;
  readonly cpu: number;
  /** False in an interrupt. */
  readonly inTask: boolean;
}

/**
 * The latest accesses of each variable: per task, the last of each kind. An access that is unordered with an
 * earlier one of a task is unordered with the later one of the same kind, too, so none is missed.
 */
export class Shadow {
  private readonly cells = new WeakMap<SimObject, AccessRecord[]>();

  /** Puts `access` on record; the result are those on record that conflict with it and are not ordered with it. */
  record(cell: Cell<unknown>, access: AccessRecord, clock: VectorClock): readonly AccessRecord[] {
    let records = this.cells.get(cell);
    if (records === undefined) this.cells.set(cell, (records = []));
    const concurrent = records.filter(
      (other) =>
        other.task !== access.task &&
        (other.touch !== 'read' || access.touch !== 'read') &&
        clock.of(other.task.index) < other.count,
    );
    const at = records.findIndex(
      (other) =>
        other.task === access.task &&
        other.marked === access.marked &&
        (other.touch === 'read') === (access.touch === 'read'),
    );
    if (at < 0) records.push(access);
    else records[at] = access;
    return concurrent;
  }
}

export function touchOf({ kind, access }: Operation<unknown>): Touch {
  if (kind === 'read' || access === 'read') return 'read';
  return kind === 'write' ? 'write' : 'change';
}
