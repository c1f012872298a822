import type { Schedule } from '../sim/schedule.ts';
import { Replay } from '../sim/schedule.ts';
import type { Task } from '../sim/task.ts';
import type { Program } from './program.ts';

/** An operation that a task is about to perform, as data for reports. */
export interface DescribedStep {
  readonly task: string;
  readonly kind: string;
  readonly access: string;
  readonly object: string;
  readonly id: number;
  /** The second object, and the memory that it is part of. */
  readonly also: string | null;
  readonly memory: string | null;
  /** Innermost first. */
  readonly functions: readonly string[];
}

/** What some tasks are about to do after a schedule. */
export function describeSteps(
  program: Program,
  schedule: Schedule,
  threads: readonly number[],
): DescribedStep[] {
  const machine = program.create();
  const replay = new Replay(schedule);
  for (let steps = -1; machine.enabled.length > 0 && machine.steps > steps;) {
    steps = machine.steps;
    machine.run(replay);
  }
  return threads.map((thread) => machine.inside(() => describe(machine.tasks[thread])));
}

function describe(task: Task): DescribedStep {
  const functions: string[] = [];
  for (let frame = task.top; frame !== null; frame = frame.caller) {
    if (frame.symbol !== null) functions.push(frame.symbol.name);
  }
  const operation = task.pending;
  const { kind, access, object, also, memory } = operation ?? {
    kind: 'nothing',
    access: task.state,
    object: task,
    also: null,
    memory: null,
  };
  return {
    task: task.name,
    kind,
    access,
    object: object.name,
    id: object.id,
    also: also?.name ?? null,
    memory: memory === null || memory === object ? null : memory.name,
    functions,
  };
}
