import type { Body } from '../../sim/call.ts';
import { GFP_KERNEL } from '../include/gfp.ts';
import { MapleNode, type MapleEntry, type MapleSlot, type MapleTree } from '../include/maple_tree.ts';
import { kernelGlobal } from '../globals.ts';
import { rcu_assign_pointer, rcu_dereference } from '../include/rwonce.ts';
import { kfunc } from '../kfunc.ts';
import { WARN_ON } from '../kernel/panic.ts';
import { call_rcu, RCU_LOCKDEP_WARN, rcu_read_lock_held } from '../kernel/rcu/tree.ts';
import { kmem_cache_alloc, kmem_cache_create, kmem_cache_free } from '../mm/slab.ts';

export const MAPLE_NODE_SIZE = 256;

const maple_node_cache = kernelGlobal('maple_node_cache', () =>
  kmem_cache_create('maple_node', MAPLE_NODE_SIZE),
);

/**
 * struct ma_state - a walk over a tree: where it is, and the node that it stands on. A walker that is caught by
 * the end of the tree goes on in the node that it has.
 */
export class MaState {
  node: MapleNode | null = null;
  /** Where the walk goes on: the first address behind the entry found last; going down, the start of that entry. */
  index: number;

  constructor(
    readonly tree: MapleTree,
    index: number,
  ) {
    this.index = index;
  }
}

/** mas_set(), vma_iter_set() - begin anew at an address. */
export function mas_set(mas: MaState, index: number): void {
  mas.node = null;
  mas.index = index;
}

/** A look at a pointer of the tree needs the tree's lock or RCU. */
function rcu_dereference_check(tree: MapleTree, line: number): void {
  const suspicious = (): boolean => !(tree.locked() || rcu_read_lock_held());
  RCU_LOCKDEP_WARN(suspicious, 'suspicious rcu_dereference_check() usage', 'lib/maple_tree.c', line);
}

/** And here the lock itself. */
function rcu_dereference_protected(tree: MapleTree, line: number): void {
  const suspicious = (): boolean => !tree.locked();
  RCU_LOCKDEP_WARN(suspicious, 'suspicious rcu_dereference_protected() usage', 'lib/maple_tree.c', line);
}

/** mas_walk() - from the root to the node. False for an empty tree. */
const mas_walk = kfunc('mas_walk', function* (mas: MaState) {
  rcu_dereference_check(mas.tree, 835);
  mas.node = yield* rcu_dereference(mas.tree.ma_root);
  if (mas.node === null) return null;
  return yield* mtree_range_walk(mas);
});

const mtree_range_walk = kfunc('mtree_range_walk', function* (mas: MaState) {
  rcu_dereference_check(mas.tree, 791);
  return yield* slotsOf(mas);
});

function* slotsOf(mas: MaState): Body<readonly MapleSlot[]> {
  return mas.node === null ? [] : yield* rcu_dereference(mas.node.slots);
}

const mas_next_slot = kfunc('mas_next_slot', function* (mas: MaState) {
  return yield* slotsOf(mas);
});

const mas_prev_slot = kfunc('mas_prev_slot', function* (mas: MaState) {
  return yield* slotsOf(mas);
});

/**
 * mas_find() - the entry at the walk's address or the next one that begins at `max` at the latest.
 *
 * Context: the tree's lock, or RCU. The node found first is used for all of the walk.
 * Models: lib/maple_tree.c. Leaves out: levels; one node holds all entries.
 */
export const mas_find = kfunc('mas_find', function* (mas: MaState, max: number) {
  const slots = mas.node === null ? yield* mas_walk(mas) : yield* mas_next_slot(mas);
  const slot = (slots ?? []).find(({ start, end }) => end > mas.index && start <= max);
  if (slot === undefined) return null;
  mas.index = slot.end;
  return slot.entry;
});

/** mas_find_rev() - the entry that ends last below the walk's address and reaches down to `min`. */
export const mas_find_rev = kfunc('mas_find_rev', function* (mas: MaState, min: number) {
  const slots = mas.node === null ? yield* mas_walk(mas) : yield* mas_prev_slot(mas);
  const slot = (slots ?? []).findLast(({ start, end }) => start < mas.index && end > min);
  if (slot === undefined) return null;
  mas.index = slot.start;
  return slot.entry;
});

