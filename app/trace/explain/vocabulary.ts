import type { SimObject } from '../../sim/object.ts';
import type { Task } from '../../sim/task.ts';

/** What the model above the machine has to say about names. */
export interface Vocabulary {
  /** How reports name a task: `oom_reaper/41`. */
  taskName(task: Task): string;
  /** How an object is called that is taken or waited for. */
  objectName(object: SimObject): string;
  /** Functions that stand for the operation inside: locks, waits, allocators. They are shown with its object. */
  isPrimitive(name: string): boolean;
  /** Functions that only lead to what matters: system call entry, the main loop of a worker. */
  isPlumbing(name: string): boolean;
  /** Functions that can be left out first where calls are nested too deep: the compiler folds them into others. */
  isMinor(name: string): boolean;
}

/** For programs that are written for the machine alone. */
export const bareVocabulary: Vocabulary = {
  taskName: (task) => task.name,
  objectName: (object) => object.name,
  isPrimitive: () => false,
  isPlumbing: () => false,
  isMinor: () => false,
};
