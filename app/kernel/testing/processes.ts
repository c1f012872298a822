import type { Body } from '../../sim/call.ts';
import type { Chooser } from '../../sim/chooser.ts';
import { user_access } from '../arch/x86/mm/user_fault.ts';
import {
  MM_ANONPAGES,
  MM_FILEPAGES,
  MM_SHMEMPAGES,
  MM_SWAPENTS,
  VM_READ,
  VM_WRITE,
} from '../include/mm_types.ts';
import type { MmStruct } from '../include/mm_types.ts';
import { vm_mmap_pgoff } from '../mm/mmap.ts';
import type { Kernel } from '../kernel.ts';

/** All that was printed, without times. */
export const dmesg = (kernel: Kernel): string[] => kernel.log.lines.map(({ text }) => text);

/** The events that were traced, as `comm name: text`. */
export const events = (kernel: Kernel): string[] =>
  kernel.tracing.events.map(({ comm, name, text }) => `${comm} ${name}: ${text}`);

/** What an mm has, by kind. */
export function counters(mm: MmStruct): Record<'file' | 'anon' | 'shmem' | 'swap' | 'tables', number> {
  return {
    file: mm.rss_stat[MM_FILEPAGES].value,
    anon: mm.rss_stat[MM_ANONPAGES].value,
    shmem: mm.rss_stat[MM_SHMEMPAGES].value,
    swap: mm.rss_stat[MM_SWAPENTS].value,
    tables: mm.pgtables_bytes.value / 4096,
  };
}

/** User code that maps memory. The address, or a negative error number. */
export function* map(bytes: number, granule: number): Body<number> {
  return yield* vm_mmap_pgoff(bytes, VM_READ | VM_WRITE, { granule });
}

/** User code that writes to each modelled page. */
export function* fill(at: number, bytes: number, granule: number): Body<number> {
  for (let offset = 0; offset < bytes; offset += granule * 4096) yield* user_access(at + offset, 'write');
  return 0;
}

/** Runs until nobody can go on; fails a test that would go on for ever. */
export function runToEnd(kernel: Kernel, chooser: Chooser, limit = 1_000_000): void {
  const before = kernel.machine.steps;
  kernel.machine.run(chooser, limit);
  if (kernel.machine.steps - before >= limit) throw new Error(`no end after ${limit} operations`);
}
