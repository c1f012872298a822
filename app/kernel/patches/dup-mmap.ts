import { Cell } from '../../sim/cell.ts';
import { GFP_KERNEL } from '../include/gfp.ts';
import { MapleNode } from '../include/maple_tree.ts';
import { mm_flags_set } from '../include/mm.ts';
import { MMF_UNSTABLE, ULONG_MAX, type MmStruct } from '../include/mm_types.ts';
import { mmap_read_lock, mmap_read_unlock } from '../include/mmap_lock.ts';
import { kernelGlobal } from '../globals.ts';
import { extend, kfunc, replace } from '../kfunc.ts';
import {
  copyWithoutProbes,
  dup_mm_copy,
  dup_mmap_unfinished,
  markUnfinished,
  scan_unfinished,
} from '../kernel/dup_mmap.ts';
import { recoverUnfinished } from '../kernel/dup_mmap.v7.3.ts';
import { register_skips } from '../kernel/events/uprobes.ts';
import { Mutex, mutex_lock, mutex_unlock } from '../kernel/locking/mutex.ts';
import { __mt_destroy, MAPLE_NODE_SIZE, mas_store_gfp } from '../lib/maple_tree.ts';
import { check_stable_address_space } from '../mm/memory_fault.ts';
import { kmem_cache_alloc, kmem_cache_create, kmem_cache_free } from '../mm/slab.ts';
import { unuse_mm, unuse_vmas } from '../mm/swapfile.ts';
import type { Patch } from '../tree.ts';

// What was done, or proposed, about an mm that fork could not finish.

export const forkScanWhenDone: Patch = {
  name: 'fork-scan-when-done',
  title: 'fork: only call khugepaged_fork(), ksm_fork() if no error occurs',
  description:
    'Merged for v6.12 as 985da552a98e: khugepaged and ksmd hear of the copy when it is whole. By itself that keeps away ' +
    'these two, and not those who come by other ways.',
  appliesTo: ['v6.8'],
  replacements: [replace(scan_unfinished, function* () {})],
};

export const dupMmapUnstable: Patch = {
  name: 'dup-mmap-unstable',
  title: 'kernel: be more careful about dup_mmap() failures and uprobe registering',
  description:
    'Merged for v6.14 as 64c37e134b12, and in 6.12.y. If fork fails in the middle of dup_mmap(), the mm is set ' +
    'MMF_UNSTABLE before its lock is dropped, whether there is a marker in it or not. By itself that helps those ' +
    'who look at the flag: register_for_each_vma() of uprobes, which the same change makes look, and faults.',
  appliesTo: ['v6.8'],
  replacements: [
    extend(
      dup_mmap_unfinished,
      (below) =>
        function* (mm, at) {
          yield* below(mm, at);
          yield* mm_flags_set(MMF_UNSTABLE, mm);
        },
    ),
    replace(register_skips, function* (mm) {
      return (yield* check_stable_address_space(mm)) !== 0;
    }),
  ],
};

export const uprobesDupMm: Patch = {
  name: 'uprobes-dup-mm',
  title: 'fork: avoid inappropriate uprobe access to invalid mm',
  description:
    'Merged for v6.13 as 8ac662f5da19: dup_mmap_sem is held until an mm that fork could not finish is taken down, so that no ' +
    'probe comes in between. By itself that does not help where somebody else is a user of the mm by then.',
  appliesTo: ['v6.8'],
  replacements: [replace(dup_mm_copy, copyWithoutProbes)],
};

export const swapoffCheckStable: Patch = {
  name: 'swapoff-check-stable',
  title: 'mm: swap: check for stable address space before operating on the VMA',
  description:
    'Merged for v6.18-rc1 as 1367da7eb875, and in 6.12.51, 6.16.y and 6.17.1. unuse_mm() leaves an mm alone that is ' +
    'MMF_UNSTABLE: its swap entries go with its exit_mmap(). That holds for mms that were reaped as well. Relies on ' +
    'dup-mmap-unstable, without which nobody sets the flag.',
  appliesTo: ['v6.1', 'v6.8'],
  replacements: [
    replace(unuse_mm, function* (mm, si) {
      yield* mmap_read_lock(mm);
      const ret = (yield* check_stable_address_space(mm)) !== 0 ? 0 : yield* unuse_vmas(mm, si);
      yield* mmap_read_unlock(mm);
      return ret;
    }),
  ],
};

