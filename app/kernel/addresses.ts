import type { MemoryKind } from '../sim/memory.ts';

/**
 * Hands out addresses that look like those of an x86-64 kernel with five-level paging (facts and captures:
 * `ff11…` direct map, `ffa0…` vmalloc, `ffffffff8…` image). An address is held as a number below 2^48; its
 * upper part follows from the kind of memory when it is printed.
 */
export class AddressSpace {
  private nextDirect = 0x4000000;
  private nextVmalloc = 0x50000;
  private nextGlobal = 0x2600000;

  /** An address for `size` bytes, aligned as the kind's allocator would. */
  place(kind: MemoryKind, size: number): number {
    switch (kind) {
      case 'slab':
        return this.direct(size, slotOf(size));
      case 'page':
        return this.direct(size, 4096);
      case 'vmalloc':
      case 'stack': {
        const at = this.nextVmalloc;
        // A guard page follows each area.
        this.nextVmalloc += Math.ceil(size / 4096) * 4096 + 4096;
        return at;
      }
      case 'global': {
        const at = this.nextGlobal;
        this.nextGlobal += Math.ceil(size / 32) * 32;
        return at;
      }
    }
  }

  private direct(size: number, alignment: number): number {
    const at = Math.ceil(this.nextDirect / alignment) * alignment;
    this.nextDirect = at + Math.ceil(size / alignment) * alignment;
    return at;
  }
}

/** The kmalloc slot that holds `size` bytes: 8, 16, … 8192. */
export function slotOf(size: number): number {
  let slot = 8;
  while (slot < size) slot *= 2;
  return slot;
}

/** Sixteen hexadecimal digits, as `%px` prints them. */
export function formatAddress(kind: MemoryKind, address: number): string {
  const digits = address.toString(16);
  return BASE[kind].slice(0, 16 - digits.length) + digits;
}

const BASE: Readonly<Record<MemoryKind, string>> = {
  slab: 'ff11000000000000',
  page: 'ff11000000000000',
  vmalloc: 'ffa0000000000000',
  stack: 'ffa0000000000000',
  global: 'ffffffff80000000',
};
