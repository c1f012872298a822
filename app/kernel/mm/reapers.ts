import type { Body } from '../../sim/call.ts';
import type { MmStruct } from '../include/mm_types.ts';
import { config, kernel } from '../kernel.ts';
import { timed } from '../kernel/time/jiffies.ts';

// Checkers want to know whether a reaper walks an mm while parts of it are freed. The kernel keeps no such count. In a
// search the answer must not depend on the order of independent operations, so there the count is a variable.

const isVariable = (): boolean => config().SCYTHE_INVARIANTS && !timed();

/** A reaper may walk the mm from here on, or is done with it. */
export function* reaping(mm: MmStruct, begins: boolean): Body<void> {
  if (isVariable()) yield* mm.reapers.add(begins ? 1 : -1);
  kernel().hooks.emit('reaping', mm, begins);
}

/** exit_mmap() gives back a part of the mm: a VMA, a page table. */
export function* mmStructureFreed(mm: MmStruct, what: string): Body<void> {
  if (isVariable()) yield* mm.reapers.read();
  kernel().hooks.emit('mmStructureFreed', mm, what);
}
