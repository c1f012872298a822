import { EINTR } from '../include/errno.ts';
import { mmap_assert_write_locked } from '../include/mmap_lock.ts';
import { xa_is_zero } from '../include/maple_tree.ts';
import { ULONG_MAX, type MmStruct } from '../include/mm_types.ts';
import { current } from '../include/sched.ts';
import { Mutex, mutex_lock, mutex_unlock } from '../kernel/locking/mutex.ts';
import { signal_pending } from '../kernel/signal.ts';
import { kernelGlobal } from '../globals.ts';
import { kfunc } from '../kfunc.ts';
import { MaState, mas_find } from '../lib/maple_tree.ts';
import { vma_start_write } from './vma.ts';

/** Held from mm_take_all_locks() to mm_drop_all_locks(); no two tasks take all locks of an mm at once. */
export const mm_all_locks_mutex = kernelGlobal('mm_all_locks_mutex', () => new Mutex('mm_all_locks_mutex'));

/**
 * mm_take_all_locks() - keep every page-table walker away: faults, reclaim, truncation.
 *
 * Context: mmap_lock held for write; sleeps.
 * Return: 0, or -EINTR with a signal pending: then nothing is held.
 * Models: mm/vma.c. Leaves out: the locks of files and anon_vmas, as the model's only walkers from outside
 * are faults under per-VMA locks and holders of mmap_lock.
 */
export const mm_take_all_locks = kfunc('mm_take_all_locks', function* (mm: MmStruct) {
  mmap_assert_write_locked(mm);
  yield* mutex_lock(mm_all_locks_mutex());
  const mas = new MaState(mm.mm_mt, 0);
  for (;;) {
    const vma = yield* mas_find(mas, ULONG_MAX);
    if (vma === null) break;
    if (xa_is_zero(vma)) continue;
    if (yield* signal_pending(current())) {
      yield* mm_drop_all_locks(mm);
      return -EINTR;
    }
    // Undone by mmap_write_unlock(), not by mm_drop_all_locks().
    yield* vma_start_write(vma);
  }
  return 0;
});

/** mm_drop_all_locks() - undo mm_take_all_locks(). */
export const mm_drop_all_locks = kfunc('mm_drop_all_locks', function* (mm: MmStruct) {
  mmap_assert_write_locked(mm);
  yield* mutex_unlock(mm_all_locks_mutex());
});
