import type { Body } from '../../sim/call.ts';
import type { Memory } from '../../sim/memory.ts';
import { Effect, type Operation } from '../../sim/operation.ts';
import { kfunc } from '../kfunc.ts';
import { WARN_ONCE } from '../kernel/panic.ts';
import { Atomic } from './atomic.ts';

/** What a counter is set to that went wrong: it stays far from 0 for ever. */
const REFCOUNT_SATURATED = -0x40000000;
const INT_MAX = 0x7fffffff;

/** refcount_t - a number of references that neither comes back from 0 nor overflows. */
export class Refcount extends Atomic {
  constructor(field: string, value: number, memory: Memory | null = null) {
    super(field, value, memory);
  }
}

const WARNINGS = {
  19: 'saturated; leaking memory.',
  22: 'saturated; leaking memory.',
  25: 'addition on 0; use-after-free.',
  28: 'underflow; use-after-free.',
  31: 'decrement hit 0; leaking memory.',
} as const;

/** refcount_warn_saturate() - the counter is not to be trusted any more. `line` is that of lib/refcount.c. */
const refcount_warn_saturate = kfunc(
  'refcount_warn_saturate',
  function* (r: Refcount, line: keyof typeof WARNINGS) {
    yield* r.write(REFCOUNT_SATURATED);
    WARN_ONCE(true, `lib/refcount.c:${line}`, `refcount_t: ${WARNINGS[line]}`);
  },
);

export const refcount_set = (r: Refcount, n: number): Operation<void> => r.write(n);
export const refcount_read = (r: Refcount): Operation<number> => r.read();

export function* refcount_add(i: number, r: Refcount): Body<void> {
  const old = yield* r.update((value) => value + i, 'relaxed');
  if (old === 0) yield* refcount_warn_saturate(r, 25);
  else if (old < 0 || old + i > INT_MAX) yield* refcount_warn_saturate(r, 22);
}
export const refcount_inc = (r: Refcount): Body<void> => refcount_add(1, r);

/** Takes a reference unless there is none left; true if it did. */
export function* refcount_add_not_zero(i: number, r: Refcount): Body<boolean> {
  const old = yield* r.update((value) => (value === 0 ? 0 : value + i), 'relaxed');
  if (old !== 0 && (old < 0 || old + i > INT_MAX)) yield* refcount_warn_saturate(r, 19);
  return old !== 0;
}
export const refcount_inc_not_zero = (r: Refcount): Body<boolean> => refcount_add_not_zero(1, r);

/** Drops `i` references; true if they were the last. */
export function* refcount_sub_and_test(i: number, r: Refcount): Body<boolean> {
  const old = yield* r.update((value) => value - i);
  if (old === i) return true;
  if (old < i) yield* refcount_warn_saturate(r, 28);
  return false;
}
export const refcount_dec_and_test = (r: Refcount): Body<boolean> => refcount_sub_and_test(1, r);

/** Drops a reference that is known not to be the last. */
export function* refcount_dec(r: Refcount): Body<void> {
  const old = yield* r.update((value) => value - 1);
  if (old <= 1) yield* refcount_warn_saturate(r, 31);
}

/** 1 becomes 0; true if it did. */
export const refcount_dec_if_one = (r: Refcount): Operation<boolean> =>
  new Effect('rmw', r, 'write', () => {
    if (r.value !== 1) return false;
    r.value = 0;
    return true;
  });

/** Drops a reference unless it is the last; true if it did. */
export function* refcount_dec_not_one(r: Refcount): Body<boolean> {
  const old = yield* r.update((value) => (value === 1 || value < 0 ? value : value - 1));
  if (old === 0) yield* refcount_warn_saturate(r, 28);
  return old !== 1;
}
