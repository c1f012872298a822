import { Cell } from '../../sim/cell.ts';
import type { SimObject } from '../../sim/object.ts';
import { commute } from '../../sim/operation.ts';
import { Task } from '../../sim/task.ts';
import type { Execution, OperationRecord } from './execution.ts';

/** One task lets another one go on: everything before `from` is before everything after `to`. */
export interface HandOver {
  readonly from: OperationRecord;
  readonly to: OperationRecord;
}

/**
 * Which operations of an execution are ordered by more than chance: happens-before.
 *
 * An operation comes after those before it in its own task, and after those that let its task go on:
 * - whoever takes a lock comes after whoever released it; readers of a lock do not order each other;
 * - whoever waited for something comes after who brought it about: a wake-up, a completion, an end of readers;
 * - a task comes after who started it, a join after the end of the task;
 * - who looks with acquire semantics comes after who changed with release semantics (see Ordering), which covers
 *   atomics and the counts of SRCU readers.
 *
 * Plain and relaxed accesses and the end of a lifetime order nothing: whether they are ordered is the question.
 */
export class Order {
  private readonly index = new Map<OperationRecord, number>();
  private readonly sources: (readonly OperationRecord[])[] = [];
  private readonly byTask = new Map<Task, OperationRecord[]>();

  constructor(execution: Execution) {
    const { operations, startedBy } = execution;
    const changes = new Map<SimObject, Map<Task, OperationRecord>>();
    operations.forEach((operation, i) => {
      const { task, object, also } = operation;
      const own = this.byTask.get(task) ?? [];
      const sources: OperationRecord[] = [];
      const starter = own.length === 0 ? this.spawnOf(startedBy.get(task) ?? null) : null;
      if (starter !== null) sources.push(starter);
      if (operation.performed && learns(operation)) {
        for (const seen of also === null ? [object] : [object, also]) {
          if (seen instanceof Task) sources.push(...(this.byTask.get(seen) ?? []).slice(-1));
          for (const change of changes.get(seen)?.values() ?? []) {
            if (change.task !== task && seenBy(change, operation, seen)) sources.push(change);
          }
        }
      }
      own.push(operation);
      this.byTask.set(task, own);
      this.index.set(operation, i);
      this.sources.push(sources);
      if (operation.performed && changesAnything(operation)) {
        const told = changes.get(object) ?? new Map<Task, OperationRecord>();
        told.set(task, operation);
        changes.set(object, told);
      }
    });
  }

  /** The operations of other tasks that this one comes right after. */
  before(operation: OperationRecord): readonly OperationRecord[] {
    return this.sources[this.index.get(operation) ?? -1] ?? [];
  }

  /** The fewest steps from task to task that put `from` before `to`; null if nothing does. */
  path(from: OperationRecord, to: OperationRecord): readonly HandOver[] | null {
    if (from.task === to.task) return from.at <= to.at ? [] : null;
    let found: readonly HandOver[] | null = null;
    this.walk(to, from.at, (known, way) => {
      if (known.task === from.task && known.at >= from.at) found = way;
      return found === null;
    });
    return found;
  }

  /** The clock of an operation: of each task, the last operation that comes before it. */
  clock(of: OperationRecord): ReadonlyMap<Task, OperationRecord> {
    const latest = new Map<Task, OperationRecord>();
    this.walk(of, 0, (known) => {
      const before = latest.get(known.task);
      if (before === undefined || before.at < known.at) latest.set(known.task, known);
      return true;
    });
    return latest;
  }

  /** Goes back from task to task, the shortest ways first, not further than `since`. `visit` says whether to go on. */
  private walk(
    to: OperationRecord,
    since: number,
    visit: (known: OperationRecord, way: readonly HandOver[]) => boolean,
  ): void {
    const seen = new Map<Task, number>();
    const queue: { readonly known: OperationRecord; readonly way: readonly HandOver[] }[] = [
      { known: to, way: [] },
    ];
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const { known, way } = next;
      const scanned = seen.get(known.task) ?? since - 1;
      if (known.at <= scanned) continue;
      if (!visit(known, way)) return;
      seen.set(known.task, known.at);
      const own = this.byTask.get(known.task) ?? [];
      for (let i = lastUpTo(own, known.at); i >= 0 && own[i].at > scanned; i--) {
        for (const from of this.sources[this.index.get(own[i]) ?? 0]) {
          if (from.at >= since) queue.push({ known: from, way: [{ from, to: own[i] }, ...way] });
        }
      }
    }
  }

  /** The last operation of a task that starts another: the start itself is not noted yet. */
  private spawnOf(task: Task | null): OperationRecord | null {
    return task === null ? null : (this.byTask.get(task)?.at(-1) ?? null);
  }
}

function changesAnything({ kind, object, before, after }: OperationRecord): boolean {
  if (kind === 'release' || kind === 'write') return true;
  // Not so the wake-up of somebody who is awake, or an exchange that failed.
  return kind === 'rmw' && !(object instanceof Cell && before === after);
}

function waits({ kind, object }: OperationRecord): boolean {
  return kind === 'wait' || (kind === 'delay' && !(object instanceof Task));
}

/** Can the operation put its task behind others? */
function learns(operation: OperationRecord): boolean {
  const { kind, ordering } = operation;
  if (waits(operation)) return true;
  return (
    (ordering === 'acquire' || ordering === 'full') &&
    (kind === 'read' || kind === 'rmw' || kind === 'acquire')
  );
}

function seenBy(change: OperationRecord, by: OperationRecord, object: SimObject): boolean {
  if (waits(by)) return true;
  if (change.ordering !== 'release' && change.ordering !== 'full') return false;
  const access = by.object === object ? by.access : 'read';
  if (commute(change.access, access)) return false;
  // A reader that leaves lets writers in; other readers were never kept out.
  return !(change.kind === 'release' && change.access === 'add' && access === 'share');
}

/** Index of the last operation at or before a position, -1 if there is none. */
function lastUpTo(own: readonly OperationRecord[], at: number): number {
  let low = 0;
  let high = own.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (own[middle].at <= at) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
