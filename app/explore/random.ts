import type { Chooser } from '../sim/chooser.ts';
import { RandomChooser } from '../sim/random.ts';
import type { Program } from './program.ts';
import { type SamplingOptions, SamplingSearch } from './sampling.ts';

/** Random walks: each enabled task is as likely as the others, at each operation. */
export class RandomSearch extends SamplingSearch {
  constructor(
    program: Program,
    private seed: number,
    options: SamplingOptions = {},
  ) {
    super(program, options);
  }

  protected override chooser(): Chooser {
    return new RandomChooser(this.seed++);
  }
}
