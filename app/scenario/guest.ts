import { startConsole, startProgram, transcript } from '../console/guest.ts';
import { findProgram } from '../console/programs/index.ts';
import { parseScript } from '../console/shell/parse.ts';
import { ns, type Ns } from '../base/brand.ts';
import type { TaskStruct } from '../kernel/include/sched.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { Task } from '../sim/task.ts';
import type { Plan } from './resolve.ts';
import type { GuestTask } from './schema.ts';
import { parseDuration } from './units.ts';

/** What runs in a booted kernel. */
export interface Guest {
  /** The tasks whose end the run waits for. */
  readonly foreground: readonly Task[];
  /** What the console has shown so far. */
  transcript(): string;
}

/** Starts the console script or the tasks of a plan. Nothing of them has run yet but the way to the first operation. */
export function startGuest(kernel: Kernel, plan: Plan): Guest {
  const foreground =
    plan.script === null ? startTasks(kernel, plan) : [startScript(kernel, plan, plan.script)];
  return { foreground: foreground.map((task) => task.thread), transcript: () => transcript(kernel) };
}

function startScript(kernel: Kernel, plan: Plan, script: NonNullable<Plan['script']>): TaskStruct {
  const actors = plan.scenario.search?.actors ?? [];
  return startConsole(kernel, script, { parse: parseScript, prompt: true, actors });
}

/** Starts all tasks and gives those that are not in the background. */
function startTasks(kernel: Kernel, { scenario }: Plan): TaskStruct[] {
  const pids = new Map<string, number>();
  const started = (scenario.guest.tasks ?? []).map((task) => {
    // Filled in below: a task may name one that is started after it.
    const args: string[] = [];
    const actor = scenario.search?.actors?.includes(task.name) === true;
    const struct = start(kernel, task, args, actor);
    pids.set(task.name, struct.pid);
    return { task, args, struct };
  });
  for (const { task, args } of started) {
    for (const argument of task.args ?? []) args.push(expand(String(argument), pids));
  }
  return started.filter(({ task }) => task.background !== true).map(({ struct }) => struct);
}

function start(kernel: Kernel, task: GuestTask, args: readonly string[], actor: boolean): TaskStruct {
  const program = findProgram(task.program);
  if (program === null) throw new Error(`the plan names an unknown program, ${task.program}`);
  const delay = task.start === undefined ? null : parseDuration(task.start);
  const at: { at?: Ns } = delay === null ? {} : { at: ns(kernel.machine.now + delay) };
  const bare = task.bare === true;
  return startProgram(kernel, { program, args, parse: parseScript, actor, bare, ...at });
}

/** `$victim` is the pid of the task named victim. */
function expand(argument: string, pids: ReadonlyMap<string, number>): string {
  const pid = argument.startsWith('$') ? pids.get(argument.slice(1)) : undefined;
  return pid === undefined ? argument : String(pid);
}
