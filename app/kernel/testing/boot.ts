import type { Body } from '../../sim/call.ts';
import { Cell } from '../../sim/cell.ts';
import type { Chooser, Clock } from '../../sim/chooser.ts';
import { Machine } from '../../sim/machine.ts';
import { RandomChooser } from '../../sim/random.ts';
import type { Task } from '../../sim/task.ts';
import type { Config } from '../config.ts';
import { SignalStruct, TaskStruct } from '../include/sched.ts';
import { defaultConfig } from '../kconfig.ts';
import { Kernel } from '../kernel.ts';
import type { SearchDetail } from '../search-detail.ts';
import { reserve } from '../struct.ts';
import type { Patch, Tree } from '../tree.ts';

const bareTree: Tree = {
  name: 'v6.12',
  description: 'no bodies of its own',
  release: '6.12.117',
  replacements: [],
  traits: { kvmAllocation: 'vmalloc', preemptionModelInDumps: false, spteZapTouchesPage: true },
};

export interface TestOptions {
  readonly config?: Partial<Config>;
  readonly tree?: Tree;
  readonly patches?: readonly Patch[];
  readonly cpus?: number;
  /** A warning before the test: reports then say `Tainted: G        W`. */
  readonly tainted?: boolean;
  /** Virtual time; one nanosecond per operation if not given. */
  readonly clock?: Clock;
  readonly searchDetail?: Partial<SearchDetail>;
}

/** A kernel without any thread: as a test wants it. All debug options are off unless given. */
export function bootForTest(options: TestOptions = {}): Kernel {
  const debugOff: Partial<Config> = {
    PREEMPT_RT: false,
    DEBUG_ATOMIC_SLEEP: false,
    PROVE_LOCKING: false,
    PROVE_RAW_LOCK_NESTING: false,
    PROVE_RCU: false,
    KASAN: false,
    DEBUG_LIST: false,
    DEBUG_PREEMPT: false,
    PREEMPT_RCU: true,
  };
  const machine = new Machine();
  if (options.clock !== undefined) machine.clock = options.clock;
  const kernel = new Kernel(
    {
      tree: options.tree ?? bareTree,
      patches: options.patches ?? [],
      config: { ...defaultConfig(), ...debugOff, ...options.config },
      append: new Map(),
      cpus: options.cpus ?? 2,
      ...(options.searchDetail === undefined ? {} : { searchDetail: options.searchDetail }),
    },
    machine,
  );
  if (options.tainted === true) kernel.taint = TAINT_WARN;
  return kernel;
}

const TAINT_WARN = 1 << 9;

/** Tasks by comm; they get pids from 100 on, in order. */
export type TestTasks = Readonly<Record<string, () => Body<unknown>>>;

/** Adds tasks, each waiting at its start. */
export function addTasks(kernel: Kernel, tasks: TestTasks): Record<string, TaskStruct> {
  const added: Record<string, TaskStruct> = {};
  kernel.machine.inside(() => {
    let pid = 100;
    for (const [comm, body] of Object.entries(tasks)) added[comm] = addTask(kernel, comm, pid++, body);
  });
  return added;
}

function addTask(kernel: Kernel, comm: string, pid: number, body: () => Body<unknown>): TaskStruct {
  const tsk = new TaskStruct(reserve('slab', 'task_struct', 9792));
  tsk.signal = new SignalStruct(reserve('slab', 'signal_cache', 1216));
  tsk.signal.thread_head.value = [tsk];
  tsk.sighand.value = tsk.signal;
  Object.assign(tsk, { comm, pid, tgid: pid });
  const start = new Cell(true, `start of ${comm}`);
  kernel.machine.spawn({
    label: comm,
    context: tsk,
    *body() {
      yield* start.read();
      return yield* body();
    },
    prepare: (task) => {
      tsk.thread = task;
      task.cpu = task.index % kernel.cpus;
    },
  });
  return tsk;
}

/** Runs tasks until nobody can go on: at random from seed 1 unless a chooser is given. */
export function runTasks(
  kernel: Kernel,
  tasks: TestTasks,
  chooser: Chooser = new RandomChooser(1),
): Record<string, TaskStruct> {
  const added = addTasks(kernel, tasks);
  kernel.machine.run(chooser, 1_000_000);
  return added;
}

/** Each task runs until it waits or ends before the next one gets a turn. */
export const inTurn: Chooser = {
  next: (enabled: readonly Task[]) => enabled[0] ?? null,
  alternative: () => 0,
};

/** Tasks take steps as the list of names says; when it is exhausted, in turn. */
export function stepping(...names: readonly string[]): Chooser {
  let at = 0;
  return {
    next(enabled) {
      const name = names[at++];
      return enabled.find((task) => task.label === name) ?? enabled[0] ?? null;
    },
    alternative: () => 0,
  };
}

/** What dmesg shows, without time stamps. */
export function dmesg(kernel: Kernel): string[] {
  return kernel.log.lines.map((line) => line.text);
}
