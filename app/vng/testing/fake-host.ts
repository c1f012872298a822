import type { HostClock } from '../engine.ts';
import type { Host } from '../host.ts';

/** A clock of the host that goes only when a test says so. */
export class FakeClock implements HostClock {
  private ms = 0;
  private readonly calls: { at: number; order: number; call: (() => void) | null }[] = [];
  private order = 0;
  /** How often somebody was called back: what an idle guest costs. */
  callbacks = 0;

  now = (): number => this.ms;

  later = (ms: number, call: () => void): (() => void) => {
    const entry = { at: this.ms + ms, order: this.order++, call: call as (() => void) | null };
    this.calls.push(entry);
    return () => {
      entry.call = null;
    };
  };

  soon = (call: () => void): (() => void) => this.later(0, call);

  /** Lets real time pass, in steps if somebody wants to see that each slice starts late. */
  pass(ms: number, most = 100_000): void {
    const end = this.ms + ms;
    for (let left = most; left > 0; left--) {
      const next = this.calls
        .filter(({ at, call }) => at <= end && call !== null)
        .sort((a, b) => a.at - b.at || a.order - b.order)[0];
      if (next === undefined) break;
      this.ms = Math.max(this.ms, next.at);
      const { call } = next;
      next.call = null;
      this.callbacks++;
      call?.();
    }
    this.ms = Math.max(this.ms, end);
    this.calls.splice(0, this.calls.length, ...this.calls.filter(({ call }) => call !== null));
  }
}

/** A host that keeps what is printed. */
export class FakeHost implements Host {
  stdout = '';
  stderr = '';
  readonly cpus = 2;
  readonly outIsTerminal = false;
  readonly columns = 80;
  readonly user = 'root';

  constructor(
    readonly cwd: string,
    private readonly stdin = '',
  ) {}

  hasUser(name: string): boolean {
    return ['root', 'ada'].includes(name);
  }

  out(text: string): void {
    this.stdout += text;
  }

  err(text: string): void {
    this.stderr += text;
  }

  readStdin(): string {
    return this.stdin;
  }
}
