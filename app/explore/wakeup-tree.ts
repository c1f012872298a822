import { enlarged } from './int-list.ts';
import { NONE } from './path.ts';

/**
 * Beginnings of executions that are still to be explored, as ordered trees of steps, one tree for each event
 * of the present path. A step is a thread, the alternative that it takes and the footprint foreseen for it.
 *
 * The tree at depth `d` hangs under `root(d)`. Entering a branch moves what hangs under it to depth `d + 1`.
 */
export class WakeupTree {
  thread = new Int32Array(INITIAL);
  alternative = new Int32Array(INITIAL);
  footprint = new Int32Array(INITIAL);
  firstChild = new Int32Array(INITIAL).fill(NONE);
  sibling = new Int32Array(INITIAL).fill(NONE);
  private lastChild = new Int32Array(INITIAL);
  /** Steps in all trees together. */
  size = 0;

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

  /** Adds a step below `parent`, behind its other children; returns the new node. */
  add(parent: number, thread: number, alternative: number, footprint: number): number {
    const node = this.allocate();
    this.size++;
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
    const root = this.root(depth);
    const node = this.firstChild[root];
    const next = this.root(depth + 1);
    this.firstChild[root] = this.sibling[node];
    this.firstChild[next] = this.firstChild[node];
    this.lastChild[next] = this.lastChild[node];
    this.size--;
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
    return node;
  }

  private grow(): void {
    const size = this.thread.length * 2;
    this.thread = enlarged(this.thread, size);
    this.alternative = enlarged(this.alternative, size);
    this.footprint = enlarged(this.footprint, size);
    this.firstChild = enlarged(this.firstChild, size, NONE);
    this.sibling = enlarged(this.sibling, size, NONE);
    this.lastChild = enlarged(this.lastChild, size);
  }
}

const INITIAL = 256;
