import type { Body } from '../../sim/call.ts';
import { Cell } from '../../sim/cell.ts';
import { Machine } from '../../sim/machine.ts';
import { endingTitles, type Program } from '../program.ts';

/**
 * lastzero(N): an array of zeros; task i sets `array[i] = array[i - 1] + 1`, one more task looks for the last
 * zero from the end. (N + 3) * 2^(N - 2) executions.
 */
export function lastzero(count: number): Program {
  return {
    create: () => {
      const machine = new Machine();
      machine.inside(() => {
        const array: Cell<number>[] = [];
        for (let i = 0; i <= count; i++) array.push(new Cell(0, 'array'));
        machine.spawn({ label: 'searcher', body: () => searcher(array) });
        for (let i = 1; i <= count; i++)
          machine.spawn({ label: `writer ${i}`, body: () => writer(array, i) });
      });
      return machine;
    },
    judge: endingTitles,
  };
}

function* searcher(array: readonly Cell<number>[]): Body<number> {
  let i = array.length - 1;
  while ((yield* array[i].read()) !== 0) i--;
  return i;
}

function* writer(array: readonly Cell<number>[], i: number): Body<void> {
  const before = yield* array[i - 1].read();
  yield* array[i].write(before + 1);
}
