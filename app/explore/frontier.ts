import type { Branch, Level, Step } from './branches.ts';
import type { Footprints } from './footprint.ts';
import { NONE, type Path } from './path.ts';
import type { SleepSets } from './sleep-sets.ts';
import type { WakeupTree } from './wakeup-tree.ts';

/** How far an optimal search is: what is explored and what waits at each depth of the path, as data. */
export class Frontier {
  /** By depth: executions that there were before the first one with this beginning. */
  readonly begun: number[] = [0];

  constructor(
    private readonly path: Path,
    private readonly footprints: Footprints,
    private readonly sleepers: SleepSets,
    private readonly tree: WakeupTree,
  ) {}

  /** Between executions: all levels from a depth on, or the last of them without what hangs under what waits. */
  levels(floor: number, deep = true): Level[] {
    const { path, tree, begun } = this;
    const levels: Level[] = [];
    for (let depth = floor; depth < path.length; depth++) {
      const waiting = this.waitingUnder(tree.root(depth), NONE, deep);
      const explored = this.exploredAt(depth);
      levels.push({ step: this.stepAt(depth), explored, begun: begun[depth], waiting });
    }
    let parent = tree.root(path.length);
    let explored = this.exploredAt(path.length);
    let begunHere = begun[path.length];
    for (const node of this.begunByOthers()) {
      const waiting = this.waitingUnder(parent, node, deep);
      levels.push({ step: this.stepOf(node), explored, begun: begunHere, waiting });
      explored = this.exploredUnder(node);
      begunHere = tree.begun[node];
      parent = node;
    }
    const waiting = this.waitingUnder(parent, NONE, deep);
    levels.push({ step: null, explored, begun: begunHere, waiting });
    return levels;
  }

  /**
   * An estimate of the executions that are left. A branch that waits is taken to be as large as those beside it are
   * on average: those that are explored, and the one that is being explored, which is estimated in the same way
   * (Kilby, Slaney, Thiebaux, Walsh: AAAI 2006). Branches that are yet to be found are not in it.
   */
  remaining(floor: number, executions: number): number | null {
    if (executions === 0) return null;
    let total = 0;
    let doneBelow = 0;
    for (const { step, explored, begun = 0, waiting } of this.levels(floor, false).reverse()) {
      const done = executions - begun;
      const branches = explored.length + (step === null ? 0 : 1);
      total += done - doneBelow;
      total += waiting.length * Math.max(1, total / Math.max(1, branches));
      doneBelow = done;
    }
    return Math.max(1, Math.round(total) - executions);
  }

  /** The step of the path at a depth, with all that it touched. */
  stepAt(depth: number): Step {
    const { path } = this;
    return this.step(path.thread[depth], path.alternative[depth], path.footprint[depth]);
  }

  /** The step of a node of the tree. */
  stepOf(node: number): Step {
    const { tree } = this;
    return this.step(tree.thread[node], tree.alternative[node], tree.footprint[node]);
  }

  /** The steps that were explored at a depth of the path. */
  exploredAt(depth: number): Step[] {
    const { thread, alternative, footprint, inherited, end } = this.sleepers;
    const explored: Step[] = [];
    for (let i = inherited[depth]; i < end[depth]; i++) {
      explored.push(this.step(thread.items[i], alternative.items[i], footprint.items[i]));
    }
    return explored;
  }

  /** Hangs branches under a node of the tree. */
  plant(parent: number, branches: readonly Branch[]): void {
    for (const { step, branches: after } of branches) this.plant(this.addStep(parent, step), after);
  }

  addStep(parent: number, [thread, alternative, ...touches]: Step): number {
    return this.tree.add(parent, thread, alternative, this.footprints.adopt(touches));
  }

  /** What comes next, as far as others have begun to explore it: nodes of the tree from the end of the path on. */
  private begunByOthers(): number[] {
    const { tree } = this;
    const chain: number[] = [];
    let node = tree.first(this.path.length);
    for (; node !== NONE && tree.begun[node] !== NONE; node = tree.firstWaiting(node)) chain.push(node);
    return chain;
  }

  private exploredUnder(parent: number): Step[] {
    const { tree } = this;
    const steps: Step[] = [];
    for (let node = tree.firstChild[parent]; node !== tree.firstWaiting(parent); node = tree.sibling[node]) {
      steps.push(this.stepOf(node));
    }
    return steps;
  }

  /** What waits under a node, one child aside. */
  private waitingUnder(parent: number, aside: number, deep: boolean): Branch[] {
    const { tree } = this;
    const branches: Branch[] = [];
    for (let node = tree.firstWaiting(parent); node !== NONE; node = tree.sibling[node]) {
      if (node === aside) continue;
      branches.push({ step: this.stepOf(node), branches: deep ? this.waitingUnder(node, NONE, true) : [] });
    }
    return branches;
  }

  private step(thread: number, alternative: number, footprint: number): Step {
    return [thread, alternative, ...this.footprints.portable(footprint)];
  }
}
