import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ControlEvent } from '../../vng/control.ts';
import type { GuestInfo } from '../contract/guests.ts';
import { ServiceError } from '../contract/wire.ts';
import { Asciicast } from './asciicast.ts';
import { ControlServer, type Order } from './control-server.ts';
import type { Pty, SpawnPty } from './pty.ts';
import { Screen } from './screen.ts';

/** How `vng` is started: a program with its first arguments. */
export interface VngProgram {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface GuestOptions {
  readonly id: string;
  readonly title: string;
  readonly args: readonly string[];
  readonly cols: number;
  readonly rows: number;
  readonly program: VngProgram;
  readonly spawn: SpawnPty;
  /** Where `vng` is started: files of its arguments are found there. */
  readonly folder: string;
  /** For files that the guest hands over. */
  readonly stateDir: string;
  readonly onChange: () => void;
  readonly onReport: (report: { title: string; atNs: number; step: number }) => void;
}

/** Of the guest's clock the workbench is told so often at most (ms). */
const CLOCK_MS = 250;

/** One guest: `vng` on a pseudo terminal, and the channel by which it is controlled. */
export class Guest {
  private readonly screen: Screen;
  private cast: Asciicast;
  private pty: Pty | null = null;
  private control: ControlServer | null = null;
  private state: GuestInfo['state'] = 'booting';
  private now = 0;
  private exitCode: number | null = null;
  private seedUsed = 1;
  private toldMs = -Infinity;
  private closed = false;
  private cols: number;
  private rows: number;

  constructor(private readonly options: GuestOptions) {
    this.cols = options.cols;
    this.rows = options.rows;
    this.screen = new Screen(options.cols, options.rows, (holds) => {
      if (holds) this.pty?.pause();
      else this.pty?.resume();
    });
    this.cast = new Asciicast(options.cols, options.rows, options.title);
  }

  get info(): GuestInfo {
    const { id, title, args } = this.options;
    const command = ['vng', ...args].join(' ');
    return { id, title, command, state: this.state, now: this.now, exitCode: this.exitCode };
  }

  get seed(): number {
    return this.seedUsed;
  }

  async start(): Promise<void> {
    const { program, args, spawn, folder } = this.options;
    const control = await ControlServer.listen((event) => {
      if (this.control === control) this.take(event);
    });
    this.control = control;
    this.become('booting');
    try {
      const pty = await spawn({
        ...{
          file: program.file,
          args: [...program.args, ...args],
          cols: this.cols,
          rows: this.rows,
          cwd: folder,
        },
        env: { ...environment(), ...program.env, ...control.environment, TERM: 'xterm-256color' },
      });
      if (this.closed) {
        pty.kill('SIGKILL');
        return;
      }
      this.pty = pty;
      pty.onData((data) => {
        if (this.pty !== pty) return;
        this.screen.write(data);
        this.cast.output(data);
      });
      pty.onExit(({ exitCode }) => {
        if (this.pty !== pty) return;
        this.exitCode = exitCode;
        this.drop();
        this.become('exited');
      });
    } catch (error) {
      this.drop();
      throw error;
    }
  }

  input(data: string): void {
    this.running().write(data);
  }

  resize(cols: number, rows: number): void {
    this.cols = cols;
    this.rows = rows;
    this.screen.resize(cols, rows);
    this.cast.resize(cols, rows);
    this.pty?.resize(cols, rows);
  }

  view(show: (data: string) => void): () => void {
    return this.screen.view(show);
  }

  async order(order: Order): Promise<void> {
    if (this.control === null) throw gone();
    await this.control.send(order);
  }

  async restart(): Promise<void> {
    this.end();
    this.screen.write('\x1bc');
    this.exitCode = null;
    this.now = 0;
    await this.start();
  }

  kill(): void {
    if (this.state === 'exited') return;
    this.end();
    this.exitCode = null;
    this.become('exited');
  }

  castText(): string {
    return this.cast.text();
  }

  /** What was typed so far, as a scenario. */
  async scenarioText(): Promise<string> {
    const { stateDir } = this.options;
    const file = join(stateDir, `recording-${randomBytes(8).toString('hex')}.yaml`);
    mkdirSync(stateDir, { recursive: true });
    try {
      await this.order({ command: 'record', path: file });
      return readFileSync(file, 'utf8');
    } finally {
      rmSync(file, { force: true });
    }
  }

  close(): void {
    this.closed = true;
    this.end();
    this.screen.close();
  }

  /** Ends the process at once, so that nothing of it stays behind. */
  private end(): void {
    const { pty } = this;
    this.drop();
    try {
      pty?.kill('SIGKILL');
    } catch {
      // It has ended by itself meanwhile.
    }
  }

  private drop(): void {
    this.pty = null;
    this.control?.close();
    this.control = null;
  }

  private running(): Pty {
    if (this.pty === null) throw gone();
    return this.pty;
  }

  private take(event: ControlEvent): void {
    switch (event.event) {
      case 'ready':
        this.seedUsed = event.seed;
        return;
      case 'clock': {
        this.now = event.now;
        const nowMs = performance.now();
        if (nowMs - this.toldMs < CLOCK_MS) return;
        this.toldMs = nowMs;
        this.options.onChange();
        return;
      }
      case 'console':
        this.now = event.now;
        if (event.state !== 'exited') this.become(event.state);
        return;
      case 'report':
        this.cast.marker(event.title);
        this.options.onReport({ title: event.title, atNs: event.at, step: event.step });
        return;
      case 'exit':
        this.exitCode = event.code;
        return;
      case 'answer':
    }
  }

  private become(state: GuestInfo['state']): void {
    if (this.closed) return;
    this.state = state;
    this.options.onChange();
  }
}

function gone(): ServiceError {
  return new ServiceError('unavailable', 'the guest has ended', 'restart it');
}

/** What a guest needs of the host's environment; secrets of the host are none of its business. */
function environment(): Record<string, string> {
  const wanted =
    /^(?:PATH|HOME|USER|LOGNAME|LANG|LC_\w+|TZ|TMPDIR|TEMP|TMP|SystemRoot|USERPROFILE|APPDATA|XDG_\w+)$/i;
  const entries = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return Object.fromEntries(entries.filter(([name]) => wanted.test(name)));
}
