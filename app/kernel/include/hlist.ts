import type { Body } from '../../sim/call.ts';
import { Cell } from '../../sim/cell.ts';
import type { Memory } from '../../sim/memory.ts';
import type { Operation } from '../../sim/operation.ts';
import { nullDereference } from '../arch/x86/mm/fault.ts';
import { rcu_assign_pointer, rcu_dereference, READ_ONCE, WRITE_ONCE } from './rwonce.ts';

/** A pointer to a node, as a variable of its own: what `pprev` points at. */
export type HlistLink<T> = Cell<HlistNode<T> | null>;

/** struct hlist_head - the start of a list with one pointer. It may stand in a stack frame. */
export class HlistHead<T> {
  readonly first: HlistLink<T>;

  constructor(field: string, memory: Memory | null = null) {
    this.first = new Cell<HlistNode<T> | null>(null, `${field}.first`, memory);
  }
}

/**
 * struct hlist_node - hashed while `pprev` is not null. `pprev` points at the variable that points here: the
 * `first` of a head or the `next` of a node. Each store is its own operation, and a store through `pprev`
 * touches the memory where that variable is, dead or alive.
 */
export class HlistNode<T> {
  readonly next: HlistLink<T>;
  readonly pprev: Cell<HlistLink<T> | null>;

  constructor(
    /** What the node is embedded in: container_of(). */
    readonly owner: T,
    field: string,
    memory: Memory | null = null,
  ) {
    this.next = new Cell<HlistNode<T> | null>(null, `${field}.next`, memory);
    this.pprev = new Cell<HlistLink<T> | null>(null, `${field}.pprev`, memory);
  }
}

/** hlist_empty() - one read, no lock; may be stale when it returns. */
export function* hlist_empty<T>(head: HlistHead<T>): Body<boolean> {
  return (yield* READ_ONCE(head.first)) === null;
}

/** hlist_unhashed() - looks at `pprev` only. */
export function* hlist_unhashed<T>(node: HlistNode<T>): Body<boolean> {
  return (yield* node.pprev.read()) === null;
}

/** The node that is first, or null: where a walk starts that RCU or SRCU protects. */
export function hlist_first<T>(head: HlistHead<T>): Operation<HlistNode<T> | null> {
  return rcu_dereference(head.first);
}

export function hlist_next<T>(node: HlistNode<T>): Operation<HlistNode<T> | null> {
  return rcu_dereference(node.next);
}

/**
 * hlist_add_head() - put a node in front.
 *
 * Models: include/linux/list.h. The new node is complete before `first` is stored.
 */
export function* hlist_add_head<T>(node: HlistNode<T>, head: HlistHead<T>): Body<void> {
  const first = yield* head.first.read();
  yield* WRITE_ONCE(node.next, first);
  if (first !== null) yield* WRITE_ONCE(first.pprev, node.next);
  yield* WRITE_ONCE(head.first, node);
  yield* WRITE_ONCE(node.pprev, head.first);
}

/** hlist_add_head_rcu() - the same with readers about: the old first learns of its new place last. */
export function* hlist_add_head_rcu<T>(node: HlistNode<T>, head: HlistHead<T>): Body<void> {
  const first = yield* head.first.read();
  yield* node.next.write(first);
  yield* WRITE_ONCE(node.pprev, head.first);
  yield* rcu_assign_pointer(head.first, node);
  if (first !== null) yield* WRITE_ONCE(first.pprev, node.next);
}

/** __hlist_del() - makes the neighbours forget a node, which keeps its own pointers. */
function* __hlist_del<T>(node: HlistNode<T>): Body<void> {
  const next = yield* node.next.read();
  const pprev = yield* node.pprev.read();
  // Somebody else took it out since the caller looked.
  if (pprev === null) yield* nullDereference(0, true);
  else yield* WRITE_ONCE(pprev, next);
  if (next !== null) yield* WRITE_ONCE(next.pprev, pprev);
}

/** hlist_del_init() - takes a node out and leaves it unhashed and without a next. Nothing if it is not hashed. */
export function* hlist_del_init<T>(node: HlistNode<T>): Body<void> {
  if (yield* hlist_unhashed(node)) return;
  yield* __hlist_del(node);
  yield* node.next.write(null);
  yield* node.pprev.write(null);
}

/** hlist_del_init_rcu() - takes a node out; `next` stays, so that a reader that stands on it can go on. */
export function* hlist_del_init_rcu<T>(node: HlistNode<T>): Body<void> {
  if (yield* hlist_unhashed(node)) return;
  yield* __hlist_del(node);
  yield* WRITE_ONCE(node.pprev, null);
}

/** hlist_move_list() - moves all nodes to another head, which is overwritten. */
export function* hlist_move_list<T>(old: HlistHead<T>, next: HlistHead<T>): Body<void> {
  const first = yield* old.first.read();
  yield* next.first.write(first);
  if (first !== null) yield* first.pprev.write(next.first);
  yield* old.first.write(null);
}
