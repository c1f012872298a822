import { enlarged } from './int-list.ts';
import { NONE } from './path.ts';
import type { Taken } from './rehearsal.ts';

/** What is with a branch; a number from `GIVEN_AWAY` on says to whom it was given. */
export const WAITS = 0;
export const EXPLORED = 1;
export const GIVEN_AWAY = 2;

/**
 * Beginnings of executions that are still to be explored, as ordered trees of steps, one tree for each event
 * of the present path. A step is a thread, the alternative that it takes and the footprint foreseen for it.
 *
 * The tree at depth `d` hangs under `root(d)`. Entering a branch moves what hangs under it to depth `d + 1`.
 * Branches that others have explored stay, with the footprints that they had, in front of those that wait: they
 * are to sleep when a later sibling is entered.
 */
export class WakeupTree {
  thread = new Int32Array(INITIAL);
  alternative = new Int32Array(INITIAL);
  footprint = new Int32Array(INITIAL);
  mark = new Int32Array(INITIAL);
  /** Executions that there were before the first one that begins so; `NONE` if there was none. */
  begun = new Int32Array(INITIAL);
  firstChild = new Int32Array(INITIAL).fill(NONE);
  sibling = new Int32Array(INITIAL).fill(NONE);
  private lastChild = new Int32Array(INITIAL);

  private used = 0;
  private free = NONE;
  private readonly roots: number[] = [];

  /** The node under which the tree at `depth` hangs. */
  root(depth: number): number {
    while (this.roots.length <= depth) this.roots.push(this.allocate());
    return this.roots[depth];
  }

  /** The first step of the tree at `depth`, or `NONE`. */
  first(depth: number): number {
    return depth < this.roots.length ? this.firstChild[this.roots[depth]] : NONE;
  }

  /** The first step below `node` that waits, or `NONE` if nothing hangs there. */
  firstWaiting(node: number): number {
    let child = this.firstChild[node];
    while (child !== NONE && this.mark[child] === EXPLORED) child = this.sibling[child];
    return child;
  }

  step(node: number): Taken {
    return { thread: this.thread[node], alternative: this.alternative[node] };
  }

  /** Adds a step below `parent`, behind its other children; returns the new node. */
  add(parent: number, thread: number, alternative: number, footprint: number): number {
    const node = this.allocate();
    this.thread[node] = thread;
    this.alternative[node] = alternative;
    this.footprint[node] = footprint;
    if (this.firstChild[parent] === NONE) this.firstChild[parent] = node;
    else this.sibling[this.lastChild[parent]] = node;
    this.lastChild[parent] = node;
    return node;
  }

  /** Takes the first step off the tree at `depth`; what hung under it becomes the tree at `depth + 1`. */
  enter(depth: number): void {
    const node = this.firstChild[this.root(depth)];
    const next = this.root(depth + 1);
    this.firstChild[next] = this.firstChild[node];
    this.lastChild[next] = this.lastChild[node];
    this.drop(depth);
  }

  /** Takes the first step off the tree at `depth`, and nothing hangs under it. */
  drop(depth: number): void {
    const root = this.root(depth);
    const node = this.firstChild[root];
    this.firstChild[root] = this.sibling[node];
    this.release(node);
  }

  /** Notes that a branch is explored, and the footprint that its step had. Forgets what hung under it. */
  explored(node: number): void {
    this.mark[node] = EXPLORED;
    for (let child = this.firstChild[node]; child !== NONE;) {
      const next = this.sibling[child];
      this.release(child);
      child = next;
    }
    this.firstChild[node] = NONE;
  }

  private release(node: number): void {
    this.sibling[node] = this.free;
    this.free = node;
  }

  private allocate(): number {
    let node = this.free;
    if (node !== NONE) this.free = this.sibling[node];
    else {
      node = this.used++;
      if (node === this.thread.length) this.grow();
    }
    this.firstChild[node] = NONE;
    this.sibling[node] = NONE;
    this.mark[node] = WAITS;
    this.begun[node] = NONE;
    return node;
  }

  private grow(): void {
    const size = this.thread.length * 2;
    this.thread = enlarged(this.thread, size);
    this.alternative = enlarged(this.alternative, size);
    this.footprint = enlarged(this.footprint, size);
    this.mark = enlarged(this.mark, size);
    this.begun = enlarged(this.begun, size);
    this.firstChild = enlarged(this.firstChild, size, NONE);
    this.sibling = enlarged(this.sibling, size, NONE);
    this.lastChild = enlarged(this.lastChild, size);
  }
}

const INITIAL = 256;
