import { styleText } from 'node:util';
import { formatDuration } from '../scenario/units.ts';

type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

/** Colours where they help: on a terminal, unless NO_COLOR asks for none. */
export class Palette {
  constructor(private readonly enabled: boolean) {}

  static of(stream: NodeJS.WriteStream, environment: NodeJS.ProcessEnv = process.env): Palette {
    const refused = (environment['NO_COLOR'] ?? '') !== '' || environment['TERM'] === 'dumb';
    return new Palette(stream.isTTY && !refused);
  }

  paint(style: Style, text: string): string {
    return this.enabled ? styleText(style, text) : text;
  }
}

/** Milliseconds before the first sign of progress, and between two on a stream that is no terminal. */
const PATIENCE_MS = 1_000;
const PERIOD_MS = 10_000;

/** Tells on standard error how far long work has come: one line that changes on a terminal, else a line now and then. */
export class Progress {
  private readonly startedMs = performance.now();
  private toldMs = this.startedMs;
  private shown = false;

  constructor(
    private readonly stream: NodeJS.WriteStream,
    private readonly total: number,
  ) {}

  /** `done` iterations are behind us; the present one has performed `steps` operations up to `now` (virtual ns). */
  tell(done: number, steps: number, now: number): void {
    const nowMs = performance.now();
    const elapsedMs = nowMs - this.startedMs;
    const pauseMs = this.stream.isTTY ? 100 : PERIOD_MS;
    if (elapsedMs < PATIENCE_MS || nowMs - this.toldMs < pauseMs) return;
    this.toldMs = nowMs;
    const of = this.total > 1 ? `iteration ${done + 1} of ${this.total}, ` : '';
    const left =
      done > 0 ? `, about ${Math.ceil(((elapsedMs / done) * (this.total - done)) / 1000)} s left` : '';
    const text = `${of}${steps} operations, ${formatDuration(now)} of virtual time${left}`;
    this.stream.write(this.stream.isTTY ? `\r\u001b[2K${text}` : `${text}\n`);
    this.shown = true;
  }

  /** Takes the changing line away. */
  end(): void {
    if (this.shown && this.stream.isTTY) this.stream.write('\r\u001b[2K');
  }
}
