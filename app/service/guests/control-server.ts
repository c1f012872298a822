import { randomBytes, timingSafeEqual } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CONTROL_ENVIRONMENT,
  eventSchema,
  formatMessage,
  LineReader,
  parseMessage,
  type ControlCommand,
  type ControlEvent,
} from '../../vng/control.ts';
import { ServiceError } from '../contract/wire.ts';

type Answer = Extract<ControlEvent, { event: 'answer' }>;
/** A command without its number. */
export type Order = ControlCommand extends infer Each
  ? Each extends { id: number }
    ? Omit<Each, 'id'>
    : never
  : never;

/** A guest that does not answer is stuck in one long step, or gone (ms). */
const PATIENCE_MS = 5_000;

/** The host's end of a guest's control channel: listens for the one guest that knows the token. */
export class ControlServer {
  private readonly token = randomBytes(16).toString('hex');
  private readonly folder: string | null;
  private readonly path: string;
  private readonly server: Server;
  private readonly waiting = new Map<
    number,
    { resolve: (answer: Answer) => void; reject: (error: Error) => void }
  >();
  private guest: Socket | null = null;
  private ids = 0;

  private constructor(private readonly onEvent: (event: ControlEvent) => void) {
    if (process.platform === 'win32') {
      this.folder = null;
      this.path = `\\\\.\\pipe\\scythe-${randomBytes(8).toString('hex')}`;
    } else {
      // A folder that only its owner can enter.
      this.folder = mkdtempSync(join(tmpdir(), 'scythe-guest-'));
      this.path = join(this.folder, 'control');
    }
    this.server = createServer((socket) => {
      this.admit(socket);
    });
  }

  static async listen(onEvent: (event: ControlEvent) => void): Promise<ControlServer> {
    const control = new ControlServer(onEvent);
    await new Promise<void>((resolve, reject) => {
      control.server.once('error', reject);
      control.server.listen(control.path, resolve);
    });
    return control;
  }

  /** What a guest must find in its environment. */
  get environment(): Record<string, string> {
    return { [CONTROL_ENVIRONMENT.socket]: this.path, [CONTROL_ENVIRONMENT.token]: this.token };
  }

  send(order: Order): Promise<Answer> {
    const { guest } = this;
    if (guest === null) {
      throw new ServiceError(
        'unavailable',
        'the guest is not there yet, or gone',
        'wait for its boot, or restart it',
      );
    }
    const id = ++this.ids;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiting.delete(id);
        reject(new ServiceError('failed', 'the guest does not answer', 'restart it'));
      }, PATIENCE_MS);
      const settle = (then: () => void) => {
        clearTimeout(timer);
        then();
      };
      this.waiting.set(id, {
        resolve: (answer) => settle(() => resolve(answer)),
        reject: (error) => settle(() => reject(error)),
      });
      guest.write(formatMessage({ ...order, id }));
    });
  }

  close(): void {
    for (const { reject } of this.waiting.values())
      reject(new ServiceError('cancelled', 'the guest has ended'));
    this.waiting.clear();
    this.guest?.destroy();
    this.guest = null;
    this.server.close();
    if (this.folder !== null) rmSync(this.folder, { recursive: true, force: true });
  }

  private admit(socket: Socket): void {
    const lines = new LineReader();
    let known = false;
    socket.setEncoding('utf8');
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      if (this.guest === socket) this.guest = null;
    });
    socket.on('data', (chunk: string) => {
      const complete = lines.read(chunk);
      if (complete === null) {
        socket.destroy();
        return;
      }
      for (const line of complete) {
        const event = parseMessage(line, eventSchema);
        if (typeof event === 'string') continue;
        // The first word is who it is; whoever does not know the token is nobody.
        if (!known) {
          if (this.guest !== null || event.event !== 'ready' || !this.isToken(event.token)) {
            socket.destroy();
            return;
          }
          known = true;
          this.guest = socket;
        }
        this.take(event);
      }
    });
  }

  private take(event: ControlEvent): void {
    if (event.event !== 'answer') {
      this.onEvent(event);
      return;
    }
    const waiting = event.id === null ? undefined : this.waiting.get(event.id);
    if (event.id === null || waiting === undefined) return;
    this.waiting.delete(event.id);
    if (event.ok) waiting.resolve(event);
    else waiting.reject(new ServiceError('failed', event.error ?? 'the guest refused'));
  }

  private isToken(token: string): boolean {
    const [given, own] = [Buffer.from(token), Buffer.from(this.token)];
    return given.length === own.length && timingSafeEqual(given, own);
  }
}
