import { endingOf } from '../sim/ending.ts';
import type { Machine } from '../sim/machine.ts';

/**
 * What a search explores: a program that can be started afresh as often as needed, and what is said of an
 * execution that has come to its end.
 */
export interface Program {
  /** A fresh machine with its tasks spawned. The same machine each time, whatever ran before. */
  create(): Machine;
  /** The titles of what an execution came to: reports, failed expectations. Nothing wrong: no titles. */
  judge(machine: Machine): readonly string[];
}

/** What can be said of any execution: a deadlock or a lost wake-up, with who waits for what. */
export function endingTitles(machine: Machine): string[] {
  if (machine.enabled.length > 0) return [];
  if (!machine.tasks.some((task) => task.state === 'ready' && !task.daemon)) return [];
  const ending = endingOf(machine);
  return ending.kind === 'deadlock' || ending.kind === 'lost wake-up' ? [ending.kind] : [];
}
