import type { Ns } from '../../../base/brand.ts';
import { machineInForce } from '../../../sim/machine-in-force.ts';
import { SimObject } from '../../../sim/object.ts';
import { BlockingEffect, Effect, type Operation } from '../../../sim/operation.ts';
import { kernelGlobal } from '../../globals.ts';
import { EAGAIN } from '../../include/errno.ts';
import { O_NONBLOCK, type FileOperations, type FileStruct } from '../../include/fs.ts';
import { INIT, kernelInit } from '../../init/initcall.ts';
import { kfunc } from '../../kfunc.ts';
import type { Winsize } from '../../include/termios.ts';
import { registerDevice } from '../base/core.ts';
import { startKhvcd } from './hvc_console.ts';
import { tty_ioctl } from './tty_io.ts';
import { tty_check_change, tty_check_read } from './tty_jobctrl.ts';
import { TtyStruct } from './tty_struct.ts';
import { wait_event_interruptible } from '../../kernel/sched/wait.ts';

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
  /** The terminal that an interactive session is controlled by; null in a guest that runs a script. */
  terminal: TtyStruct | null = null;
  private listener: ((text: string) => void) | null = null;
  /** What was shown before anybody listened. */
  private unheard = '';

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

  /** Makes the console a terminal. Set-up code: starts the thread that takes input in. */
  control(size: Winsize): TtyStruct {
    const terminal = new TtyStruct(size, (text) => {
      if (this.listener === null) this.unheard += text;
      else this.listener(text);
    });
    this.terminal = terminal;
    startKhvcd(terminal);
    return terminal;
  }

  /** Who hears what the terminal shows, as a terminal wants it: with carriage returns and escape sequences. */
  get onOutput(): ((text: string) => void) | null {
    return this.listener;
  }

  set onOutput(listener: ((text: string) => void) | null) {
    this.listener = listener;
    if (listener === null || this.unheard === '') return;
    const text = this.unheard;
    this.unheard = '';
    listener(text);
  }

  /** For the host, between steps: the terminal has another size now. Those who run on it get SIGWINCH. */
  resize(rows: number, cols: number): void {
    this.terminal?.push({ kind: 'resize', size: { rows, cols } });
  }

  /** For the host, between steps: the terminal is gone. Its session gets SIGHUP. */
  hangup(): void {
    this.terminal?.push({ kind: 'hangup' });
  }

  /**
   * For the host, between steps: hands in what was typed, as the bytes that a terminal sends. `more` says that the
   * input of a script is not at its end.
   */
  type(text: string, more = true): void {
    if (this.terminal !== null) {
      if (text !== '') this.terminal.push({ kind: 'input', text });
      return;
    }
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

/**
 * n_tty_write() - print to the console.
 *
 * Context: may sleep while output is held.
 * Models: drivers/tty/n_tty.c, with what it calls of the driver.
 */
export const n_tty_write = kfunc('n_tty_write', function* (_file: FileStruct, data: string) {
  const { terminal } = consoleTty();
  if (terminal === null) return yield* consoleTty().write(data);
  const error = yield* tty_check_change(terminal, 'write');
  return error === 0 ? yield* terminal.write(data) : error;
});

/**
 * n_tty_read() - read from the console: a line, or what there is when the terminal is not in canonical mode.
 *
 * Context: sleeps interruptibly.
 * Return: the text, '' at the end; -ERESTARTSYS, or -EIO if the caller may not read.
 */
export const n_tty_read = kfunc('n_tty_read', function* (file: FileStruct, size: number) {
  const { terminal } = consoleTty();
  if (terminal === null) return yield* consoleTty().read(size);
  for (;;) {
    const refused = yield* tty_check_read(terminal);
    if (refused !== 0) return refused;
    const text = yield* terminal.take(size);
    if (text !== null) return text;
    if (yield* terminal.hungUp.read()) return '';
    if ((file.f_flags & O_NONBLOCK) !== 0) return -EAGAIN;
    const error = yield* wait_event_interruptible(terminal.read_wait, function* () {
      return (yield* terminal.available()) || (yield* terminal.hungUp.read());
    });
    if (error !== 0) return error;
  }
});

const tty_fops: FileOperations = {
  read: (file, size) => n_tty_read(file, size),
  write: (file, data) => n_tty_write(file, data),
  unlocked_ioctl: (_file, cmd, arg) => tty_ioctl(consoleTty().terminal, cmd, arg),
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
