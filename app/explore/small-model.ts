import type { Body } from '../sim/call.ts';
import { Machine } from '../sim/machine.ts';
import { endingTitles, type Program } from './program.ts';

export interface SmallModel<Shared> {
  /** Makes what the tasks share. */
  setUp(): Shared;
  /** The tasks by name, in order. */
  readonly tasks: Readonly<Record<string, (shared: Shared) => Body<unknown>>>;
  /** Titles of what is wrong in the end. Dead memory that was touched, deadlocks and lost wake-ups are told anyway. */
  judge?(shared: Shared, machine: Machine): readonly string[];
}

/** A program of a few tasks over shared objects: all that a litmus test needs. */
export function smallModel<Shared>(model: SmallModel<Shared>): Program {
  return {
    create: () => {
      const machine = new Machine();
      const world = { shared: machine.inside(() => model.setUp()), titles: [] as string[] };
      machine.world = world;
      machine.onDeadAccess = (task, _operation, memory) => {
        world.titles.push(`use after free of ${memory.name} by ${task.name}`);
        return 'abandon';
      };
      machine.inside(() => {
        for (const [label, body] of Object.entries(model.tasks)) {
          machine.spawn({ label, body: () => body(world.shared) });
        }
      });
      return machine;
    },
    judge: (machine) => {
      const { shared, titles } = machine.world as { shared: Shared; titles: readonly string[] };
      return [...new Set([...titles, ...(model.judge?.(shared, machine) ?? []), ...endingTitles(machine)])];
    },
  };
}