/** mtree_load(), mas_walk() for one address: what is stored there, or null. Context: the lock, or RCU. */
export const mtree_load = kfunc('mtree_load', function* (tree: MapleTree, address: number) {
  const slots = yield* mas_walk(new MaState(tree, address));
  return at(slots ?? [], address)?.entry ?? null;
});

const at = (slots: readonly MapleSlot[], address: number): MapleSlot | undefined =>
  slots.find(({ start, end }) => start <= address && address < end);

/**
 * mas_store_gfp() - put `entry` at a range, over whatever was there; null empties it.
 *
 * Context: the tree's lock for writing. Return: false where memory lacks.
 * Models: lib/maple_tree.c. Leaves out: rebalancing; a reader of the one node sees the old or the new state.
 */
export const mas_store_gfp = kfunc(
  'mas_store_gfp',
  function* (tree: MapleTree, start: number, end: number, entry: MapleEntry | null) {
    const root = yield* tree.ma_root.read();
    const node = root ?? (yield* mas_alloc_nodes());
    if (node === null) return false;
    const before = root === null ? [] : yield* rcu_dereference(node.slots);
    yield* rcu_assign_pointer(node.slots, stored(before, start, end, entry));
    if (root === null) yield* rcu_assign_pointer(tree.ma_root, node);
    return true;
  },
);

const mas_alloc_nodes = kfunc('mas_alloc_nodes', function* () {
  return yield* kmem_cache_alloc(maple_node_cache(), MapleNode, GFP_KERNEL, 'maple_node');
});

/** (plain) The slots after a store: what overlaps is cut. */
function stored(
  slots: readonly MapleSlot[],
  start: number,
  end: number,
  entry: MapleEntry | null,
): readonly MapleSlot[] {
  const result: MapleSlot[] = [];
  for (const slot of slots) {
    if (slot.start < start) result.push({ ...slot, end: Math.min(slot.end, start) });
    if (slot.end > end) result.push({ ...slot, start: Math.max(slot.start, end) });
  }
  if (entry !== null) result.push({ start, end, entry });
  return result.filter((slot) => slot.start < slot.end).sort((a, b) => a.start - b.start);
}

/** mt_clear_in_rcu() - from now on nodes are freed at once. Context: the tree's lock for writing. */
export function* mt_clear_in_rcu(tree: MapleTree): Body<void> {
  if (!(yield* tree.in_rcu.read())) return;
  WARN_ON(!tree.locked(), 'include/linux/maple_tree.h:829');
  yield* tree.in_rcu.write(false);
}

/** mt_set_in_rcu() */
export function* mt_set_in_rcu(tree: MapleTree): Body<void> {
  WARN_ON(!tree.locked(), 'include/linux/maple_tree.h:846');
  yield* tree.in_rcu.write(true);
}

/** __mt_dup() - the same entries in another tree, which nobody else sees. False where memory lacks. */
export const __mt_dup = kfunc('__mt_dup', function* (from: MapleTree, to: MapleTree) {
  const root = yield* from.ma_root.read();
  if (root === null) return true;
  const node = yield* mas_alloc_nodes();
  if (node === null) return false;
  yield* rcu_assign_pointer(node.slots, yield* rcu_dereference(root.slots));
  yield* rcu_assign_pointer(to.ma_root, node);
  return true;
});

/**
 * __mt_destroy() - empty the tree and free its node.
 *
 * Context: the tree's lock for writing. With readers under RCU the node waits for them.
 */
export const __mt_destroy = kfunc('__mt_destroy', function* (tree: MapleTree) {
  rcu_dereference_protected(tree, 840);
  const node = yield* tree.ma_root.read();
  yield* rcu_assign_pointer(tree.ma_root, null);
  if (node === null) return;
  if (yield* tree.in_rcu.read()) yield* call_rcu(node.rcu, () => mt_free_walk(node));
  else yield* mt_destroy_walk(node);
});

const mt_destroy_walk = kfunc('mt_destroy_walk', function* (node: MapleNode) {
  yield* kmem_cache_free(maple_node_cache(), node);
});

const mt_free_walk = kfunc('mt_free_walk', function* (node: MapleNode) {
  yield* kmem_cache_free(maple_node_cache(), node);
});
