import type { Body } from '../../sim/call.ts';
import { Cell } from '../../sim/cell.ts';
import { Machine } from '../../sim/machine.ts';
import { endingTitles, type Program } from '../program.ts';

/**
 * readers(N): one task writes x, N tasks read it. Each reader comes before or after the writer, whatever the
 * others do: 2^N executions.
 */
export function readers(count: number): Program {
  return {
    create: () => {
      const machine = new Machine();
      machine.inside(() => {
        const x = new Cell(0, 'x');
        machine.spawn({ label: 'writer', body: () => writer(x) });
        for (let i = 1; i <= count; i++) machine.spawn({ label: `reader ${i}`, body: () => reader(x) });
      });
      return machine;
    },
    judge: endingTitles,
  };
}

function* writer(x: Cell<number>): Body<void> {
  yield* x.write(1);
}

function* reader(x: Cell<number>): Body<void> {
  yield* x.read();
}
