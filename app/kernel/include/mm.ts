import type { Operation } from '../../sim/operation.ts';
import { set_bit, test_and_set_bit, test_bit } from './bitops.ts';
import {
  MM_ANONPAGES,
  MM_FILEPAGES,
  MM_SHMEMPAGES,
  PAGE_SIZE,
  type MmStruct,
  type VmAreaStruct,
} from './mm_types.ts';

// mm_flags_*: the accessors of v6.18; earlier kernels apply the bit operations to mm->flags themselves.
export const mm_flags_test = (flag: number, mm: MmStruct): Operation<boolean> => test_bit(flag, mm.flags);
export const mm_flags_set = (flag: number, mm: MmStruct): Operation<void> => set_bit(flag, mm.flags);
export const mm_flags_test_and_set = (flag: number, mm: MmStruct): Operation<boolean> =>
  test_and_set_bit(flag, mm.flags);

/** (plain) A sum over rss counters, as reports show it. Nobody decides by it without being imprecise. */
export const get_mm_counter = (mm: MmStruct, member: number): number =>
  Math.max(mm.rss_stat[member].value, 0);
export const get_mm_rss = (mm: MmStruct): number =>
  get_mm_counter(mm, MM_FILEPAGES) + get_mm_counter(mm, MM_ANONPAGES) + get_mm_counter(mm, MM_SHMEMPAGES);

/** (plain) Pages as kB in messages. */
export const K = (pages: number): number => pages * (PAGE_SIZE / 1024);

/** (plain) Pages of a VMA, for who holds mmap_lock. */
export const vma_pages = (vma: VmAreaStruct): number => (vma.vm_end.value - vma.vm_start.value) / PAGE_SIZE;
