import { ScytheBug } from '../base/assert.ts';
import type { Chooser } from '../sim/chooser.ts';
import type { Footprints } from './footprint.ts';
import { NONE, type Path } from './path.ts';
import type { Program } from './program.ts';

/** A step as far as it has to be told to take it. */
export interface Taken {
  readonly thread: number;
  readonly alternative: number;
}

/**
 * Finds out by taking it what a step touches where it has not been taken yet, where that makes a difference: when
 * its task may end with it, and something looks at that.
 */
export class Rehearsal {
  constructor(
    private readonly program: Program,
    private readonly path: Path,
    private readonly footprints: Footprints,
    private readonly statistics: { probes: number },
  ) {}

  /** All that `step`, which can be taken, touches after the first `depth` events of the path and the steps `before`. */
  footprintOf(depth: number, before: readonly Taken[], step: Taken): number {
    const footprint = this.footprintIfTaken(depth, before, step);
    if (footprint === NONE) throw new ScytheBug('a step that is foreseen cannot be taken');
    return footprint;
  }

  /** The same, or `NONE` if the step cannot be taken there. */
  footprintIfTaken(depth: number, before: readonly Taken[], step: Taken): number {
    const { path, footprints } = this;
    this.statistics.probes++;
    const machine = this.program.create();
    const steps = before.length;
    let position = 0;
    let alternative = 0;
    const chooser: Chooser = {
      next: () => {
        const at = position++;
        if (at < depth) {
          alternative = path.alternative[at];
          return machine.tasks[path.thread[at]];
        }
        const taken = at - depth < steps ? before[at - depth] : step;
        alternative = taken.alternative;
        return machine.tasks[taken.thread];
      },
      alternative: () => alternative,
    };
    while (position < depth + steps) machine.run(chooser, depth + steps - position);
    const task = machine.tasks[step.thread];
    const operation = task.pending;
    if (operation === null || !task.enabled) return NONE;
    const foreseen = machine.inside(() => footprints.of(operation));
    machine.run(chooser, 1);
    return footprints.afterwards(foreseen, task);
  }
}
