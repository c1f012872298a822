type Typed = Float64Array | Uint32Array | Int32Array | Uint16Array | Uint8Array;

/** A column that grows: numbers of one type, without an object for each. */
export class Column<A extends Typed> {
  length = 0;

  constructor(private data: A) {}

  push(value: number): void {
    if (this.length === this.data.length) this.grow();
    this.data[this.length++] = value;
  }

  at(index: number): number {
    return this.data[index];
  }

  set(index: number, value: number): void {
    this.data[index] = value;
  }

  /** The numbers in this order, in memory of their own. */
  pick(order: readonly number[]): A {
    const result = this.sized(order.length);
    for (let i = 0; i < order.length; i++) result[i] = this.data[order[i]];
    return result;
  }

  /** All numbers, in memory of their own. */
  all(): A {
    return this.data.slice(0, this.length) as A;
  }

  private grow(): void {
    const next = this.sized(this.data.length * 2);
    next.set(this.data);
    this.data = next;
  }

  private sized(length: number): A {
    return new (this.data.constructor as new (length: number) => A)(length);
  }
}

const FIRST = 256;

export const f64 = (): Column<Float64Array<ArrayBuffer>> => new Column(new Float64Array(FIRST));
export const u32 = (): Column<Uint32Array<ArrayBuffer>> => new Column(new Uint32Array(FIRST));
export const i32 = (): Column<Int32Array<ArrayBuffer>> => new Column(new Int32Array(FIRST));
export const u16 = (): Column<Uint16Array<ArrayBuffer>> => new Column(new Uint16Array(FIRST));
export const u8 = (): Column<Uint8Array<ArrayBuffer>> => new Column(new Uint8Array(FIRST));

/** The rows in order of a time, and of a second number where times are equal; those that `keep` refuses are left out. */
export function orderBy(
  time: Column<Float64Array<ArrayBuffer>>,
  then: { at(index: number): number } | null,
  keep: (index: number) => boolean,
): number[] {
  const order: number[] = [];
  let sorted = true;
  let last = -1;
  const compare = (a: number, b: number): number =>
    time.at(a) - time.at(b) || (then === null ? 0 : then.at(a) - then.at(b)) || a - b;
  for (let i = 0; i < time.length; i++) {
    if (!keep(i)) continue;
    if (last >= 0 && sorted && compare(last, i) > 0) sorted = false;
    order.push(i);
    last = i;
  }
  return sorted ? order : order.sort(compare);
}
