/** A page that crashes again within this time is not loaded again unasked. */
const AGAIN_MS = 10_000;

/** Whether to load a page again that has gone: once at once, then only if the user wants to. */
export class CrashPolicy {
  private last = -Infinity;

  decide(reason: string, nowMs: number): 'reload' | 'ask' | 'nothing' {
    if (reason === 'clean-exit') return 'nothing';
    const soon = nowMs - this.last < AGAIN_MS;
    this.last = nowMs;
    return soon ? 'ask' : 'reload';
  }
}
