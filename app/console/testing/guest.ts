import { seconds, type Ns } from '../../base/brand.ts';
import { boot } from '../../kernel/init/main.ts';
import type { Config } from '../../kernel/config.ts';
import { defaultConfig } from '../../kernel/kconfig.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { evenCosts } from '../../kernel/testing/threads.ts';
import { trees } from '../../kernel/trees/index.ts';
import type { Patch } from '../../kernel/tree.ts';
import { Delay } from '../../sim/delay.ts';
import { Machine } from '../../sim/machine.ts';
import { TimedScheduler } from '../../sim/timed.ts';
import type { Task } from '../../sim/task.ts';
import { startConsole, startProgram, transcript } from '../guest.ts';
import type { Program } from '../programs/program.ts';
import { parseOrThrow, parseScript } from '../shell/parse.ts';
import type { UserBody } from '../userland/process.ts';

export interface GuestOptions {
  readonly config?: Partial<Config>;
  readonly patches?: readonly Patch[];
  readonly tree?: string;
  /** Words of the kernel command line. */
  readonly append?: ReadonlyMap<string, string>;
  /** Where a run is stopped that does not end by itself (virtual time). */
  readonly limit?: Ns;
}

export interface GuestRun {
  readonly kernel: Kernel;
  /** What the console showed. */
  readonly console: string;
  /** The texts of the kernel's log. */
  readonly log: readonly string[];
  /** Exit code of the foreground, as wait4() would give it; undefined if it did not end. */
  readonly status: unknown;
}

/** A booted kernel in virtual time. */
export function bootGuest(options: GuestOptions = {}): {
  kernel: Kernel;
  run: (until: Task | null, limit?: Ns) => void;
} {
  const tree = trees.find(({ name }) => name === (options.tree ?? 'v6.12'));
  if (tree === undefined) throw new Error('no such tree');
  const machine = new Machine();
  const scheduler = new TimedScheduler(2, evenCosts, 1);
  machine.clock = scheduler;
  const quiet: Partial<Config> = { PROVE_LOCKING: false, KASAN: false };
  const kernel = boot(
    {
      ...{ tree, patches: options.patches ?? [], append: options.append ?? new Map(), cpus: 2 },
      config: { ...defaultConfig(), ...quiet, ...options.config },
    },
    machine,
  );
  const run = (until: Task | null, limit: Ns = options.limit ?? seconds(60)): void => {
    machine.run({
      next: (enabled, at) => {
        if ((until !== null && until.state !== 'ready') || at.now >= limit) return null;
        const task = scheduler.next(enabled, at);
        // Nobody has anything to do before the limit: a sleep is not cut short by looking.
        return task?.pending instanceof Delay && task.pending.due > limit ? null : task;
      },
      alternative: (choice, task) => scheduler.alternative(choice, task),
    });
  };
  return { kernel, run };
}

/** Runs a shell script in a guest until it ends. */
export function runScript(script: string, options: GuestOptions = {}): GuestRun {
  const { kernel, run } = bootGuest(options);
  const shell = startConsole(kernel, parseOrThrow(script), { parse: parseScript });
  run(shell.thread);
  return result(kernel, shell.thread);
}

/** Runs user code as the only process of a guest. */
export function runUser(body: UserBody, prepare: (kernel: Kernel) => void = () => {}): GuestRun {
  const { kernel, run } = bootGuest();
  kernel.machine.inside(() => prepare(kernel));
  const program: Program = { name: 'user', summary: '', options: [], main: body };
  const task = startProgram(kernel, { program, args: [], parse: parseScript });
  run(task.thread);
  return result(kernel, task.thread);
}

function result(kernel: Kernel, task: Task): GuestRun {
  return {
    kernel,
    console: transcript(kernel),
    log: kernel.log.lines.map(({ text }) => text),
    status: task.state === 'ended' ? task.result : undefined,
  };
}
