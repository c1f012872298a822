import { kernelGlobal } from '../globals.ts';
import { replace } from '../kfunc.ts';
import { Mutex, mutex_lock, mutex_unlock } from '../kernel/locking/mutex.ts';
import { disable_swap_slots_cache_lock, reenable_swap_slots_cache_unlock } from './swapfile.ts';

const swap_slots_cache_enable_mutex = kernelGlobal(
  'swap_slots_cache_enable_mutex',
  () => new Mutex('swap_slots_cache_enable_mutex'),
);

/**
 * swapoff() up to v6.14 holds a mutex while it goes through all mms: a second one, of whatever area, waits for the first.
 *
 * Models: mm/swap_slots.c as of v6.12. Leaves out: the cache itself.
 */
export const v6_12Replacements = [
  replace(
    disable_swap_slots_cache_lock,
    function* () {
      yield* mutex_lock(swap_slots_cache_enable_mutex());
    },
    'takes swap_slots_cache_enable_mutex',
  ),
  replace(
    reenable_swap_slots_cache_unlock,
    function* () {
      yield* mutex_unlock(swap_slots_cache_enable_mutex());
    },
    'lets go of swap_slots_cache_enable_mutex',
  ),
];
