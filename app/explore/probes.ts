import type { Chooser } from '../sim/chooser.ts';
import type { EventHashes } from './event-hashes.ts';
import type { Footprints } from './footprint.ts';
import { NONE, type Path } from './path.ts';
import type { Program } from './program.ts';
import type { Reversal } from './reversal.ts';

/** Finds out by trying whether a waiting operation could have run earlier, where states do not tell. */
export class Probes {
  /** Answers, by what they depend on. */
  private readonly known = new Map<string, boolean>();

  constructor(
    private readonly program: Program,
    private readonly path: Path,
    private readonly footprints: Footprints,
    private readonly hashes: EventHashes,
    private readonly reversal: Reversal,
    private readonly statistics: { probes: number },
  ) {}

  /**
   * Can the step of the reversal, event `event`, run after its sequence? What decides that is what happened to
   * the objects that the step looks at, so the answer is asked for once for each history of them.
   */
  couldRun(base: number, event: number): boolean {
    const key = this.keyOf(base, event);
    let can = this.known.get(key);
    if (can === undefined) {
      can = this.probe(base, this.path.thread[event]);
      if (this.known.size >= MOST_KNOWN) this.known.clear();
      this.known.set(key, can);
    }
    return can;
  }

  private keyOf(base: number, event: number): string {
    const { path, hashes, reversal } = this;
    hashes.update();
    const parent = path.previous[event];
    const slots = this.footprints.slots[path.footprint[event]];
    let high = 0;
    let low = 0;
    for (let entry = path.firstEntry[event] - 1; entry >= 0; entry--) {
      const touching = path.entryEvent.items[entry];
      const object = path.entrySlot.items[entry] >> 2;
      if (touching === base || (touching > base && !reversal.includes(touching))) continue;
      if (!slots.some((slot) => slot >> 2 === object)) continue;
      high = (high + hashes.high[touching]) | 0;
      low = (low + hashes.low[touching]) | 0;
    }
    const before = parent === NONE ? '' : `${hashes.high[parent]} ${hashes.low[parent]}`;
    return `${path.thread[event]} ${before} ${high} ${low}`;
  }

  /** Replays the sequence of the reversal and says whether `thread` can perform its step after it. */
  private probe(base: number, thread: number): boolean {
    const { path, statistics } = this;
    const events = this.reversal.leadIn();
    const machine = this.program.create();
    let position = 0;
    let event = 0;
    const chooser: Chooser = {
      next: () => {
        if (position >= base + events.length) return null;
        event = position < base ? position : events[position - base];
        position++;
        return machine.tasks[path.thread[event]];
      },
      alternative: () => path.alternative[event],
    };
    while (position < base + events.length) machine.run(chooser);
    statistics.probes++;
    return machine.tasks[thread].enabled;
  }
}

/** Answers that are kept. */
const MOST_KNOWN = 100_000;
