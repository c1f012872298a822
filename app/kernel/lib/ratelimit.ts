import { kernel } from '../kernel.ts';
import { pr_warn } from '../printk.ts';

const SECOND = 1_000_000_000;

/** struct ratelimit_state - lets so many messages through in so many seconds, and says how many it kept back. */
export class Ratelimit {
  private begin = -1;
  private printed = 0;
  private missed = 0;

  constructor(
    /** The function that prints. */
    private readonly func: string,
    private readonly seconds = 5,
    private readonly burst = 10,
  ) {}

  /** __ratelimit() (plain) */
  mayPrint(): boolean {
    const { now } = kernel().machine;
    if (this.begin < 0 || now > this.begin + this.seconds * SECOND) {
      if (this.missed > 0) pr_warn(`${this.func}: ${this.missed} callbacks suppressed`);
      this.begin = now;
      this.printed = 0;
      this.missed = 0;
    }
    if (this.printed++ < this.burst) return true;
    this.missed++;
    return false;
  }
}
