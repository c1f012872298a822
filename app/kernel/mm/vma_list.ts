import type { Body } from '../../sim/call.ts';
import { xa_is_zero, type MapleNode, type MapleSlot, type MapleTree } from '../include/maple_tree.ts';
import type { MmStruct, VmAreaStruct } from '../include/mm_types.ts';
import { extend } from '../kfunc.ts';
import { mas_store_gfp } from '../lib/maple_tree.ts';
import type { VmaSource } from './memory.ts';

/**
 * The VMAs as a list, `mm->mmap` and `vma->vm_next`, as kernels up to v6.0 have it beside their red-black tree.
 * Whoever goes through all of an address space goes along the list, from VMA to VMA: exit_mmap() and the reapers.
 * Whoever looks an address up asks the tree; the model's tree of v6.1 stands for it.
 *
 * Leaves out: that the nodes of the red-black tree lie in the VMAs. Nobody looks an address up without mmap_lock or
 * in an address space without users, so that no race on them is lost.
 */

/** The VMAs behind `vma`, one after the other: a look at `vm_next` of each. */
export function vmasBehind(vma: VmAreaStruct): VmaSource {
  const position = { at: vma };
  return () => step(position);
}

function* step(position: { at: VmAreaStruct }): Body<VmAreaStruct | null> {
  const next = yield* position.at.vm_next.read();
  if (next !== null) position.at = next;
  return next;
}

/** Stores in the tree are stores in the list, too: __vma_link_list(), __vma_unlink_list(). */
export const linkStores = extend(
  mas_store_gfp,
  (below) =>
    function* (tree, start, end, entry) {
      const before = slotsOf(tree.ma_root.value);
      const done = yield* below(tree, start, end, entry);
      const mm = ownerOf(tree, [...slotsOf(tree.ma_root.value), ...before]);
      if (done && mm !== null) yield* relink(mm);
      return done;
    },
  'the VMAs are a list, too',
);

/** (plain) Under mmap_lock for write nobody else changes them. */
const slotsOf = (node: MapleNode | null): readonly MapleSlot[] => node?.slots.value ?? [];

/** (plain) The mm that a tree belongs to. While fork copies one, VMAs of the parent stand in it as well. */
function ownerOf(tree: MapleTree, slots: readonly MapleSlot[]): MmStruct | null {
  for (const { entry } of slots) if (!xa_is_zero(entry) && entry.vm_mm.mm_mt === tree) return entry.vm_mm;
  return null;
}

function* relink(mm: MmStruct): Body<void> {
  let previous: VmAreaStruct | null = null;
  for (const { entry } of slotsOf(mm.mm_mt.ma_root.value)) {
    if (xa_is_zero(entry) || entry.vm_mm !== mm) continue;
    yield* point(mm, previous, entry);
    previous = entry;
  }
  yield* point(mm, previous, null);
}

/** Has the VMA before, or the head, point at `next`, unless it does so already. */
function* point(mm: MmStruct, previous: VmAreaStruct | null, next: VmAreaStruct | null): Body<void> {
  const cell = previous === null ? mm.mmap : previous.vm_next;
  if (cell.value !== next) yield* cell.write(next);
}
