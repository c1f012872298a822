import type { Body } from '../../../sim/call.ts';
import { kernelGlobal } from '../../globals.ts';
import { mm_flags_set, mm_flags_test } from '../../include/mm.ts';
import {
  AddressSpace,
  MM_SHMEMPAGES,
  MMF_HAS_UPROBES,
  MMF_RECALC_UPROBES,
  type MmStruct,
  type VmFile,
} from '../../include/mm_types.ts';
import { kfunc } from '../../kfunc.ts';
import { percpu_down_read, percpu_up_read, PercpuRwSemaphore } from '../locking/percpu-rwsem.ts';

/** kernel/events/uprobes.c, as far as fork has to do with it. */
class Uprobes {
  /** Read: a fork copies mappings. Write: a probe goes through all mappings of a file. */
  readonly dup_mmap_sem = new PercpuRwSemaphore('dup_mmap_sem');
  /** The file that probes can be put on, once somebody maps it. */
  file: VmFile | null = null;
}

const uprobes = kernelGlobal('uprobes', () => new Uprobes());

export const dup_mmap_sem = (): PercpuRwSemaphore => uprobes().dup_mmap_sem;

/**
 * (plain) The file that probes can be put on. Of all other files nobody goes through the mappings, and they have no tree
 * of them. From the first time on that it is asked for forks take dup_mmap_sem: before there is nobody to keep away.
 */
export function probed_file(): VmFile {
  return (uprobes().file ??= {
    name: 'probed',
    pages: new Map(),
    counter: MM_SHMEMPAGES,
    i_mapping: new AddressSpace(),
  });
}

/** uprobe_start_dup_mmap() - keep probes away from a copy. Return: what uprobe_end_dup_mmap() wants to know. */
export const uprobe_start_dup_mmap = kfunc('uprobe_start_dup_mmap', function* (): Body<boolean> {
  if (uprobes().file === null) return false;
  yield* percpu_down_read(dup_mmap_sem());
  return true;
});

export const uprobe_end_dup_mmap = kfunc('uprobe_end_dup_mmap', function* (started: boolean): Body<void> {
  if (started) yield* percpu_up_read(dup_mmap_sem());
});

/** uprobe_dup_mmap() - the copy has the breakpoints of the original. Context: both mmap_locks held for write. */
export const uprobe_dup_mmap = kfunc('uprobe_dup_mmap', function* (oldmm: MmStruct, newmm: MmStruct) {
  if (uprobes().file === null || !(yield* mm_flags_test(MMF_HAS_UPROBES, oldmm))) return;
  yield* mm_flags_set(MMF_HAS_UPROBES, newmm);
  yield* mm_flags_set(MMF_RECALC_UPROBES, newmm);
});
