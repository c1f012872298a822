import type { Driver } from './workers/driver.ts';

const PATIENCE_MS = 1_000;
/** Between two lines on a stream that is no terminal, and on one. */
const PERIOD_MS = 10_000;
const TERMINAL_PERIOD_MS = 200;

/** Tells on standard error how far a search has come: a line that changes on a terminal, else one now and then. */
export class SearchProgress {
  private readonly startedMs = performance.now();
  private toldMs = this.startedMs;
  private before = 0;
  private shown = false;

  constructor(private readonly stream: NodeJS.WriteStream) {}

  tell(driver: Driver): void {
    const nowMs = performance.now();
    const pauseMs = this.stream.isTTY ? TERMINAL_PERIOD_MS : PERIOD_MS;
    const sinceMs = nowMs - this.toldMs;
    if (nowMs - this.startedMs < PATIENCE_MS || sinceMs < pauseMs) return;
    const { statistics, outcomes, coverage } = driver;
    const { executions, blocked } = statistics;
    const rate = Math.round(((executions - this.before) * 1000) / sinceMs);
    const left =
      coverage.kind === 'complete within bound'
        ? `, complete within ${coverage.bound}`
        : coverage.kind === 'unfinished' && coverage.remaining !== null
          ? `, about ${coverage.remaining} left`
          : '';
    const states = statistics.states === undefined ? '' : `, ${statistics.states} states`;
    const text = `${executions} executions, ${rate}/s, ${blocked} blocked${states}, ${outcomes.length} outcomes${left}`;
    this.stream.write(this.stream.isTTY ? `\r\u001b[2K${text}` : `${text}\n`);
    this.toldMs = nowMs;
    this.before = executions;
    this.shown = true;
  }

  /** Takes the changing line away. */
  end(): void {
    if (this.shown && this.stream.isTTY) this.stream.write('\r\u001b[2K');
  }
}
