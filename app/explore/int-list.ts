/** No event, no slot entry, no object. */
export const NONE = -1;

/** A growing list of 32-bit integers that never gives memory back: what a search fills and empties at every step. */
export class IntList {
  items: Int32Array;
  length = 0;

  constructor(capacity = 64) {
    this.items = new Int32Array(capacity);
  }

  push(value: number): void {
    if (this.length === this.items.length) this.items = enlarged(this.items, this.length * 2);
    this.items[this.length++] = value;
  }
}

/** A copy with room for at least `size` numbers, new ones being `filler`. */
export function enlarged(items: Int32Array, size: number, filler = 0): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(Math.max(size, items.length * 2));
  larger.set(items);
  if (filler !== 0) larger.fill(filler, items.length);
  return larger;
}
