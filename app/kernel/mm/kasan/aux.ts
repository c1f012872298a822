import { runningTaskOrNull } from '../../../sim/machine-in-force.ts';
import type { Memory } from '../../../sim/memory.ts';
import { KernelMemory, remembers, trackOf } from '../../tracking.ts';

/**
 * kasan_record_aux_stack() - remembers who asks for work on an object: it is done later, by somebody whose stack
 * says nothing about why. `memory` is the object that the callback's head or the work lies in.
 */
export function kasan_record_aux_stack(memory: Memory | null): void {
  const task = runningTaskOrNull();
  if (task === null || !(memory instanceof KernelMemory)) return;
  if (memory.kind === 'slab' && remembers('slab')) memory.aux = [trackOf(task), ...memory.aux].slice(0, 2);
}