export const dupMmapRecovery: Patch = {
  name: 'dup-mmap-recovery',
  title: 'mm: change dup_mmap() recovery',
  description:
    'Proposed in August 2025, in mainline by v7.3. dup_mmap() itself takes down what it has copied, with limits that ' +
    'keep everybody off the part of the tree that is the parent’s, and destroys the tree before it drops the locks. ' +
    'Whoever finds the mm later finds it empty. No marker is needed any more.',
  appliesTo: ['v6.8', 'v6.12', 'v6.18'],
  replacements: [replace(dup_mmap_unfinished, recoverUnfinished)],
};

const spare_cachep = kernelGlobal('spare_maple_nodes_cache', () =>
  kmem_cache_create('maple_node', MAPLE_NODE_SIZE),
);

/** To shrink a tree takes new nodes: those on the way to what is cut off, which readers may be in. */
const mas_erase_tail = kfunc('mas_erase_tail', function* (mm: MmStruct, from: number) {
  const node = yield* kmem_cache_alloc(spare_cachep(), MapleNode, GFP_KERNEL, 'maple_node');
  if (node === null) return false;
  yield* mas_store_gfp(mm.mm_mt, from, ULONG_MAX, null);
  yield* kmem_cache_free(spare_cachep(), node);
  return true;
});

export const dupMmapEraseTail: Patch = {
  name: 'dup-mmap-erase-tail',
  title: 'mm: erase what was not copied in dup_mmap()',
  description:
    'Brought up by Jann Horn in the discussion of dup-mmap-recovery, as what would be simplest: cut the tree off where ' +
    'the copy stopped; what is left is an mm like any other, which exit_mmap() takes down as ever. Cutting takes ' +
    'memory for nodes, which may be what fork ran out of: then the marker must stay.',
  appliesTo: ['v6.8', 'v6.12', 'v6.18'],
  replacements: [
    replace(dup_mmap_unfinished, function* (mm, at) {
      if (at === null) return;
      if (!(yield* mas_erase_tail(mm, yield* at.vm_start.read()))) yield* markUnfinished(mm, at);
    }),
  ],
};

/** How many nodes the reserve holds: so many forks can fail between two grace periods. */
const RESERVE = 2;

class NodeReserve {
  readonly mutex = new Mutex('maple_reserve_mutex');
  readonly nodes = new Cell(RESERVE, 'maple_reserve');
}

const maple_reserve = kernelGlobal('maple_reserve', () => new NodeReserve());

/** mas_erase_reserved() - as mas_erase_tail(), with a node that was put aside; waits until one is there. */
const mas_erase_reserved = kfunc('mas_erase_reserved', function* (mm: MmStruct, from: number) {
  const reserve = maple_reserve();
  yield* mutex_lock(reserve.mutex);
  yield* reserve.nodes.await((nodes) => nodes > 0);
  yield* reserve.nodes.update((nodes) => nodes - 1);
  yield* mutex_unlock(reserve.mutex);
  yield* mas_store_gfp(mm.mm_mt, from, ULONG_MAX, null);
  // The mm has no readers under RCU: what was cut off can be put aside at once.
  yield* reserve.nodes.update((nodes) => nodes + 1);
});

export const dupMmapNodeReserve: Patch = {
  name: 'dup-mmap-node-reserve',
  title: 'maple_tree: keep a reserve of nodes for trees that shrink',
  description:
    'The other idea of that discussion: as dup-mmap-erase-tail, with nodes from a small global reserve behind a mutex, ' +
    'so that shrinking never fails; in a burst of failures one waits for another. Liam Howlett: work is added just when ' +
    'memory is short, nobody else has use for it, and what matters is that a half-built mm is reachable at all.',
  appliesTo: ['v6.8', 'v6.12', 'v6.18'],
  replacements: [
    replace(dup_mmap_unfinished, function* (mm, at) {
      if (at !== null) yield* mas_erase_reserved(mm, yield* at.vm_start.read());
    }),
  ],
};
