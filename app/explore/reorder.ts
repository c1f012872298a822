import type { Prng } from '../base/prng.ts';
import type { Recording } from './recording.ts';

// Orders of the events of a recording, as lists of their indices. Events that depend on each other stay in order.

/** Many pairs of neighbours swapped, no event in more than one. */
export function neighboursSwapped(recording: Recording, prng: Prng): number[] {
  const order = recording.events.map((_, event) => event);
  for (let event = 0; event + 1 < order.length; event++) {
    if (recording.before(event, event + 1) || prng.chance(1, 4)) continue;
    order[event] = event + 1;
    order[event + 1] = event;
    event++;
  }
  return order;
}

/** Any order: of the threads that can go on, one of those that are preferred for the time being. */
export function reordered(recording: Recording, prng: Prng): number[] {
  const { events } = recording;
  const queues: number[][] = [];
  events.forEach(({ thread }, event) => {
    (queues[thread] ??= []).push(event);
  });
  const order: number[] = [];
  const next = queues.map(() => 0);
  const done = new Uint8Array(events.length);
  const can = (thread: number): boolean => {
    const event = queues[thread]?.at(next[thread]);
    return event !== undefined && recording.predecessors(event).every((before) => done[before] === 1);
  };
  let ranks: number[] = [];
  for (let left = 0; order.length < events.length; left--) {
    if (left <= 0) {
      left = prng.below(100);
      ranks = queues.map(() => prng.below(1000));
    }
    let best = -1;
    for (let thread = 0; thread < queues.length; thread++) {
      if ((best < 0 || ranks[thread] > ranks[best]) && can(thread)) best = thread;
    }
    const event = queues[best][next[best]++];
    done[event] = 1;
    order.push(event);
  }
  return order;
}

/** Pairs of events that come in another order than in the recording. */
export function inversions(order: readonly number[]): number {
  return passed(order).reduce((sum, count) => sum + count, 0);
}

/**
 * The order after so many swaps of neighbours on the way from the recorded one to `order`: one place after the
 * other, the event that belongs there is brought forward.
 */
export function afterSwaps(order: readonly number[], swaps: number): number[] {
  const counts = passed(order);
  let left = swaps;
  let place = 0;
  while (place < order.length && left >= counts[place]) left -= counts[place++];
  const first = order.slice(0, place);
  if (place === order.length) return first;
  const there = new Set(first);
  const rest = order.map((_, event) => event).filter((event) => !there.has(event));
  const at = rest.indexOf(order[place]);
  rest.splice(at, 1);
  rest.splice(at - left, 0, order[place]);
  return [...first, ...rest];
}

/** By place: how many events the one there has passed, those that come later and were recorded before it. */
function passed(order: readonly number[]): number[] {
  // A Fenwick tree over the events that are still to come.
  const tree = new Int32Array(order.length + 1);
  const add = (event: number, amount: number): void => {
    for (let i = event + 1; i <= order.length; i += i & -i) tree[i] += amount;
  };
  order.forEach((event) => {
    add(event, 1);
  });
  return order.map((event) => {
    add(event, -1);
    let count = 0;
    for (let i = event; i > 0; i -= i & -i) count += tree[i];
    return count;
  });
}
