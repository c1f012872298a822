import type { Cell } from './cell.ts';
import { Operation } from './operation.ts';
import type { Task } from './task.ts';

/**
 * Waits until `cell` no longer has the value that was seen there, or `second` not the one seen in that.
 *
 * For loops that try again: an attempt that changed nothing and would see the same values would end the same
 * way, so a search need not look at it. With `changed` at the end of the loop there is one execution for each
 * change that the loop could notice, instead of one for each number of rounds:
 *
 *     for (;;) {
 *       const seen = yield* flag.read();
 *       if (seen) break;
 *       yield* changed(flag, seen);
 *     }
 */
export function changed<A, B = never>(
  cell: Cell<A>,
  seen: A,
  second: Cell<B> | null = null,
  seenInSecond?: B,
): Operation<void> {
  return new Changed(cell, seen, second, seenInSecond);
}

class Changed<A, B> extends Operation<void> {
  constructor(
    private readonly cell: Cell<A>,
    private readonly seen: A,
    private readonly second: Cell<B> | null,
    private readonly seenInSecond: B | undefined,
  ) {
    super('wait', cell, 'read', second);
  }

  override enabled(_task: Task): boolean {
    return this.cell.value !== this.seen || (this.second !== null && this.second.value !== this.seenInSecond);
  }

  override execute(_task: Task): void {}
}
