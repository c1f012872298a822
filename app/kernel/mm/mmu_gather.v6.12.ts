import { replace } from '../kfunc.ts';
import { tlb_remove_table } from './mmu_gather.ts';
import { free_unref_folios } from './page_alloc.ts';

/** Without PARAVIRT x86 frees page tables at once: lock-less walkers hold off the flush before. */
export const v6_12Replacements = [
  replace(
    tlb_remove_table,
    function* (tables) {
      yield* free_unref_folios(tables);
    },
    'page tables are freed at once',
  ),
];
