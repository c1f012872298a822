import { ScytheBug } from '../base/assert.ts';
import type { Machine } from './machine.ts';
import type { Task } from './task.ts';

/**
 * The machine whose code runs right now, and its task. Modelled code refers to them as C code refers to
 * `current` and to globals, instead of handing them through every call. Only the machine sets them, around
 * every stretch of modelled code, so several machines can live side by side.
 */
let machine: Machine | null = null;
let task: Task | null = null;

export function machineInForce(): Machine {
  if (machine === null) throw new ScytheBug('modelled code runs outside of a machine');
  return machine;
}

/** The task that runs. Throws where none does: during boot, in checkers called between steps. */
export function runningTask(): Task {
  if (task === null) throw new ScytheBug('no task is running');
  return task;
}

/** The task that runs, or null during set-up. */
export function runningTaskOrNull(): Task | null {
  return task;
}

/** For the machine only: puts itself and a task in force. */
export function putInForce(nextMachine: Machine | null, nextTask: Task | null): void {
  machine = nextMachine;
  task = nextTask;
}
