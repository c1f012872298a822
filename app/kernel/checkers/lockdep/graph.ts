import type { StackEntry } from '../../stack.ts';
import type { HeldLock } from '../../kernel/locking/lockdep.ts';
import { LockClass } from './classes.ts';

// Kinds of dependency, as bits: the holder shared or exclusive, the taker recursive or not.
const SR = 1;
const ER = 2;
const SN = 4;
const EN = 8;

/** struct lock_list - class `to` was taken while `from` was held. */
export interface Dependency {
  readonly from: LockClass;
  readonly to: LockClass;
  /** Set of SR, ER, SN, EN. */
  kinds: number;
  readonly trace: readonly StackEntry[];
}

/** One step of a path through the graph; the first has no dependency. */
export interface Step {
  readonly lockClass: LockClass;
  readonly via: Dependency | null;
  readonly parent: Step | null;
  readonly depth: number;
  /** Came here by shared holders or recursive readers only: they block nobody by themselves. */
  readonly onlyRecursive: boolean;
}

/** The kind of dependency that taking `next` while holding `prev` makes. */
function kindOf(prev: HeldLock, next: HeldLock): number {
  if (next.read === 2) return prev.read === 0 ? ER : SR;
  return prev.read === 0 ? EN : SN;
}

/** Notes that `next` is taken while `prev` is held. */
export function addDependency(prev: HeldLock, next: HeldLock, trace: readonly StackEntry[]): void {
  const from = prev.lockClass;
  const to = next.lockClass;
  const kind = kindOf(prev, next);
  const known = from.after.find((dependency) => dependency.to === to);
  if (known !== undefined) {
    known.kinds |= kind;
    return;
  }
  const dependency: Dependency = { from, to, kinds: kind, trace };
  from.after.push(dependency);
  to.before.push(dependency);
}

type Match = (step: Step) => boolean;

/** The shortest path from a lock along dependencies that can really block, to where `match` says so. */
export function findForwards(root: HeldLock, match: Match): Step | null {
  return search(start(root.lockClass, root.read === 2), match, forwards);
}

/** The same against the direction of dependencies. */
export function findBackwards(root: HeldLock, match: Match): Step | null {
  return search(start(root.lockClass, root.read !== 0), match, backwards);
}

export function start(lockClass: LockClass, onlyRecursive: boolean): Step {
  return { lockClass, via: null, parent: null, depth: 0, onlyRecursive };
}

interface Direction {
  readonly next: (lockClass: LockClass) => readonly Dependency[];
  readonly end: (dependency: Dependency) => LockClass;
  /** Kinds that go on after a step that came by readers only. */
  readonly strong: number;
  /** Kinds after which the next step is free again. */
  readonly free: number;
}

const forwards: Direction = {
  next: (lockClass) => lockClass.after,
  end: (dependency) => dependency.to,
  strong: ER | EN,
  free: SN | EN,
};

/** Backwards, the holder's part decides what the taker's part decides forwards. */
const backwards: Direction = {
  next: (lockClass) => lockClass.before,
  end: (dependency) => dependency.from,
  strong: SN | EN,
  free: ER | EN,
};

function search(root: Step, match: Match, direction: Direction): Step | null {
  const seen = new Set<number>();
  const queue = [root];
  for (let at = 0; at < queue.length; at++) {
    const step = queue[at];
    const key = step.lockClass.index * 2 + (step.onlyRecursive ? 1 : 0);
    if (seen.has(key)) continue;
    seen.add(key);
    if (match(step)) return step;
    for (const via of direction.next(step.lockClass)) {
      const kinds = step.onlyRecursive ? via.kinds & direction.strong : via.kinds;
      if (kinds === 0) continue;
      queue.push({
        lockClass: direction.end(via),
        via,
        parent: step,
        depth: step.depth + 1,
        onlyRecursive: (kinds & direction.free) === 0,
      });
    }
  }
  return null;
}
