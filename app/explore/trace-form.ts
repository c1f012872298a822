import { Choice } from '../sim/choose.ts';
import type { Machine } from '../sim/machine.ts';
import { type Access, commute, type Operation } from '../sim/operation.ts';
import { Replay, type Schedule } from '../sim/schedule.ts';
import type { Task } from '../sim/task.ts';

interface TraceEvent {
  readonly task: number;
  readonly accesses: { readonly object: number; readonly access: Access }[];
  /** What the event adds to a schedule: the task and, if it decides something, the alternative taken. */
  readonly choices: readonly number[];
  /** Positions of earlier events that this one depends on. */
  readonly after: number[];
}

/**
 * The canonical schedule of an execution: of all orders of its operations that differ only in swapping
 * independent neighbours, the one that always performs the operation of the lowest task that can come next.
 * Two executions are of one Mazurkiewicz trace if and only if their canonical schedules are equal.
 *
 * Written as plainly as possible, and with nothing in common with the searches that it is held against.
 */
export function canonicalSchedule(create: () => Machine, schedule: Schedule): Schedule {
  return sorted(eventsOf(create(), schedule));
}

function eventsOf(machine: Machine, schedule: Schedule): TraceEvent[] {
  const events: TraceEvent[] = [];
  const spawnedBy = new Map<number, number>();
  const replay = new Replay(schedule);
  while (machine.enabled.length > 0) {
    const task = replay.next(machine.enabled, machine);
    if (task === null) break;
    const operation = task.pending as Operation<unknown>;
    const tasksBefore = machine.tasks.length;
    const accesses = accessesOf(operation);
    machine.step(task, replay);
    if (task.state !== 'ready') accesses.push({ object: task.id, access: 'write' });
    if (machine.tasks.length > tasksBefore) accesses.push({ object: machine.taskList.id, access: 'write' });
    for (let child = tasksBefore; child < machine.tasks.length; child++) spawnedBy.set(child, events.length);
    const event: TraceEvent = { task: task.index, accesses, choices: choicesOf(task, operation), after: [] };
    events.forEach((earlier, position) => {
      const ordered = earlier.task === event.task || spawnedBy.get(event.task) === position;
      if (ordered || dependent(earlier, event)) event.after.push(position);
    });
    events.push(event);
  }
  return events;
}

function accessesOf(operation: Operation<unknown>): { object: number; access: Access }[] {
  const { object, also, memory, access } = operation;
  const waiting = operation.conditional && access === 'add';
  const accesses: { object: number; access: Access }[] = [
    { object: object.id, access: waiting ? 'write' : access },
  ];
  if (also !== null) accesses.push({ object: also.id, access: 'read' });
  if (memory !== null) accesses.push({ object: memory.id, access: 'read' });
  return accesses;
}

function choicesOf(task: Task, operation: Operation<unknown>): readonly number[] {
  return operation instanceof Choice ? [task.index, operation.taken] : [task.index];
}

function dependent(earlier: TraceEvent, later: TraceEvent): boolean {
  return later.accesses.some((a) =>
    earlier.accesses.some((b) => a.object === b.object && !commute(a.access, b.access)),
  );
}

function sorted(events: readonly TraceEvent[]): Schedule {
  const waitsFor = events.map((event) => event.after.length);
  const schedule: number[] = [];
  for (let count = 0; count < events.length; count++) {
    let next = -1;
    events.forEach((event, position) => {
      if (waitsFor[position] === 0 && (next < 0 || event.task < events[next].task)) next = position;
    });
    waitsFor[next] = -1;
    schedule.push(...events[next].choices);
    events.forEach((event, position) => {
      if (event.after.includes(next)) waitsFor[position]--;
    });
  }
  return schedule;
}
