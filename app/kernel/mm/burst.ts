import { kernel } from '../kernel.ts';
import { pr_alert } from '../printk.ts';

const BURST = 60;
const MINUTE = 60_000_000_000;

/** Lets 60 reports of a kind through in a minute, and says afterwards how many it kept back. */
export class Burst {
  private resume = 0;
  private shown = 0;
  private unshown = 0;

  constructor(private readonly what: string) {}

  mayShow(): boolean {
    const { now } = kernel().machine;
    if (this.shown === BURST) {
      if (now < this.resume) {
        this.unshown++;
        return false;
      }
      if (this.unshown > 0) pr_alert(`${this.what}: ${this.unshown} messages suppressed`);
      this.unshown = 0;
      this.shown = 0;
    }
    if (this.shown++ === 0) this.resume = now + MINUTE;
    return true;
  }
}
