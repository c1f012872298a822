import type { Wait } from '../../sim/ending.ts';
import type { Memory } from '../../sim/memory.ts';
import type { SimObject } from '../../sim/object.ts';
import type { Task } from '../../sim/task.ts';
import type { CallRecord, OperationRecord } from './execution.ts';

/** What is to be explained, and where in the execution it is. */
export interface Focus {
  readonly title: string;
  /** The last line of the diagram. */
  readonly mark: string;
  /** Position of the report in the order of all events. */
  readonly at: number;
  readonly subject: Subject;
  /** Further moments that the report names: shown, with the locks around them. */
  readonly named?: readonly OperationRecord[];
}

export type Subject =
  /** Memory was touched that is dead, or whose contents are wrong. */
  | { readonly kind: 'memory'; readonly culprit: OperationRecord; readonly memory: Memory }
  /** A variable has a value that it should not have. */
  | { readonly kind: 'variable'; readonly culprit: OperationRecord; readonly object: SimObject }
  /** Tasks wait and will go on waiting. */
  | { readonly kind: 'waits'; readonly waits: readonly Wait[] }
  /** A task is where it should not be. */
  | {
      readonly kind: 'place';
      readonly task: Task;
      /** The call that it was in. */
      readonly call: CallRecord | null;
      /** What it was about to do: take a lock, say. */
      readonly attempt: OperationRecord | null;
      readonly circumstances: readonly string[];
    };
