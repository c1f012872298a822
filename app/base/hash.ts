/**
 * A 64-bit running hash over integers, the same on every platform: only 32-bit integer arithmetic.
 * Two lanes with different multipliers (the constants of MurmurHash3's finaliser and of xxHash32).
 */
export class RunningHash {
  private high = 0x9e3779b9 | 0;
  private low = 0x85ebca6b | 0;

  /** Takes in an integer. Only its low 53 bits count, which is all that a safe integer has. */
  integer(value: number): void {
    this.word(value | 0);
    if (value > 0x7fffffff || value < -0x80000000) this.word(Math.floor(value / 0x100000000) | 0);
  }

  /** Takes in a text, by its UTF-16 code units. */
  text(value: string): void {
    this.word(hashText(value));
    this.word(value.length);
  }

  /** The hash so far: sixteen hexadecimal digits. */
  digest(): string {
    return hex32(this.high) + hex32(this.low);
  }

  private word(value: number): void {
    this.high = Math.imul(rotateLeft(this.high ^ value, 13), 0xcc9e2d51) + 0xe6546b64;
    this.low = Math.imul(rotateLeft(this.low + value, 17), 0x9e3779b1) ^ this.high;
  }
}

/** FNV-1a over UTF-16 code units: a stable 32-bit number for a text (unsigned). */
export function hashText(value: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < value.length; i++) hash = Math.imul(hash ^ value.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

function rotateLeft(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

function hex32(value: number): string {
  return (value >>> 0).toString(16).padStart(8, '0');
}
