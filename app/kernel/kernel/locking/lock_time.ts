/** Samples that are kept one by one; beyond it every other one is dropped, and from then on not looked at. */
const MOST_SAMPLES = 65_536;

/** struct lock_time - durations in virtual nanoseconds, and what percentiles need of them. */
export class LockTime {
  count = 0;
  min = 0;
  max = 0;
  total = 0;
  /** Of `stride` durations one. */
  readonly samples: number[] = [];
  stride = 1;

  add(ns: number): void {
    if (this.count === 0 || ns < this.min) this.min = ns;
    if (ns > this.max) this.max = ns;
    this.total += ns;
    if (this.count++ % this.stride !== 0) return;
    this.samples.push(ns);
    if (this.samples.length < MOST_SAMPLES) return;
    for (let i = 0; i < MOST_SAMPLES / 2; i++) this.samples[i] = this.samples[2 * i];
    this.samples.length = MOST_SAMPLES / 2;
    this.stride *= 2;
  }
}
