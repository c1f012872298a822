import { enlarged } from './int-list.ts';
import { mix } from './mix.ts';
import type { Path } from './path.ts';

/**
 * A 64-bit hash of each event of a path that stands for the event and all that happened before it: made of
 * its thread, what it decided and the hashes of its immediate predecessors. Sums of them stand for sets of
 * events, whatever their order.
 */
export class EventHashes {
  high = new Int32Array(128);
  low = new Int32Array(128);
  private length = 0;

  constructor(private readonly path: Path) {}

  /** Hashes all events of the path that have no hash yet. */
  update(): void {
    const { path } = this;
    if (path.length > this.high.length) {
      this.high = enlarged(this.high, path.length);
      this.low = enlarged(this.low, path.length);
    }
    for (; this.length < path.length; this.length++) this.hash(this.length);
  }

  /** Forgets the hashes of all events from `length` on. */
  truncate(length: number): void {
    this.length = Math.min(this.length, length);
  }

  private hash(event: number): void {
    const { path } = this;
    let high = mix(path.thread[event] + 0x51ed, path.alternative[event]);
    let low = mix(path.index[event] + 0x2f0b, path.thread[event]);
    for (let i = path.firstPredecessor[event]; i < path.firstPredecessor[event + 1]; i++) {
      const before = path.predecessors.items[i];
      high = (high + mix(this.high[before], this.low[before])) | 0;
      low = (low + mix(this.low[before] ^ 0x5bd1e995, this.high[before])) | 0;
    }
    this.high[event] = mix(high, low);
    this.low[event] = mix(low, high ^ 0x1b873593);
  }
}
