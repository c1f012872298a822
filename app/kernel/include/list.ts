import type { Body } from '../../sim/call.ts';
import { Cell } from '../../sim/cell.ts';
import type { Memory } from '../../sim/memory.ts';
import { general_protection_fault } from '../arch/x86/kernel/traps.ts';
import { rcu_assign_pointer, READ_ONCE, WRITE_ONCE } from './rwonce.ts';
import { config } from '../kernel.ts';
import { kfunc } from '../kfunc.ts';
import { WARN } from '../kernel/panic.ts';
import { addressOf } from '../struct.ts';

/** What list_del() leaves in `next` and `prev`: addresses that nobody can use. */
export const LIST_POISON1 = 'dead000000000100';
export const LIST_POISON2 = 'dead000000000122';

/** What `next` and `prev` can hold. */
export type ListLink<T> = ListHead<T> | typeof LIST_POISON1 | typeof LIST_POISON2;

/**
 * struct list_head - a node of a circular list with two pointers, or the head of one. Each pointer is a variable
 * of its own. An initialised node points at itself.
 */
export class ListHead<T> {
  readonly next: Cell<ListLink<T>>;
  readonly prev: Cell<ListLink<T>>;

  constructor(
    field: string,
    memory: Memory | null = null,
    /** What the node is embedded in: container_of(). Null for the head. */
    readonly owner: T | null = null,
  ) {
    this.next = new Cell<ListLink<T>>(this, `${field}.next`, memory);
    this.prev = new Cell<ListLink<T>>(this, `${field}.prev`, memory);
  }
}

const px = <T>(link: ListLink<T>): string => (typeof link === 'string' ? link : addressOf(link.next));

/** Follows a pointer. One that list_del() left there is the end of the task that follows it. */
function* node<T>(link: ListLink<T>): Body<ListHead<T>> {
  return typeof link === 'string' ? yield* general_protection_fault(link) : link;
}

export function* INIT_LIST_HEAD<T>(list: ListHead<T>): Body<void> {
  yield* WRITE_ONCE(list.next, list);
  yield* WRITE_ONCE(list.prev, list);
}

export function* list_empty<T>(head: ListHead<T>): Body<boolean> {
  return (yield* READ_ONCE(head.next)) === head;
}

/** (DEBUG_LIST) Reports a list that is not as it should be, and says whether it may be touched. */
function corrupt(line: number, text: string): false {
  WARN(true, `lib/list_debug.c:${line}`, text);
  return false;
}

const __list_add_valid_or_report = kfunc(
  '__list_add_valid_or_report',
  function* (entry: ListHead<unknown>, prev: ListHead<unknown>, next: ListHead<unknown>) {
    const nextPrev = yield* next.prev.read();
    if (nextPrev !== prev) {
      return corrupt(
        29,
        `list_add corruption. next->prev should be prev (${px(prev)}), but was ${px(nextPrev)}. (next=${px(next)}).`,
      );
    }
    const prevNext = yield* prev.next.read();
    if (prevNext !== next) {
      return corrupt(
        32,
        `list_add corruption. prev->next should be next (${px(next)}), but was ${px(prevNext)}. (prev=${px(prev)}).`,
      );
    }
    if (entry === prev || entry === next) {
      return corrupt(35, `list_add double add: new=${px(entry)}, prev=${px(prev)}, next=${px(next)}.`);
    }
    return true;
  },
);

const __list_del_entry_valid_or_report = kfunc(
  '__list_del_entry_valid_or_report',
  function* (entry: ListHead<unknown>) {
    const prev = yield* entry.prev.read();
    const next = yield* entry.next.read();
    if (typeof next === 'string') {
      return corrupt(56, `list_del corruption, ${px(entry)}->next is LIST_POISON1 (${next})`);
    }
    if (typeof prev === 'string') {
      return corrupt(59, `list_del corruption, ${px(entry)}->prev is LIST_POISON2 (${prev})`);
    }
    const prevNext = yield* prev.next.read();
    if (prevNext !== entry) {
      return corrupt(
        62,
        `list_del corruption. prev->next should be ${px(entry)}, but was ${px(prevNext)}. (prev=${px(prev)})`,
      );
    }
    const nextPrev = yield* next.prev.read();
    if (nextPrev !== entry) {
      return corrupt(
        65,
        `list_del corruption. next->prev should be ${px(entry)}, but was ${px(nextPrev)}. (next=${px(next)})`,
      );
    }
    return true;
  },
);

