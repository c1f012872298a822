import { Prng } from '../base/prng.ts';
import type { Choice } from './choose.ts';
import type { Chooser } from './chooser.ts';
import type { Task } from './task.ts';

/** Picks uniformly among the enabled tasks and among alternatives, from a seed. */
export class RandomChooser implements Chooser {
  private readonly prng: Prng;

  constructor(seed: number) {
    this.prng = new Prng(seed);
  }

  next(enabled: readonly Task[]): Task {
    return enabled[enabled.length === 1 ? 0 : this.prng.below(enabled.length)];
  }

  alternative(choice: Choice): number {
    return this.prng.below(choice.alternatives);
  }
}
