import { Cell } from '../../sim/cell.ts';
import type { Memory } from '../../sim/memory.ts';
import { Effect, RelaxedEffect, type Operation } from '../../sim/operation.ts';

/**
 * atomic_t, atomic_long_t - a number that is changed in one go. What gives back a value is a full barrier, the rest
 * orders nothing.
 */
export class Atomic extends Cell<number> {
  constructor(field: string, value: number, memory: Memory | null = null) {
    super(value, field, memory);
  }

  /** No access of an atomic is plain. */
  override read(): Operation<number> {
    return this.load();
  }

  override write(value: number): Operation<void> {
    return this.store(value);
  }
}

export const atomic_read = (v: Atomic): Operation<number> => v.read();
export const atomic_set = (v: Atomic, i: number): Operation<void> => v.write(i);

/** Blind changes commute with each other: nobody learns what was there before. */
export const atomic_add = (i: number, v: Atomic): Operation<void> =>
  new RelaxedEffect('rmw', v, 'add', () => {
    v.value += i;
  });
export const atomic_sub = (i: number, v: Atomic): Operation<void> => atomic_add(-i, v);
export const atomic_inc = (v: Atomic): Operation<void> => atomic_add(1, v);
export const atomic_dec = (v: Atomic): Operation<void> => atomic_add(-1, v);

export const atomic_add_return = (i: number, v: Atomic): Operation<number> =>
  new Effect('rmw', v, 'write', () => (v.value += i));
export const atomic_sub_return = (i: number, v: Atomic): Operation<number> => atomic_add_return(-i, v);
export const atomic_inc_return = (v: Atomic): Operation<number> => atomic_add_return(1, v);
export const atomic_dec_return = (v: Atomic): Operation<number> => atomic_add_return(-1, v);

/** The value before. */
export const atomic_fetch_add = (i: number, v: Atomic): Operation<number> => v.update((old) => old + i);
export const atomic_fetch_sub = (i: number, v: Atomic): Operation<number> => v.update((old) => old - i);

/** True if the value became 0. */
export const atomic_dec_and_test = (v: Atomic): Operation<boolean> =>
  new Effect('rmw', v, 'write', () => --v.value === 0);
export const atomic_inc_and_test = (v: Atomic): Operation<boolean> =>
  new Effect('rmw', v, 'write', () => ++v.value === 0);
export const atomic_sub_and_test = (i: number, v: Atomic): Operation<boolean> =>
  new Effect('rmw', v, 'write', () => (v.value -= i) === 0);

/** Adds `i` unless the value is `u`; true if it did. */
export const atomic_add_unless = (v: Atomic, i: number, u: number): Operation<boolean> =>
  new Effect('rmw', v, 'write', () => {
    if (v.value === u) return false;
    v.value += i;
    return true;
  });
export const atomic_inc_not_zero = (v: Atomic): Operation<boolean> => atomic_add_unless(v, 1, 0);

/** Takes 1 off unless that is the last; true if it did. */
export const atomic_dec_unless_one = (v: Atomic): Operation<boolean> => atomic_add_unless(v, -1, 1);

/** Writes `next` if the value is `old`; the result is the value before. */
export function cmpxchg<Value>(cell: Cell<Value>, old: Value, next: Value): Operation<Value> {
  return cell.update((value) => (value === old ? next : value));
}
export const atomic_cmpxchg = (v: Atomic, old: number, next: number): Operation<number> =>
  cmpxchg(v, old, next);

/** Writes `next`; the result is the value before. */
export function xchg<Value>(cell: Cell<Value>, next: Value): Operation<Value> {
  return cell.update(() => next);
}
export const atomic_xchg = (v: Atomic, next: number): Operation<number> => xchg<number>(v, next);
