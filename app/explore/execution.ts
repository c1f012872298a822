import type { Chooser } from '../sim/chooser.ts';
import type { Machine } from '../sim/machine.ts';
import { Recorder, type Schedule } from '../sim/schedule.ts';
import type { Program } from './program.ts';

/** One execution of a program and what it came to. */
export interface Execution {
  readonly machine: Machine;
  readonly schedule: Schedule;
  readonly titles: readonly string[];
  /** True if it was cut off. */
  readonly cut: boolean;
}

/**
 * Runs a program to its end under a chooser, at most `limit` operations. A model that stops the machine (a
 * panic) ends the task that does so; the others go on, as they could all have come before. With `stops`, the
 * execution ends there, as that of a replay does.
 */
export function execute(program: Program, chooser: Chooser, limit: number, stops = false): Execution {
  const machine = program.create();
  const recorder = new Recorder(chooser);
  let before = -1;
  while (machine.enabled.length > 0 && machine.steps < limit && machine.steps > before) {
    before = machine.steps;
    machine.run(recorder, limit - machine.steps);
    if (stops) break;
  }
  const { schedule } = recorder;
  return { machine, schedule, titles: program.judge(machine), cut: machine.enabled.length > 0 };
}

/** Executions longer than this are cut off, unless the caller says otherwise. */
export const OPERATIONS_PER_EXECUTION = 100_000;
