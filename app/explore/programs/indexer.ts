import type { Body } from '../../sim/call.ts';
import { Cell } from '../../sim/cell.ts';
import { Machine } from '../../sim/machine.ts';
import { endingTitles, type Program } from '../program.ts';

const SIZE = 128;
const MESSAGES = 4;

/**
 * indexer(N): each of N tasks puts four messages into a shared hash table by compare-and-exchange, trying the
 * next place where one is taken. Up to eleven tasks meet nowhere: 1 execution.
 */
export function indexer(count: number): Program {
  return {
    create: () => {
      const machine = new Machine();
      machine.inside(() => {
        const table: Cell<number>[] = [];
        for (let i = 0; i < SIZE; i++) table.push(new Cell(0, 'table'));
        for (let i = 0; i < count; i++)
          machine.spawn({ label: `indexer ${i}`, body: () => inserter(table, i) });
      });
      return machine;
    },
    judge: endingTitles,
  };
}

function* inserter(table: readonly Cell<number>[], task: number): Body<void> {
  for (let message = 1; message <= MESSAGES; message++) {
    const word = message * 11 + task;
    const claim = (value: number): number => (value === 0 ? word : value);
    let place = (word * 7) % SIZE;
    while ((yield* table[place].update(claim)) !== 0) place = (place + 1) % SIZE;
  }
}
