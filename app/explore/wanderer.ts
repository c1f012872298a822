import { Prng } from '../base/prng.ts';
import type { Choice } from '../sim/choose.ts';
import type { Chooser } from '../sim/chooser.ts';
import type { Task } from '../sim/task.ts';

/**
 * Picks at random, in phases: who ran last goes on more or less often, and in each phase other tasks are
 * slower than the rest. Comes to places that even chances do not lead to: somebody who is late by half a run.
 */
export class Wanderer implements Chooser {
  private readonly prng: Prng;
  private last: Task | null = null;
  private left = 0;
  private persistence = 0;
  private slow = 0;

  constructor(seed: number) {
    this.prng = new Prng(seed);
  }

  next(enabled: readonly Task[]): Task {
    const { prng } = this;
    if (this.left-- <= 0) {
      this.left = prng.below(200);
      this.persistence = prng.below(8);
      this.slow = prng.word() & prng.word();
    }
    if (this.last?.enabled === true && prng.below(8) < this.persistence) return this.last;
    let task = enabled[prng.below(enabled.length)];
    for (let tries = 0; tries < 4 && this.isSlow(task); tries++) task = enabled[prng.below(enabled.length)];
    this.last = task;
    return task;
  }

  alternative(choice: Choice): number {
    return this.prng.below(choice.alternatives);
  }

  private isSlow(task: Task): boolean {
    return ((this.slow >>> (task.index & 31)) & 1) === 1;
  }
}
