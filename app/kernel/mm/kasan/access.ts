import type { Operation } from '../../../sim/operation.ts';
import { hex } from '../../arch/x86/kernel/regs.ts';
import { Atomic } from '../../include/atomic.ts';
import { config } from '../../kernel.ts';
import { debug_locks } from '../../lib/debug_locks.ts';
import { addressOf, offsetIn } from '../../struct.ts';
import type { KernelMemory } from '../../tracking.ts';

/** An access to memory that is not there any more, as the sanitizer sees it. */
export interface BadAccess {
  readonly memory: KernelMemory;
  /** Sixteen digits. */
  readonly address: string;
  /** From the start of the memory. */
  readonly offset: number;
  readonly size: number;
  readonly write: boolean;
  /** Functions between the model's innermost frame and the access, which a real stack would show. */
  readonly innermost: readonly string[];
}

/** What `operation` does to `memory`, which is dead. */
export function accessOf(operation: Operation<unknown>, memory: KernelMemory): BadAccess {
  const { object, kind } = operation;
  const field = object === memory ? null : object;
  const offset = field === null ? 0 : offsetIn(memory, field);
  const address = addressOf(field ?? memory);
  // With lock debugging on, the first to look at a lock is lockdep.
  if (kind === 'acquire' && config().PROVE_LOCKING && debug_locks()) {
    return { memory, address, offset, size: 8, write: false, innermost: ['__lock_acquire', 'lock_acquire'] };
  }
  const atomic = kind === 'rmw' || kind === 'acquire' || kind === 'release';
  return {
    memory,
    address,
    offset,
    size: atomic || field instanceof Atomic ? 4 : 8,
    write: kind !== 'read' && kind !== 'wait',
    innermost: atomic && config().KASAN ? ['kasan_check_range'] : [],
  };
}

/** Sixteen digits, `bytes` further on. Addresses of one piece of memory differ in their low digits only. */
export function addressPlus(address: string, bytes: number): string {
  const low = Number.parseInt(address.slice(6), 16) + bytes;
  return address.slice(0, 6) + hex(low, 10);
}
