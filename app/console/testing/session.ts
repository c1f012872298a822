import { seconds, type Ns } from '../../base/brand.ts';
import { consoleTty } from '../../kernel/drivers/tty/console.ts';
import { init_task_tasks } from '../../kernel/kernel/pid.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { startInteractiveShell } from '../guest.ts';
import { parseScript } from '../shell/parse.ts';
import { bootGuest, type GuestOptions } from './guest.ts';

export interface SessionOptions extends GuestOptions {
  readonly rows?: number;
  readonly cols?: number;
  readonly user?: string;
  readonly cwd?: string;
}

/** A user at a terminal of a guest, for tests: types, waits, looks. */
export class Session {
  readonly kernel: Kernel;
  /** All that the terminal got, as raw bytes. */
  output = '';
  private readonly shell;
  private readonly runUntil;

  constructor(options: SessionOptions = {}) {
    const { kernel, run } = bootGuest(options);
    this.kernel = kernel;
    this.runUntil = run;
    const { rows = 24, cols = 80, user, cwd } = options;
    this.shell = startInteractiveShell(kernel, {
      ...{ parse: parseScript, rows, cols },
      ...(user !== undefined && { user }),
      ...(cwd !== undefined && { cwd }),
    });
    kernel.machine.inside(() => {
      consoleTty().onOutput = (text) => (this.output += text);
    });
    this.wait(1);
  }

  /** Types a text and lets the guest run for a while of its own time. The result is what that showed. */
  type(text: string, time = 1): string {
    this.kernel.machine.inside(() => {
      consoleTty().type(text);
    });
    return this.wait(time);
  }

  /** A line, as if Enter had been pressed. */
  line(text: string, time = 1): string {
    return this.type(`${text}\r`, time);
  }

  resize(rows: number, cols: number): string {
    this.kernel.machine.inside(() => {
      consoleTty().resize(rows, cols);
    });
    return this.wait(1);
  }

  /** The window is closed. */
  hangup(): string {
    this.kernel.machine.inside(() => {
      consoleTty().hangup();
    });
    return this.wait(1);
  }

  /** Command names of the processes that there are. */
  processes(): readonly string[] {
    return this.kernel.machine.inside(() => init_task_tasks().value.map(({ comm }) => comm));
  }

  /** Lets so many seconds of the guest's time go by. */
  wait(time: number): string {
    const before = this.output.length;
    const { machine } = this.kernel;
    const until = (machine.now + seconds(time)) as Ns;
    this.runUntil(null, until);
    if (machine.now < until) machine.now = until;
    return this.output.slice(before);
  }

  /** Has the shell ended? With which code, as wait4() would give it? */
  get ended(): unknown {
    return this.shell.thread.state === 'ended' ? this.shell.thread.result : undefined;
  }
}