function* __list_add<T>(entry: ListHead<T>, prev: ListHead<T>, next: ListHead<T>): Body<void> {
  if (config().DEBUG_LIST) {
    if (!(yield* __list_add_valid_or_report(entry, prev, next))) return;
  }
  yield* next.prev.write(entry);
  yield* entry.next.write(next);
  yield* entry.prev.write(prev);
  yield* WRITE_ONCE(prev.next, entry);
}

/** list_add() - behind the head: a stack. */
export function* list_add<T>(entry: ListHead<T>, head: ListHead<T>): Body<void> {
  yield* __list_add(entry, head, yield* node(yield* head.next.read()));
}

/** list_add_tail() - before the head: a queue. */
export function* list_add_tail<T>(entry: ListHead<T>, head: ListHead<T>): Body<void> {
  yield* __list_add(entry, yield* node(yield* head.prev.read()), head);
}

/** list_add_rcu() - the entry is complete before readers can find it. */
export function* list_add_rcu<T>(entry: ListHead<T>, head: ListHead<T>): Body<void> {
  const next = yield* node(yield* head.next.read());
  if (config().DEBUG_LIST) {
    if (!(yield* __list_add_valid_or_report(entry, head, next))) return;
  }
  yield* entry.next.write(next);
  yield* entry.prev.write(head);
  yield* rcu_assign_pointer(head.next, entry);
  yield* next.prev.write(entry);
}

function* __list_del_entry<T>(entry: ListHead<T>): Body<void> {
  if (config().DEBUG_LIST && !(yield* __list_del_entry_valid_or_report(entry))) return;
  const prev = yield* node(yield* entry.prev.read());
  const next = yield* node(yield* entry.next.read());
  yield* next.prev.write(prev);
  yield* WRITE_ONCE(prev.next, next);
}

/** list_del() - takes an entry out and leaves pointers in it that nobody can use. */
export function* list_del<T>(entry: ListHead<T>): Body<void> {
  yield* __list_del_entry(entry);
  yield* entry.next.write(LIST_POISON1);
  yield* entry.prev.write(LIST_POISON2);
}

/** list_del_rcu() - `next` stays for readers that stand on the entry. */
export function* list_del_rcu<T>(entry: ListHead<T>): Body<void> {
  yield* __list_del_entry(entry);
  yield* entry.prev.write(LIST_POISON2);
}

/** list_del_init() - takes an entry out and makes it a list of its own. */
export function* list_del_init<T>(entry: ListHead<T>): Body<void> {
  yield* __list_del_entry(entry);
  yield* INIT_LIST_HEAD(entry);
}

export function* list_move<T>(entry: ListHead<T>, head: ListHead<T>): Body<void> {
  yield* __list_del_entry(entry);
  yield* list_add(entry, head);
}

export function* list_move_tail<T>(entry: ListHead<T>, head: ListHead<T>): Body<void> {
  yield* __list_del_entry(entry);
  yield* list_add_tail(entry, head);
}

/** list_splice_init() - moves all entries of `list` to the front of `head`. */
export function* list_splice_init<T>(list: ListHead<T>, head: ListHead<T>): Body<void> {
  const first = yield* node(yield* list.next.read());
  if (first === list) return;
  const last = yield* node(yield* list.prev.read());
  const at = yield* node(yield* head.next.read());
  yield* first.prev.write(head);
  yield* head.next.write(first);
  yield* last.next.write(at);
  yield* at.prev.write(last);
  yield* INIT_LIST_HEAD(list);
}

// A walk: for (let p = yield* list_first(head); p !== null; p = yield* list_next(p.list, head)) …

/** What is embedded around the first node; null if the list is empty. */
export function* list_first<T>(head: ListHead<T>): Body<T | null> {
  return yield* list_next(head, head);
}
export const list_first_entry_or_null = list_first;

/** What is embedded around the node after `entry`; null at the end. */
export function* list_next<T>(entry: ListHead<T>, head: ListHead<T>): Body<T | null> {
  const next = yield* node(yield* entry.next.read());
  return next === head ? null : next.owner;
}
