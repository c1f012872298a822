import { replace } from '../kfunc.ts';
import { mn_check_refusal, mn_hlist_unwind } from './mmu_notifier.ts';

/** Up to v5.11 nobody ends what others started before, or after, one subscriber refused. */
export const v5_11Replacements = [
  replace(mn_hlist_unwind, function* () {}, 'nobody is told of the end of what was refused'),
  replace(mn_check_refusal, function* () {}, 'no warning about who refuses and has an end'),
];
