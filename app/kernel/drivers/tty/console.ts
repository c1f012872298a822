import type { Ns } from '../../../base/brand.ts';
import { machineInForce } from '../../../sim/machine-in-force.ts';
import { SimObject } from '../../../sim/object.ts';
import { BlockingEffect, Effect, type Operation } from '../../../sim/operation.ts';
import { kernelGlobal } from '../../globals.ts';
import type { FileOperations, FileStruct } from '../../include/fs.ts';
import { INIT, kernelInit } from '../../init/initcall.ts';
import { kfunc } from '../../kfunc.ts';
import { registerDevice } from '../base/core.ts';

/** One line on the console, with the moment at which its last character came. */
export interface ConsoleLine {
  readonly time: Ns;
  readonly text: string;
  /** True for the last line if no newline has ended it yet. */
  readonly open: boolean;
}

/**
 * The console of the guest: what programs print, line by line, and what was typed. Who writes first is for
 * everybody to see, so two writes do not commute.
 */
export class ConsoleTty extends SimObject {
  readonly lines: ConsoleLine[] = [];
  private typed = '';
  private closed = true;

  constructor() {
    super(null);
  }

  override get name(): string {
    return 'console';
  }

  write(data: string): Operation<number> {
    return new Effect('write', this, 'write', (task) => {
      const machine = machineInForce();
      const pieces = data.split('\n');
      pieces.forEach((piece, i) => {
        this.append(piece, machine.now, i === pieces.length - 1);
      });
      machine.observer?.said?.(task, 'console', data);
      return data.length;
    });
  }

  /** Waits for a line (or what is left before the end of the input) and takes it; '' at the end. */
  read(size: number): Operation<string> {
    return new BlockingEffect(
      'read',
      this,
      'write',
      () => this.closed || this.typed !== '',
      () => {
        const newline = this.typed.indexOf('\n');
        const end = Math.min(newline < 0 ? this.typed.length : newline + 1, size);
        const line = this.typed.slice(0, end);
        this.typed = this.typed.slice(end);
        return line;
      },
    );
  }

  /** For the host, between steps: hands in what was typed. `more` says that the input is not at its end. */
  type(text: string, more: boolean): void {
    this.typed += text;
    this.closed = !more;
    machineInForce().wake(this);
  }

  private append(piece: string, time: Ns, last: boolean): void {
    const at = this.lines.length - 1;
    const open = at >= 0 && this.lines[at].open;
    if (last && piece === '') {
      return;
    }
    const line: ConsoleLine = { time, text: (open ? this.lines[at].text : '') + piece, open: last };
    if (open) this.lines[at] = line;
    else this.lines.push(line);
  }
}

/** The console of the kernel that runs. */
export const consoleTty = kernelGlobal('console_tty', () => new ConsoleTty());

/** n_tty_write() - print to the console. Models: drivers/tty. Leaves out: line discipline and flow control. */
export const n_tty_write = kfunc('n_tty_write', function* (_file: FileStruct, data: string) {
  return yield* consoleTty().write(data);
});

/** n_tty_read() - read a line from the console. */
export const n_tty_read = kfunc('n_tty_read', function* (_file: FileStruct, size: number) {
  return yield* consoleTty().read(size);
});

const tty_fops: FileOperations = {
  read: (file, size) => n_tty_read(file, size),
  write: (file, data) => n_tty_write(file, data),
};

const read_null = kfunc('read_null', function* () {
  return '';
});

const write_null = kfunc('write_null', function* (_file: FileStruct, data: string) {
  return data.length;
});

kernelInit('console', INIT.DEVICE, () => {
  for (const name of ['console', 'tty', 'hvc0', 'stdout', 'stderr']) registerDevice(`/dev/${name}`, tty_fops);
  registerDevice('/dev/null', { read: () => read_null(), write: (file, data) => write_null(file, data) });
});
