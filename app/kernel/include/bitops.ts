import type { Cell } from '../../sim/cell.ts';
import { Effect, RelaxedEffect, type Operation } from '../../sim/operation.ts';

// Bits 0 to 31 of a word that is kept as an unsigned number. Changes that give back the old bit are full barriers,
// the others order nothing; a look is a marked read.

export const test_bit = (nr: number, word: Cell<number>): Operation<boolean> =>
  new Effect('read', word, 'read', () => (word.value & (1 << nr)) !== 0);

export const set_bit = (nr: number, word: Cell<number>): Operation<void> =>
  new RelaxedEffect('rmw', word, 'write', () => {
    word.value = (word.value | (1 << nr)) >>> 0;
  });

export const clear_bit = (nr: number, word: Cell<number>): Operation<void> =>
  new RelaxedEffect('rmw', word, 'write', () => {
    word.value = (word.value & ~(1 << nr)) >>> 0;
  });

/** Sets the bit; true if it was set before. */
export const test_and_set_bit = (nr: number, word: Cell<number>): Operation<boolean> =>
  new Effect('rmw', word, 'write', () => {
    const old = (word.value & (1 << nr)) !== 0;
    word.value = (word.value | (1 << nr)) >>> 0;
    return old;
  });

/** Clears the bit; true if it was set before. */
export const test_and_clear_bit = (nr: number, word: Cell<number>): Operation<boolean> =>
  new Effect('rmw', word, 'write', () => {
    const old = (word.value & (1 << nr)) !== 0;
    word.value = (word.value & ~(1 << nr)) >>> 0;
    return old;
  });
