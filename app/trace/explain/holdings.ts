import type { SimObject } from '../../sim/object.ts';
import type { Task } from '../../sim/task.ts';
import type { Vocabulary } from './vocabulary.ts';
import { primitiveAround } from './words.ts';
import type { Execution, OperationRecord, StateRecord } from './execution.ts';

/** What tasks hold, and when they took it and let go of it. */
export class Holdings {
  private readonly locks = new Map<Task, OperationRecord[]>();
  private readonly states = new Map<Task, StateRecord[]>();

  constructor(
    { operations, states }: Execution,
    private readonly vocabulary: Vocabulary,
  ) {
    for (const operation of operations) {
      if (operation.kind === 'acquire' || operation.kind === 'release') append(this.locks, operation);
    }
    for (const state of states) append(this.states, state);
  }

  /** The locks that a task holds just before a position, each as the operation that took it, first taken first. */
  locksAt(task: Task, at: number): readonly OperationRecord[] {
    const held = new Map<SimObject, OperationRecord>();
    for (const operation of this.locks.get(task) ?? []) {
      if (operation.at >= at) break;
      if (!operation.holds) held.delete(operation.object);
      else if (!held.has(operation.object)) held.set(operation.object, operation);
    }
    return [...held.values()].filter((taken, i, all) => !this.comesWith(taken, all[i - 1]));
  }

  /** One function takes both, as a sleeping spinlock makes its owner an RCU reader: then the first says it all. */
  private comesWith(taken: OperationRecord, before: OperationRecord | undefined): boolean {
    const call = primitiveAround(taken.call, this.vocabulary);
    return call !== null && before !== undefined && call === primitiveAround(before.call, this.vocabulary);
  }

  /** Where the task gives back what `taken` took, before a position; null if it does not. */
  releaseOf(taken: OperationRecord, before: number): OperationRecord | null {
    const release = (this.locks.get(taken.task) ?? []).find(
      (operation) => operation.object === taken.object && operation.at > taken.at && !operation.holds,
    );
    return release !== undefined && release.at < before ? release : null;
  }

  /** The states that a task is in just before a position, each as its beginning, first entered first. */
  statesAt(task: Task, at: number): readonly StateRecord[] {
    const inside: StateRecord[] = [];
    for (const state of this.states.get(task) ?? []) {
      if (state.at >= at) break;
      if (state.begins) {
        inside.push(state);
        continue;
      }
      const last = inside.findLastIndex(({ name }) => name === state.name);
      if (last >= 0) inside.splice(last, 1);
    }
    return inside;
  }

  /** Where a state ends, before a position; null if it does not. */
  endOf(state: StateRecord, before: number): StateRecord | null {
    let depth = 0;
    for (const other of this.states.get(state.task) ?? []) {
      if (other.at <= state.at || other.name !== state.name) continue;
      if (other.at >= before) return null;
      depth += other.begins ? 1 : -1;
      if (depth < 0) return other;
    }
    return null;
  }
}

function append<Item extends { readonly task: Task }>(lists: Map<Task, Item[]>, item: Item): void {
  const list = lists.get(item.task);
  if (list === undefined) lists.set(item.task, [item]);
  else list.push(item);
}
