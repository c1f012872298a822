import type { Footprints } from './footprint.ts';
import { enlarged, IntList } from './int-list.ts';
import type { Path } from './path.ts';

/**
 * For each depth of the path the steps that need not be taken there, because everything that begins with
 * them has been explored: those inherited from the depth before, then those explored from this depth.
 * Sleepers `first[d]` to `end[d]` are those of depth `d`; deeper ones lie behind.
 */
export class SleepSets {
  readonly thread = new IntList();
  readonly alternative = new IntList();
  readonly footprint = new IntList();
  first = new Int32Array(128);
  /** Where the inherited ones end and those explored from the depth itself begin. */
  inherited = new Int32Array(128);
  end = new Int32Array(128);

  constructor(private readonly footprints: Footprints) {}

  /** Derives the sleepers after event `depth` from those before it: the ones that do not depend on the event. */
  descend(path: Path, depth: number): void {
    if (depth + 1 >= this.end.length) {
      this.first = enlarged(this.first, depth + 2);
      this.inherited = enlarged(this.inherited, depth + 2);
      this.end = enlarged(this.end, depth + 2);
    }
    const end = this.end[depth];
    this.resize(end);
    this.first[depth + 1] = end;
    const thread = path.thread[depth];
    const footprint = path.footprint[depth];
    for (let i = this.first[depth]; i < end; i++) {
      const sleeper = this.thread.items[i];
      if (sleeper === thread || this.footprints.conflict(this.footprint.items[i], footprint)) continue;
      this.push(sleeper, this.alternative.items[i], this.footprint.items[i]);
    }
    this.inherited[depth + 1] = this.thread.length;
    this.end[depth + 1] = this.thread.length;
  }

  /** Puts the path's step at `depth`, now explored, to sleep there. Deeper sleepers are forgotten. */
  explored(path: Path, depth: number): void {
    this.resize(this.end[depth]);
    this.push(path.thread[depth], path.alternative[depth], path.footprint[depth]);
    this.end[depth]++;
  }

  /** Does `thread` sleep at `depth`? */
  sleeps(depth: number, thread: number): boolean {
    for (let i = this.first[depth]; i < this.end[depth]; i++)
      if (this.thread.items[i] === thread) return true;
    return false;
  }

  /** Adds a sleeper at the deepest depth, which must be `depth`. */
  add(depth: number, thread: number, alternative: number, footprint: number): void {
    this.push(thread, alternative, footprint);
    this.end[depth]++;
  }

  private push(thread: number, alternative: number, footprint: number): void {
    this.thread.push(thread);
    this.alternative.push(alternative);
    this.footprint.push(footprint);
  }

  private resize(length: number): void {
    this.thread.length = length;
    this.alternative.length = length;
    this.footprint.length = length;
  }
}
