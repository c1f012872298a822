import type { Step } from './branches.ts';
import type { Footprints } from './footprint.ts';
import { NONE } from './path.ts';
import type { Rehearsal, Taken } from './rehearsal.ts';
import type { WakeupTree } from './wakeup-tree.ts';

interface ToldStep extends Taken {
  footprint: number;
}

/** As `Reversal.insert`, for sequences that somebody else has found. */
export class ToldSequences {
  constructor(
    private readonly footprints: Footprints,
    private readonly tree: WakeupTree,
    private readonly rehearsal: Rehearsal,
  ) {}

  /** Inserts a sequence at a depth of the path, or below the last of some nodes that begin there. */
  insert(depth: number, above: readonly number[], sequence: readonly Step[]): void {
    const { tree } = this;
    const steps = sequence.map(([thread, alternative, ...touches]) => {
      return { thread, alternative, footprint: this.footprints.adopt(touches) };
    });
    const chain = [...above];
    let left: readonly ToldStep[] = steps;
    let parent = chain.length === 0 ? tree.root(depth) : chain[chain.length - 1];
    for (let node = tree.firstChild[parent]; node !== NONE;) {
      const begins = this.begins(left, depth, chain, node, steps, above);
      if (begins === false) {
        node = tree.sibling[node];
        continue;
      }
      left = left.filter((step) => step !== begins);
      parent = node;
      node = tree.firstChild[parent];
      if (node === NONE) return;
      chain.push(parent);
    }
    for (const { thread, alternative, footprint } of left) {
      parent = tree.add(parent, thread, alternative, footprint);
    }
  }

  /**
   * Could what is left of the steps begin with a node, which comes after `chain`: false, or which of them is the
   * node, null if none is.
   */
  private begins(
    left: readonly ToldStep[],
    depth: number,
    chain: readonly number[],
    node: number,
    steps: readonly ToldStep[],
    above: readonly number[],
  ): ToldStep | null | false {
    const { tree, footprints } = this;
    const own = left.find(({ thread }) => thread === tree.thread[node]) ?? null;
    if (own !== null && own.alternative !== tree.alternative[node]) return false;
    const last = steps[steps.length - 1];
    const others = own === null ? left : left.slice(0, left.indexOf(own));
    // Only the last step of a sequence is not what it was.
    const before = own !== null && own !== last ? own.footprint : tree.footprint[node];
    if (others.some(({ footprint }) => footprints.conflict(footprint, before))) return false;
    if (this.dependsOnEnd(before, others)) {
      tree.footprint[node] = this.rehearsal.footprintOf(depth, this.taken(chain), tree.step(node));
    }
    const footprint = own !== null && own !== last ? own.footprint : tree.footprint[node];
    if (others.includes(last) && this.dependsOnEnd(last.footprint, [{ ...last, footprint }])) {
      const lead = [...this.taken(above), ...steps.slice(0, -1)];
      last.footprint = this.rehearsal.footprintOf(depth, lead, last);
    }
    return others.some((step) => footprints.conflict(step.footprint, footprint)) ? false : own;
  }

  /** Has any of the steps to do with the task that may end, as far as is known, with a step of that footprint? */
  private dependsOnEnd(footprint: number, steps: readonly ToldStep[]): boolean {
    const { footprints } = this;
    const task = footprints.mayEnd[footprint];
    return task !== NONE && steps.some((step) => footprints.touches(step.footprint, task));
  }

  private taken(nodes: readonly number[]): Taken[] {
    return nodes.map((node) => this.tree.step(node));
  }
}
