import { Cell, Counter } from '../sim/cell.ts';
import { Memory, type MemoryKind } from '../sim/memory.ts';
import type { SimObject } from '../sim/object.ts';
import { runningTask } from '../sim/machine-in-force.ts';
import { formatAddress } from './addresses.ts';
import { kernel } from './kernel.ts';
import { stackObject } from './on-stack.ts';
import { KernelMemory } from './tracking.ts';

/**
 * A kernel struct: fields that live and die with one piece of memory. Fields that other tasks can see are
 * objects of the machine (`this.field(...)`, locks, lists); what only its own task touches is plain.
 */
export abstract class Struct {
  constructor(
    readonly memory: Memory,
    /** The place of an embedded struct in its container: `mmu_notifier.`; empty for the container itself. */
    readonly path = '',
  ) {}

  protected field<Value>(name: string, value: Value): Cell<Value> {
    return new Cell(value, this.path + name, this.memory);
  }

  /** A plain number that is also changed blindly: statistics, SRCU counts. */
  protected counter(name: string, value = 0): Counter {
    return new Counter(value, this.path + name, this.memory);
  }
}

/** A struct class that an allocator can build. */
export type StructClass<S extends Struct> = new (memory: Memory) => S;

/** Reserves memory. Allocators (mm/slab.ts, mm/vmalloc.ts) call it from the effect of their operation. */
export function reserve(kind: MemoryKind, label: string, size: number): KernelMemory {
  return new KernelMemory(kind, label, size, kernel().addresses.place(kind, size));
}

/**
 * Puts a struct on the stack frame of the function that runs. Its memory dies when the function returns,
 * whoever may still point at it.
 */
export function onStack<S extends Struct>(Class: StructClass<S>, label: string, size: number): S {
  const memory = stackObject(runningTask(), label, size);
  return new Class(memory);
}

/** The address of an object as `%px` prints it; fields lie in their struct in order of creation, 8 bytes each. */
export function addressOf(object: SimObject | Memory): string {
  if (object instanceof Memory) return formatAddress(object.kind, object.address);
  const { memory } = object;
  if (memory === null) return formatAddress('global', 0x2600000 + object.id * 32);
  return formatAddress(memory.kind, memory.address + offsetIn(memory, object));
}

/** Bytes from the start of `memory` to one of its fields. */
export function offsetIn(memory: Memory, object: SimObject): number {
  return ((object.id - memory.id - 1) * 8) % Math.max(memory.size, 8);
}
