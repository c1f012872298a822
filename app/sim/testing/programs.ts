import type { Body } from '../call.ts';
import type { Chooser } from '../chooser.ts';
import { Machine } from '../machine.ts';
import type { Task } from '../task.ts';

/** A machine with one task per entry, in order, each named by its key. `setUp` makes what they share. */
export function machineWith<Shared>(
  setUp: () => Shared,
  tasks: Readonly<Record<string, (shared: Shared) => Body<unknown>>>,
): { machine: Machine; shared: Shared } {
  const machine = new Machine();
  const shared = machine.inside(() => {
    const made = setUp();
    for (const [label, body] of Object.entries(tasks)) machine.spawn({ label, body: () => body(made) });
    return made;
  });
  return { machine, shared };
}

/** Runs tasks in the order of the names given, one operation for each name. */
export function inOrder(labels: string): Chooser {
  const queue = labels.split(' ');
  return {
    next: (enabled) => {
      const label = queue.shift();
      if (label === undefined) return null;
      const task = enabled.find((candidate) => candidate.label === label);
      if (task === undefined) throw new Error(`${label} is not enabled`);
      return task;
    },
    alternative: () => 0,
  };
}

/** Always the enabled task with the lowest index, always alternative 0. */
export const firstOf: Chooser = {
  next: (enabled: readonly Task[]) => enabled[0] ?? null,
  alternative: () => 0,
};
