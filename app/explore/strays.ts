import type { Step, Stray } from './branches.ts';
import type { EventHashes } from './event-hashes.ts';
import type { Footprints } from './footprint.ts';
import type { Path } from './path.ts';
import type { Reversal } from './reversal.ts';

/**
 * What the search of a part finds at depths above its floor: for whoever has given the part away to insert.
 *
 * A sequence must not be kept back because another one was told that would cover it: if that one turns out to be
 * covered by a third, the third need not cover this one. Only the very same sequence need not be told twice.
 */
export class Strays {
  readonly list: Stray[] = [];
  private readonly told = new Set<string>();

  constructor(
    private readonly path: Path,
    private readonly footprints: Footprints,
    private readonly hashes: EventHashes,
  ) {}

  /** Takes down the sequence of a reversal. */
  note(depth: number, reversal: Reversal): void {
    const events = reversal.leadIn();
    const { thread, alternative, footprint } = reversal.step;
    const key = `${depth} ${this.keyOf(events)} ${thread} ${alternative}`;
    if (this.told.has(key)) return;
    this.told.add(key);
    const { path, footprints } = this;
    const steps: Step[] = events.map((event) => {
      return [path.thread[event], path.alternative[event], ...footprints.portable(path.footprint[event])];
    });
    steps.push([thread, alternative, ...footprints.portable(footprint)]);
    this.list.push({ depth, steps });
  }

  /** A hash of a set of events. */
  private keyOf(events: readonly number[]): string {
    const { hashes } = this;
    hashes.update();
    let high = 0;
    let low = 0;
    for (const event of events) {
      high = (high + hashes.high[event]) | 0;
      low = (low + hashes.low[event]) | 0;
    }
    return `${high} ${low}`;
  }
}
