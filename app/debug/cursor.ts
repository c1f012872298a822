import type { Recorded } from './execution.ts';
import { Execution } from './execution.ts';
import { inspect } from './inspect/inspect.ts';
import type { Inspection } from './inspect/inspection.ts';
import type { GeneratorLines } from './inspect/generator-lines.ts';

/** Paused machines that are kept, and inspections that were made already. */
const MOST_MACHINES = 3;
const MOST_INSPECTIONS = 64;
/** Who steps back once is likely to do so again: these many steps before are looked at in passing. */
const LOOK_BACK = 12;

/**
 * Inspections at any step, in any order. A machine goes forward only: for a step behind it the run is executed again
 * from a machine that stands before it, or from the start.
 *
 * Invariant: `machines` are in ascending order of steps, no two at the same one.
 */
export class Cursor {
  private machines: Execution[] = [];
  private readonly made = new Map<number, Inspection>();
  private last = 0;

  constructor(
    private readonly recorded: Recorded,
    private readonly describe: (step: number) => string,
    private readonly lines: GeneratorLines | null,
  ) {}

  at(step: number): Inspection {
    const known = this.made.get(step);
    const back = step < this.last;
    this.last = step;
    if (known !== undefined) return known;
    const execution = this.executionBefore(back ? Math.max(0, step - LOOK_BACK) : step);
    for (let next = Math.max(execution.step, step - (back ? LOOK_BACK : 0)); next < step; next++) {
      execution.advanceTo(next);
      if (execution.step === next) this.inspect(execution);
    }
    execution.advanceTo(step);
    return this.inspect(execution);
  }

  /** A machine at a step: for whoever looks at it directly, at once. */
  executionAt(step: number): Execution {
    const execution = this.executionBefore(step);
    execution.advanceTo(step);
    return execution;
  }

  clear(): void {
    this.machines = [];
    this.made.clear();
  }

  /** The one that stands nearest before a step; if none does, a new one at that step. */
  private executionBefore(step: number): Execution {
    let found = this.machines.findLast((each) => each.canReach(step));
    if (found === undefined) {
      found = new Execution(this.recorded, step);
      this.machines.push(found);
      this.machines.sort((a, b) => a.step - b.step);
      // The foremost machines are of least use: they cannot go back.
      if (this.machines.length > MOST_MACHINES) {
        this.machines.splice(this.machines.at(-1) === found ? 0 : this.machines.length - 1, 1);
      }
    }
    return found;
  }

  private inspect(execution: Execution): Inspection {
    const made = inspect(execution, this.describe(execution.step), this.lines);
    this.made.delete(made.step);
    this.made.set(made.step, made);
    for (const step of this.made.keys()) {
      if (this.made.size <= MOST_INSPECTIONS) break;
      this.made.delete(step);
    }
    return made;
  }
}
