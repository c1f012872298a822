import type { Body } from '../../sim/call.ts';
import type { Checker } from '../checker.ts';
import { kernelGlobal } from '../globals.ts';
import {
  MM_ANONPAGES,
  MM_FILEPAGES,
  MM_SHMEMPAGES,
  MM_SWAPENTS,
  type MmStruct,
} from '../include/mm_types.ts';
import { dump_stack } from '../lib/dump_stack.ts';
import { pr_err } from '../printk.ts';
import { addressOf } from '../struct.ts';
import { Peek } from './peek.ts';

const state = kernelGlobal('scythe_mm_invariants', () => ({
  /** How many reapers walk an mm, having seen that they may. */
  reapers: new Map<MmStruct, number>(),
  told: new Set<MmStruct>(),
}));

/**
 * Reports, once for each address space, what must never be seen of one:
 *
 * - exit_mmap() gives back a VMA or a page table while a reaper walks the mm;
 * - exit_mmap() zaps the first page while a notifier is still subscribed: mmu_notifier_release() comes first;
 * - exit_mmap() leaves pages or page tables behind;
 * - an address space without users gets a new one.
 *
 * Not verified: that the struct outlives who looks at it; KASAN sees that.
 */
export const mmInvariants: Checker = {
  name: 'mm-invariants',
  enabled: (config) => config.SCYTHE_INVARIANTS,
  attach: ({ hooks }) => {
    hooks.on('reaping', (mm, begins) => {
      const { reapers } = state();
      const count = (reapers.get(mm) ?? 0) + (begins ? 1 : -1);
      if (count > 0) reapers.set(mm, count);
      else reapers.delete(mm);
    });
    hooks.on('mmStructureFreed', (mm, what) => {
      if (state().reapers.has(mm)) report(mm, `${what} freed under a reaper`);
    });
    hooks.exitMmapUnmaps.push(checkSubscriptions);
    hooks.on('exitMmapDone', (mm) => {
      const left = [MM_FILEPAGES, MM_ANONPAGES, MM_SWAPENTS, MM_SHMEMPAGES].some(
        (member) => mm.rss_stat[member].value !== 0,
      );
      if (left) report(mm, 'pages left behind by exit_mmap()');
      if (mm.pgtables_bytes.value !== 0) report(mm, 'page tables left behind by exit_mmap()');
    });
    hooks.on('mmRevived', (mm) => report(mm, 'mm_users raised from 0'));
  },
};

function* checkSubscriptions(mm: MmStruct): Body<void> {
  const subscriptions = yield* new Peek(mm.notifier_subscriptions);
  if (subscriptions === null) return;
  if ((yield* new Peek(subscriptions.list.first)) !== null)
    report(mm, 'exit_mmap() with a subscribed notifier');
}

function report(mm: MmStruct, what: string): void {
  if (state().told.has(mm)) return;
  state().told.add(mm);
  pr_err(`SCYTHE: ${what}`);
  pr_err(`mm_struct at ${addressOf(mm.memory)}`);
  dump_stack();
}
