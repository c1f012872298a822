import { Choice } from './choose.ts';
import type { Chooser } from './chooser.ts';
import type { Machine } from './machine.ts';
import type { Task } from './task.ts';

/**
 * The choices taken in a run, in order: the index of the task that performed each operation, and after each
 * `choose` operation the alternative taken. Together with the inputs it determines the run.
 */
export type Schedule = readonly number[];

/** Wraps a chooser and notes what it decides. */
export class Recorder implements Chooser {
  readonly schedule: number[] = [];

  constructor(private readonly inner: Chooser) {}

  next(enabled: readonly Task[], machine: Machine): Task | null {
    const task = this.inner.next(enabled, machine);
    if (task !== null) this.schedule.push(task.index);
    return task;
  }

  alternative(choice: Choice, task: Task, machine: Machine): number {
    const taken = this.inner.alternative(choice, task, machine);
    this.schedule.push(taken);
    return taken;
  }
}

/** A replay asked for something that cannot happen: the schedule belongs to other inputs. */
export class Divergence extends Error {
  constructor(
    /** Operations performed before the step that cannot be taken. */
    readonly step: number,
    why: string,
  ) {
    super(`the schedule does not fit at step ${step}: ${why}`);
    this.name = 'Divergence';
  }
}

/**
 * Follows a schedule; stops at its end. `follower` (the chooser of the run that was recorded) is asked along,
 * so that what it keeps, CPU placement for instance, is as it was then; its answers are dropped.
 */
export class Replay implements Chooser {
  private position = 0;

  constructor(
    private readonly schedule: Schedule,
    private readonly follower: Chooser | null = null,
  ) {}

  next(enabled: readonly Task[], machine: Machine): Task | null {
    const index = this.schedule[this.position];
    if (index === undefined) return null;
    this.follower?.next(enabled, machine);
    this.position++;
    const task = machine.tasks[index];
    if (task === undefined) throw new Divergence(machine.steps, `there is no task ${index}`);
    if (!task.enabled) throw new Divergence(machine.steps, `${task.name} cannot run`);
    return task;
  }

  alternative(choice: Choice, task: Task, machine: Machine): number {
    this.follower?.alternative(choice, task, machine);
    const taken = this.schedule[this.position++];
    if (taken === undefined || !(taken >= 0 && taken < choice.alternatives)) {
      throw new Divergence(machine.steps, `"${choice.what}" has no alternative ${String(taken)}`);
    }
    return taken;
  }
}

/** Writes a schedule as text: numbers separated by blanks, `n*k` for k times n in a row. */
export function formatSchedule(schedule: Schedule): string {
  const words: string[] = [];
  for (let i = 0; i < schedule.length;) {
    let end = i + 1;
    while (end < schedule.length && schedule[end] === schedule[i]) end++;
    words.push(end - i > 1 ? `${schedule[i]}*${end - i}` : `${schedule[i]}`);
    i = end;
  }
  return words.join(' ');
}

/** The longest schedule that is read from a file: a run of that length takes minutes. */
export const LONGEST_SCHEDULE = 50_000_000;

/** Reads what `formatSchedule` wrote; null if it is not of that form or longer than `LONGEST_SCHEDULE`. */
export function parseSchedule(text: string): Schedule | null {
  const schedule: number[] = [];
  for (const word of text.split(/\s+/)) {
    if (word === '') continue;
    const match = /^(\d{1,7})(?:\*(\d{1,8}))?$/.exec(word);
    if (match === null) return null;
    const times = match[2] === undefined ? 1 : Number(match[2]);
    if (schedule.length + times > LONGEST_SCHEDULE) return null;
    const value = Number(match[1]);
    for (let i = 0; i < times; i++) schedule.push(value);
  }
  return schedule;
}
