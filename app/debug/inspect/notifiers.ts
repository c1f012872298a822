import type { HlistNode } from '../../kernel/include/hlist.ts';
import type { MmStruct } from '../../kernel/include/mm_types.ts';
import type { MmuIntervalNotifier, MmuNotifier } from '../../kernel/include/mmu_notifier.ts';
import { addressOf } from '../../kernel/struct.ts';
import { nameOfFunction } from '../kernel-view.ts';
import type { KernelObjects, ListStart } from '../objects.ts';
import type { Inspection } from './inspection.ts';

type List = Inspection['subscriptions'][number];

/** A list whose pointers run in a circle, or through memory that is used otherwise, ends somewhere. */
const LONGEST_LIST = 100;

/** Subscription lists: of address spaces, those that stand on a stack, and nodes that no list leads to any more. */
export function inspectSubscriptions({ mms, notifiers, listStarts }: KernelObjects): List[] {
  const lists: List[] = [];
  const shown = new Set<MmuNotifier>();
  for (const mm of mms) {
    const subscriptions = mm.notifier_subscriptions.value;
    if (subscriptions === null) continue;
    lists.push(listFrom(subscriptions.list.first, addressOf(mm.memory), 'mm', shown));
    const itree = subscriptions.itree.value;
    if (itree.length > 0) lists.push(intervals(mm, itree));
  }
  const starts = new Set(listStarts);
  for (const { notifier_subscriptions } of mms) {
    const first = notifier_subscriptions.value?.list.first;
    if (first !== undefined) starts.delete(first);
  }
  for (const start of starts) {
    const memory = start.memory;
    if (memory?.kind !== 'stack') continue;
    // The list of a function that has returned matters only as long as somebody points there.
    const pointedAt = [...notifiers].some(({ hlist }) => hlist.pprev.value === start);
    if (!memory.alive && !pointedAt) continue;
    if (memory.alive && start.value === null) continue;
    lists.push(listFrom(start, memory.name, 'stack', shown));
  }
  for (const notifier of notifiers) {
    if (shown.has(notifier) || notifier.hlist.pprev.value === null) continue;
    const owner = ownerOf(notifier.hlist.pprev.value);
    lists.push({ owner, where: 'stack', dead: true, nodes: [node(notifier.hlist)] });
  }
  return lists;
}

function listFrom(start: ListStart, owner: string, where: List['where'], shown: Set<MmuNotifier>): List {
  const nodes: List['nodes'] = [];
  const met = new Set<HlistNode<MmuNotifier>>();
  for (let at = start.value; at !== null && nodes.length < LONGEST_LIST; at = at.next.value) {
    if (met.has(at)) break;
    met.add(at);
    shown.add(at.owner);
    nodes.push(node(at));
  }
  return { owner, where, dead: start.memory?.alive === false, nodes };
}

function node({ owner, next, pprev }: HlistNode<MmuNotifier>): List['nodes'][number] {
  const ops = Object.entries(owner.ops.value)
    .map(([, op]) => nameOfFunction(op))
    .filter((name) => name !== null);
  return {
    address: addressOf(owner.hlist.next),
    name: owner.path === '' ? owner.memory.name : `${owner.memory.name}->${owner.path.slice(0, -1)}`,
    memory: owner.memory.name,
    dead: !owner.memory.alive,
    next: next.value === null ? null : addressOf(next.value.next),
    pprev: pprev.value === null ? null : ownerOf(pprev.value),
    users: owner.users.value,
    detail: ops.join(', '),
  };
}

/** The variable that a pprev points at: whose it is, and where. */
function ownerOf(cell: ListStart): string {
  const { memory, field } = cell;
  if (memory === null) return field;
  return `${memory.name}->${field}${memory.alive ? '' : ' (freed)'} at ${addressOf(cell)}`;
}

function intervals(mm: MmStruct, itree: readonly MmuIntervalNotifier[]): List {
  return {
    owner: addressOf(mm.memory),
    where: 'interval',
    dead: !mm.memory.alive,
    nodes: itree.map((each) => ({
      address: addressOf(each.memory),
      name: each.memory.name,
      memory: each.memory.name,
      dead: !each.memory.alive,
      next: null,
      pprev: null,
      users: null,
      detail: `0x${each.start.toString(16)}-0x${each.last.toString(16)}, invalidate_seq ${each.invalidate_seq.value}`,
    })),
  };
}
