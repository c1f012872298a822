import type { Body, Call } from '../../sim/call.ts';
import type { MmStruct } from './mm_types.ts';
import { smp_store_release } from './rwonce.ts';
import {
  down_read,
  down_read_killable,
  down_read_trylock,
  down_write,
  down_write_killable,
  down_write_trylock,
  rwsem_assert_held,
  rwsem_assert_held_write,
  up_read,
  up_write,
  downgrade_write,
} from '../kernel/locking/rwsem.ts';

// Inline functions of include/linux/mmap_lock.h: stack traces show the rwsem functions and their callers.

export const mmap_read_lock = (mm: MmStruct): Call<void> => down_read(mm.mmap_lock);
/** 0, or -EINTR if a fatal signal came first. */
export const mmap_read_lock_killable = (mm: MmStruct): Call<number> => down_read_killable(mm.mmap_lock);
export const mmap_read_trylock = (mm: MmStruct): Call<boolean> => down_read_trylock(mm.mmap_lock);
export const mmap_read_unlock = (mm: MmStruct): Call<void> => up_read(mm.mmap_lock);
export const mmap_write_lock = (mm: MmStruct): Call<void> => down_write(mm.mmap_lock);
/** 0, or -EINTR if a fatal signal came first. */
export const mmap_write_lock_killable = (mm: MmStruct): Call<number> => down_write_killable(mm.mmap_lock);
export const mmap_write_trylock = (mm: MmStruct): Call<boolean> => down_write_trylock(mm.mmap_lock);

/** vma_end_write_all() - unlocks every VMA that the writer has locked. Under mmap_lock for write. */
export function* vma_end_write_all(mm: MmStruct): Body<void> {
  const seq = yield* mm.mm_lock_seq.read();
  yield* smp_store_release(mm.mm_lock_seq, seq + 1);
}

export function* mmap_write_unlock(mm: MmStruct): Body<void> {
  yield* vma_end_write_all(mm);
  yield* up_write(mm.mmap_lock);
}

export function* mmap_write_downgrade(mm: MmStruct): Body<void> {
  yield* vma_end_write_all(mm);
  yield* downgrade_write(mm.mmap_lock);
}

/** (plain) */
export const mmap_assert_locked = (mm: MmStruct): void => rwsem_assert_held(mm.mmap_lock);
/** (plain) */
export const mmap_assert_write_locked = (mm: MmStruct): void => rwsem_assert_held_write(mm.mmap_lock);
