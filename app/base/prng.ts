import { assert } from './assert.ts';

/**
 * Our own generator (sfc32), without floats, so that no library or platform can change a run.
 * The state is four 32-bit words, part of the run that owns it.
 */
export class Prng {
  private a = 0;
  private b = 0;
  private c = 0;
  private counter = 1;

  constructor(seed: number) {
    this.a = seed | 0;
    this.b = Math.floor(seed / 0x100000000) | 0;
    this.c = 0x5c7e;
    for (let round = 0; round < 12; round++) this.word();
  }

  /** The next 32 bits, as a signed integer. */
  word(): number {
    const result = (this.a + this.b + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (((this.c << 21) | (this.c >>> 11)) + result) | 0;
    return result;
  }

  /**
   * A whole number in [0, bound), by multiplication with the high word: unbiased enough for schedules
   * (bias below bound / 2^32) and the same everywhere. `bound` is at least 1 and at most 2^20.
   */
  below(bound: number): number {
    assert(bound >= 1 && bound <= 0x100000, `Prng.below(${bound})`);
    return Math.floor(((this.word() >>> 0) * bound) / 0x100000000);
  }

  /** True in `numerator` of `denominator` cases. */
  chance(numerator: number, denominator: number): boolean {
    return this.below(denominator) < numerator;
  }
}
