import { connect, type Socket } from 'node:net';
import {
  CONTROL_VERSION,
  commandSchema,
  formatMessage,
  LineReader,
  parseMessage,
  type ControlCommand,
  type ControlEvent,
} from './control.ts';
import { describeTasks } from './describe.ts';
import type { NewReport } from './reports.ts';
import type { Engine } from './engine.ts';
import type { GuestMachine } from './guest-machine.ts';
import type { ConsoleState, SessionWatcher } from './session.ts';

/** The guest's clock is told so often, while it goes. */
const CLOCK_MS = 100;
/** Whoever listens has so long to answer a connection. */
const CONNECT_MS = 5_000;

/** What a channel watches and steers: a session or a script. */
export interface Controlled {
  readonly guest: GuestMachine;
  readonly engine: Engine;
  readonly state: ConsoleState;
  exit(): void;
}

export interface ChannelOptions {
  readonly path: string;
  readonly token: string;
  readonly session: Controlled;
  readonly tree: string;
  readonly patches: readonly string[];
  readonly seed: number;
  /** Writes the recording to a file. */
  readonly record: (path: string) => void;
  /** Nobody is at the other end any more. */
  readonly onLost: (reason: string) => void;
}

/** The guest's end of the control channel. */
export class ControlChannel implements SessionWatcher {
  private readonly socket: Socket;
  private readonly lines = new LineReader();
  private lastClockMs = -CLOCK_MS;
  private closed = false;

  constructor(private readonly options: ChannelOptions) {
    this.socket = connect(options.path);
    this.socket.setEncoding('utf8');
    const patience = setTimeout(() => this.lose('nobody listens'), CONNECT_MS);
    this.socket.on('connect', () => {
      clearTimeout(patience);
      this.greet();
    });
    this.socket.on('data', (chunk: string) => this.read(chunk));
    this.socket.on('error', (error) => {
      clearTimeout(patience);
      this.lose(error.message);
    });
    this.socket.on('close', () => {
      clearTimeout(patience);
      this.lose('it was closed');
    });
  }

  state(state: ConsoleState): void {
    this.send({ event: 'console', state, now: this.now });
    this.clock(true);
  }

  report({ title, at, step }: NewReport): void {
    this.send({ event: 'report', title: title.slice(0, 4096), at, step });
  }

  slice(): void {
    this.clock(false);
  }

  /** The last words. */
  async exit(code: number, reason: string): Promise<void> {
    this.send({ event: 'exit', code, reason: reason.slice(0, 4096) });
    this.closed = true;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, 500);
      this.socket.end(() => {
        clearTimeout(timer);
        resolve();
      });
    });
    this.socket.destroy();
  }

  private get now(): number {
    return Math.max(0, Math.floor(this.options.session.engine.virtualNow));
  }

  private greet(): void {
    const { session, token, tree, patches, seed } = this.options;
    const { release } = session.guest.kernel.tree;
    const guest = { process: process.pid, release, tree, patches: [...patches], seed };
    this.send({ event: 'ready', version: CONTROL_VERSION, token, ...guest });
    this.state(session.state);
  }

  private clock(anyway: boolean): void {
    const nowMs = performance.now();
    if (!anyway && nowMs - this.lastClockMs < CLOCK_MS) return;
    this.lastClockMs = nowMs;
    const { engine } = this.options.session;
    this.send({ event: 'clock', now: this.now, factor: engine.factor, paused: engine.isPaused });
  }

  private send(event: ControlEvent): void {
    if (!this.closed && this.socket.writable) this.socket.write(formatMessage(event));
  }

  private read(chunk: string): void {
    if (this.closed) return;
    const lines = this.lines.read(chunk);
    if (lines === null) {
      this.lose('a line is too long');
      return;
    }
    for (const line of lines) {
      const command = parseMessage(line, commandSchema);
      if (typeof command === 'string') {
        this.send({ event: 'answer', id: idOf(line), ok: false, error: command.slice(0, 4096) });
        continue;
      }
      this.obey(command);
    }
  }

  private obey(command: ControlCommand): void {
    const { id } = command;
    try {
      this.send({ event: 'answer', id, ok: true, ...this.perform(command) });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.send({ event: 'answer', id, ok: false, error: message.slice(0, 4096) });
    }
    if (command.command === 'quit') this.options.session.exit();
    else this.clock(true);
  }

  private perform(command: ControlCommand): Partial<Extract<ControlEvent, { event: 'answer' }>> {
    const { session, record } = this.options;
    switch (command.command) {
      case 'pause':
        session.engine.pause();
        return {};
      case 'resume':
        session.engine.resume();
        return {};
      case 'step':
        session.engine.stepTo(command.to);
        return {};
      case 'realtime':
        session.engine.setFactor(command.factor);
        return {};
      case 'record':
        record(command.path);
        return { path: command.path };
      case 'describe':
        return { tasks: describeTasks(session.guest).map((task) => ({ ...task, heldBy: [...task.heldBy] })) };
      case 'quit':
        return {};
    }
  }

  private lose(reason: string): void {
    if (this.closed) return;
    this.closed = true;
    this.socket.destroy();
    this.options.onLost(reason);
  }
}

/** The id of a command that is wrong otherwise, so that its sender learns of it. */
function idOf(line: string): number | null {
  try {
    const { id } = JSON.parse(line) as { readonly id?: unknown };
    return typeof id === 'number' && Number.isSafeInteger(id) ? id : null;
  } catch {
    return null;
  }
}
