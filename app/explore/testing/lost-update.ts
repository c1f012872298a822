import type { Body } from '../../sim/call.ts';
import { Cell } from '../../sim/cell.ts';
import { Machine } from '../../sim/machine.ts';
import type { Program } from '../program.ts';

/** So many tasks increment a counter in two steps, `rounds` times each; lost increments are told. */
export function lostUpdate(tasks: number, rounds = 1): Program {
  return {
    create: () => {
      const machine = new Machine();
      const x = machine.inside(() => new Cell(0, 'x'));
      machine.world = x;
      machine.inside(() => {
        for (let i = 0; i < tasks; i++)
          machine.spawn({ label: `task ${i}`, body: () => increment(x, rounds) });
      });
      return machine;
    },
    judge: (machine) => {
      const lost = tasks * rounds - (machine.world as Cell<number>).value;
      return lost === 0 ? [] : [`${lost} lost`];
    },
  };
}

function* increment(x: Cell<number>, rounds: number): Body<void> {
  for (let i = 0; i < rounds; i++) yield* x.write((yield* x.read()) + 1);
}
