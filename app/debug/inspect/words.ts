import { Delay } from '../../sim/delay.ts';
import type { Operation, OperationKind } from '../../sim/operation.ts';
import type { Task } from '../../sim/task.ts';
import { whoIs } from '../../kernel/tracking.ts';

const VERBS: Readonly<Record<OperationKind, string>> = {
  read: 'read',
  write: 'write',
  rmw: 'change',
  acquire: 'take',
  release: 'release',
  wait: 'wait for',
  alloc: 'allocate',
  free: 'free',
  choose: 'choose in',
  delay: 'sleep:',
  spawn: 'start a task:',
  exit: 'end of',
};

/** What an operation of a kind does to its object: `take &mm->mmap_lock`. */
export function operationText(kind: OperationKind, object: string): string {
  return `${VERBS[kind]} ${object}`;
}

export function pendingText(operation: Operation<unknown>): string {
  const { kind, object } = operation;
  if (operation instanceof Delay) return `sleep until ${(operation.due / 1e9).toFixed(6)} s`;
  return operationText(kind, object.name);
}

export function taskText(task: Task): string {
  const { comm, pid } = whoIs(task);
  return pid > 0 ? `${comm}/${pid}` : task.label;
}
