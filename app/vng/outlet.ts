import { write } from 'node:fs';
import { encodeText } from '../base/byte-text.ts';

/** More than this waits for the terminal: the guest has to wait too. */
const FULL_BYTES = 256 * 1024;
/** Waiting writers try again after so long when a pipe that does not block is full. */
const RETRY_MS = 5;

/**
 * A stream to the terminal, a pipe or a file that loses nothing and never stands still the process: writes are made
 * one after the other by the thread pool, so a terminal that was stopped by Ctrl-S, or a slow reader, holds up the
 * output alone.
 */
export class Outlet {
  private readonly waiting: Uint8Array[] = [];
  private bytes = 0;
  private busy = false;
  private gone = false;
  private emptied: (() => void)[] = [];

  constructor(
    private readonly fd: number,
    /** Called when there is room again after `isFull`. */
    private readonly onRoom: () => void,
    /** Called once when nobody reads any more. */
    private readonly onGone: () => void,
  ) {}

  get isFull(): boolean {
    return this.bytes > FULL_BYTES;
  }

  get isGone(): boolean {
    return this.gone;
  }

  write(text: string): void {
    if (this.gone || text === '') return;
    const chunk = encodeText(text);
    this.waiting.push(chunk);
    this.bytes += chunk.length;
    this.pump();
  }

  /** Resolves when all is written, or nobody reads any more, or after a while. True if nothing is left. */
  async flush(patienceMs: number): Promise<boolean> {
    if (this.bytes === 0 || this.gone) return true;
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), patienceMs);
      this.emptied.push(() => {
        clearTimeout(timer);
        resolve(true);
      });
    });
  }

  private pump(): void {
    if (this.busy || this.waiting.length === 0) return;
    this.busy = true;
    const chunk = this.waiting.length === 1 ? this.waiting[0] : Buffer.concat(this.waiting);
    this.waiting.length = 0;
    this.put(chunk);
  }

  private put(chunk: Uint8Array): void {
    if (process.platform === 'win32') this.putByStream(chunk);
    else write(this.fd, chunk, (error, written) => this.wrote(chunk, error, written));
  }

  /** Consoles of Windows need their escape sequences and their text translated, which the streams of Node do. */
  private putByStream(chunk: Uint8Array): void {
    const stream = this.fd === 2 ? process.stderr : process.stdout;
    stream.write(chunk, (error) => this.wrote(chunk, error ?? null, chunk.length));
  }

  private wrote(chunk: Uint8Array, error: NodeJS.ErrnoException | null, written: number): void {
    if (error !== null) {
      if (error.code === 'EAGAIN') setTimeout(() => this.put(chunk), RETRY_MS);
      else this.lose();
      return;
    }
    const wasFull = this.isFull;
    this.bytes -= written;
    if (written < chunk.length) {
      this.put(chunk.subarray(written));
    } else {
      this.busy = false;
      this.pump();
    }
    if (wasFull && !this.isFull) this.onRoom();
    if (this.bytes === 0) this.tellEmptied();
  }

  private lose(): void {
    this.gone = true;
    this.waiting.length = 0;
    this.bytes = 0;
    this.tellEmptied();
    this.onGone();
  }

  private tellEmptied(): void {
    const told = this.emptied;
    this.emptied = [];
    for (const tell of told) tell();
  }
}
