import { Call, FunctionSymbol, type Body } from '../../sim/call.ts';
import { Cell } from '../../sim/cell.ts';
import type { Chooser } from '../../sim/chooser.ts';
import { abandon } from '../../sim/spawn.ts';
import type { Task } from '../../sim/task.ts';
import { deadStackFrame } from '../checkers/dead_stack_frame.ts';
import { leaks } from '../checkers/leaks.ts';
import type { Config } from '../config.ts';
import type { FaultRule } from '../faults.ts';
import { PF_KTHREAD, TaskStruct } from '../include/sched.ts';
import { defaultConfig } from '../kconfig.ts';
import { Kernel } from '../kernel.ts';
import { do_exit } from '../kernel/exit.ts';
import { replace } from '../kfunc.ts';
import { deadAccess } from '../mm/dead_access.ts';
import { reserve } from '../struct.ts';
import type { Tree } from '../tree.ts';

const bareTree: Tree = {
  name: 'v6.12',
  description: 'no bodies of its own',
  release: '6.12.117',
  // Its tasks have nothing of a process that do_exit() could give back.
  replacements: [
    replace(do_exit, function* () {
      return yield* abandon();
    }),
  ],
  traits: { kvmAllocation: 'vmalloc', preemptionModelInDumps: false, spteZapTouchesPage: true },
};

export interface BareOptions {
  readonly config?: Partial<Config>;
  readonly append?: Readonly<Record<string, string>>;
  readonly faults?: readonly FaultRule[];
  readonly traits?: Partial<Tree['traits']>;
}

/** A kernel that was not booted: no threads, and of the checkers only those of memory. */
export function bareKernel({ config = {}, append = {}, faults = [], traits = {} }: BareOptions = {}): Kernel {
  const kernel = new Kernel({
    tree: { ...bareTree, traits: { ...bareTree.traits, ...traits } },
    patches: [],
    config: { ...defaultConfig(), KASAN: true, KASAN_VMALLOC: true, ...config },
    append: new Map(Object.entries(append)),
    cpus: 2,
    faults,
  });
  kernel.machine.inside(() => {
    for (const checker of [deadAccess, deadStackFrame, leaks]) {
      if (checker.enabled(kernel.config)) checker.attach(kernel);
    }
  });
  return kernel;
}

/** Adds a task that has a comm and a pid, and nothing else of a process. */
export function addTask(kernel: Kernel, comm: string, pid: number, body: () => Body<unknown>): TaskStruct {
  return kernel.machine.inside(() => {
    const tsk = new TaskStruct(reserve('slab', 'task_struct', 4096));
    Object.assign(tsk, { comm, pid, tgid: pid });
    const start = new Cell(true, `start of ${comm}`);
    kernel.machine.spawn({
      label: comm,
      context: tsk,
      *body() {
        // Its own code comes when it is scheduled for the first time.
        yield* start.read();
        yield* body();
      },
      prepare: (task) => {
        tsk.thread = task;
        task.cpu = 0;
      },
    });
    return tsk;
  });
}

/** A kernel thread: what it does is called by kthread(). */
export function addKthread(kernel: Kernel, comm: string, pid: number, body: () => Body<unknown>): TaskStruct {
  const tsk = addTask(kernel, comm, pid, () => within(['kthread'], body));
  tsk.flags |= PF_KTHREAD;
  return tsk;
}

/** Runs each task to its end before the next, in the order in which they were added. */
export function runInTurn(kernel: Kernel, alternative = 0): void {
  const chooser: Chooser = {
    next: (enabled: readonly Task[]) => enabled[0] ?? null,
    alternative: () => alternative,
  };
  kernel.machine.run(chooser);
  kernel.hooks.emit('endOfRun');
}

/** Runs `body` as if called through functions of these names, outermost first. */
export function* within<Result>(names: readonly string[], body: () => Body<Result>): Body<Result> {
  const [name, ...rest] = names;
  if (name === undefined) return yield* body();
  const symbol = new FunctionSymbol(name, () => within(rest, body));
  return yield* new Call<Result>(symbol, []);
}

/** What dmesg shows, without time stamps. */
export function dmesg(kernel: Kernel): string[] {
  return kernel.log.lines.map((line) => line.text);
}

/** A golden file: the titles, and the bytes of dmesg. */
export function golden(kernel: Kernel, titles: readonly string[]): string {
  return `${titles.map((title) => `TITLE: ${title}\n`).join('')}\n${dmesg(kernel).join('\n')}\n`;
}
