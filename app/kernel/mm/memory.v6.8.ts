import { replace } from '../kfunc.ts';
import { pr_err } from '../printk.ts';
import { bad_pte, bad_swap_entry, swapEntry } from './memory.ts';
import { free_batch, free_unref_folios } from './page_alloc.ts';

/**
 * Up to v6.9 an entry that leads to no swap area is also a bad page map. Up to v6.8 release_pages() strings together what is
 * to be freed, the last one in front.
 */
export const v6_8Replacements = [
  replace(
    bad_swap_entry,
    function* (vma, address, word) {
      pr_err(`_swap_info_get: Bad swap file entry ${swapEntry(word).toString(16).padStart(8, '0')}`);
      yield* bad_pte(vma, address, word);
    },
    'is a bad page map, too',
  ),
  replace(
    free_unref_folios,
    function* (pages) {
      yield* free_batch(pages.toReversed());
    },
    'what was gathered last is freed first',
  ),
];
