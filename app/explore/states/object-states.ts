import type { Operation } from '../../sim/operation.ts';
import { FOLLOWS, type SimObject } from '../../sim/object.ts';
import { mix } from '../mix.ts';
import { HIGH, hashOf, hashOfNumber, LOW, tells } from './hash.ts';

/**
 * The states of all objects, as hashes. Of an object that tells its likeness it is that; of any other, what was
 * done to it and by whom, in order (of blind changes, which commute, in any order). Objects that nothing was done to
 * are as they were at the start.
 */
export class ObjectStates {
  /** A sum over all objects: their order does not matter. */
  totalHigh = 0;
  totalLow = 0;
  /** By id: where the hashes of an object are that something was done to. */
  private readonly places = new Map<number, number>();
  private readonly high: number[] = [];
  private readonly low: number[] = [];

  clear(): void {
    this.totalHigh = 0;
    this.totalLow = 0;
    this.places.clear();
    this.high.length = 0;
    this.low.length = 0;
  }

  highOf({ id }: SimObject): number {
    const place = this.places.get(id);
    return place === undefined ? hashOfNumber(id, HIGH) : this.high[place];
  }

  lowOf({ id }: SimObject): number {
    const place = this.places.get(id);
    return place === undefined ? hashOfNumber(id, LOW) : this.low[place];
  }

  /** Takes in an operation that was performed by a task whose state was hashed as given. */
  performed({ object, access }: Operation<unknown>, localHigh: number, localLow: number): void {
    if (access !== 'read') this.change(object, access === 'write', localHigh, localLow);
  }

  /** Something was done to an object, which may have depended on what it was before. */
  change(object: SimObject, ordered: boolean, localHigh: number, localLow: number): void {
    const likeness = object.likeness();
    if (likeness === FOLLOWS) return;
    if (tells(likeness)) this.set(object, hashOf(likeness, HIGH), hashOf(likeness, LOW));
    else if (ordered)
      this.set(object, mix(this.highOf(object), localHigh), mix(this.lowOf(object), localLow));
    else {
      const high = (this.highOf(object) + mix(localHigh, HIGH)) | 0;
      this.set(object, high, (this.lowOf(object) + mix(localLow, LOW)) | 0);
    }
  }

  private set({ id }: SimObject, high: number, low: number): void {
    const seedHigh = hashOfNumber(id, HIGH);
    const seedLow = hashOfNumber(id, LOW);
    let place = this.places.get(id);
    if (place === undefined) {
      place = this.high.length;
      this.places.set(id, place);
    } else {
      this.totalHigh = (this.totalHigh - mix(seedHigh, this.high[place])) | 0;
      this.totalLow = (this.totalLow - mix(seedLow, this.low[place])) | 0;
    }
    this.high[place] = high;
    this.low[place] = low;
    this.totalHigh = (this.totalHigh + mix(seedHigh, high)) | 0;
    this.totalLow = (this.totalLow + mix(seedLow, low)) | 0;
  }
}
