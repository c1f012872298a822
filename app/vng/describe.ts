import { TaskStruct } from '../kernel/include/sched.ts';
import { task_state_to_char } from '../kernel/kernel/sched/show_task.ts';
import { firstTellingOfWait } from '../kernel/report/frames.ts';
import { stackOf } from '../kernel/stack.ts';
import { Delay } from '../sim/delay.ts';
import { waitOf } from '../sim/ending.ts';
import type { Task } from '../sim/task.ts';
import type { GuestMachine } from './guest-machine.ts';

/** One task of the guest: how it is doing and what it waits for. */
export interface TaskReport {
  readonly pid: number;
  readonly comm: string;
  /** A process of user land, or a thread of the kernel. */
  readonly user: boolean;
  /** As `ps` has it: R, S, D, Z ... */
  readonly state: string;
  readonly cpu: number;
  /** What it waits for; null if it runs or could. */
  readonly waitsFor: string | null;
  /** Who has it. */
  readonly heldBy: readonly string[];
  /** The function of the kernel in which it waits. */
  readonly where: string | null;
  /** Virtual time at which it goes on by itself; null if it does not. */
  readonly until: number | null;
}

/** All tasks that are there, processes first. */
export function describeTasks({ machine }: GuestMachine): TaskReport[] {
  return machine.inside(() =>
    machine.tasks
      .filter((task) => task.state === 'ready' && task.context instanceof TaskStruct)
      .map(reportOf)
      .sort((a, b) => Number(b.user) - Number(a.user) || a.pid - b.pid),
  );
}

function reportOf(task: Task): TaskReport {
  const struct = task.context as TaskStruct;
  const sleeps = task.pending instanceof Delay;
  const waits = !task.enabled || sleeps;
  const wait = waits ? waitOf(task) : null;
  return {
    ...{
      pid: struct.pid,
      comm: struct.comm,
      user: struct.user,
      state: task_state_to_char(struct),
      cpu: task.cpu,
    },
    waitsFor: wait === null ? null : sleeps ? 'time' : wait.object.name,
    heldBy: wait === null ? [] : wait.holders.filter((holder) => holder !== task).map(({ label }) => label),
    where: waits ? firstTellingOfWait(stackOf(task).map(({ symbol }) => symbol)) : null,
    until: task.pending instanceof Delay ? task.pending.due : null,
  };
}

/** One line per process, for people: `tee (66) D in __synchronize_srcu, waits for ...`. */
export function describeProcesses(guest: GuestMachine): string[] {
  return describeTasks(guest)
    .filter(({ user }) => user)
    .map(({ comm, pid, state, waitsFor, heldBy, where, until }) => {
      const place = where === null ? '' : ` in ${where}`;
      const held = heldBy.length === 0 ? '' : `, held by ${heldBy.join(', ')}`;
      const what =
        until !== null
          ? `, sleeps until ${(until / 1e9).toFixed(3)} s`
          : waitsFor === null
            ? ', runs'
            : `, waits for ${waitsFor}${held}`;
      return `${comm} (${pid}) ${state}${place}${what}`;
    });
}
