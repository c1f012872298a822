import { closeSync, openSync, writeSync } from 'node:fs';
import { VngFailure } from './failure.ts';
import type { Screen } from './command-line.ts';
import { reasonOf } from './reason.ts';

/** What a session shows, as an asciicast of version 2: a header, then one line for each stretch of output. */
export class Asciicast {
  private readonly fd: number;
  private readonly startedMs = performance.now();
  private open = true;

  constructor(
    private readonly file: string,
    screen: Screen,
    title: string,
  ) {
    try {
      this.fd = openSync(file, 'w');
    } catch (error) {
      throw new VngFailure(`--asciicast ${file} cannot be written: ${reasonOf(error)}`);
    }
    const env = { SHELL: '/bin/bash', TERM: 'xterm-256color' };
    const timestamp = Math.floor(Date.now() / 1000);
    this.line({ version: 2, width: screen.cols, height: screen.rows, timestamp, title, env });
  }

  output(text: string): void {
    // Bytes that are no text would be halves of surrogate pairs, which players refuse.
    this.event('o', Buffer.from(text).toString());
  }

  resize({ rows, cols }: Screen): void {
    this.event('r', `${cols}x${rows}`);
  }

  close(): void {
    if (!this.open) return;
    this.open = false;
    closeSync(this.fd);
  }

  private event(kind: 'o' | 'r', data: string): void {
    const seconds = Math.round((performance.now() - this.startedMs) * 1000) / 1_000_000;
    this.line([seconds, kind, data]);
  }

  private line(content: unknown): void {
    if (!this.open) return;
    try {
      writeSync(this.fd, `${JSON.stringify(content)}\n`);
    } catch (error) {
      // A full disk ends the recording, not the session.
      this.close();
      process.stderr.write(`vng: ${this.file}: the recording ends here: ${reasonOf(error)}\r\n`);
    }
  }
}
