/**
 * A vector clock: how far each task, by index, has come as far as the owner of the clock can know. Tasks that it
 * does not reach stand at 0.
 */
export class VectorClock {
  private readonly at: number[];

  constructor(of: VectorClock | null = null) {
    this.at = of === null ? [] : of.at.slice();
  }

  of(task: number): number {
    return this.at[task] ?? 0;
  }

  /** Something of `task`'s is over that others may learn of: what it does from now on is later. */
  tick(task: number): void {
    while (this.at.length <= task) this.at.push(0);
    this.at[task]++;
  }

  /** Learns all that `other` knows. */
  join(other: VectorClock): void {
    const { at } = this;
    for (let task = at.length; task < other.at.length; task++) at.push(0);
    for (let task = 0; task < other.at.length; task++) {
      if (other.at[task] > at[task]) at[task] = other.at[task];
    }
  }
}
