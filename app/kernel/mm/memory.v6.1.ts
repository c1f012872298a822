import { replace } from '../kfunc.ts';
import { spin_lock, spin_unlock } from '../kernel/locking/spinlock.ts';
import { pte_offset_map_lock, pte_unmap_unlock } from './memory.ts';
import { pmd_table } from './pgtable-generic.ts';

/** Before v6.5 a table that was found is locked and used: mmap_lock alone promises that it stands. */
export const v6_1Replacements = [
  replace(
    pte_offset_map_lock,
    function* (range) {
      const table = yield* pmd_table(range.pmd);
      if (table !== null) yield* spin_lock(table.ptl);
      return table;
    },
    'a table that was found is locked and used: no RCU, no second look',
  ),
  replace(
    pte_unmap_unlock,
    function* (table) {
      yield* spin_unlock(table.ptl);
    },
    'no RCU',
  ),
];
