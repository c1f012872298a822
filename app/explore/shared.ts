import type { Level, Part, Step, Stray } from './branches.ts';
import { DporSearch, type DporOptions } from './dpor.ts';
import type { Outcome } from './outcomes.ts';
import { NONE } from './path.ts';
import type { Program } from './program.ts';
import { addTo, type Statistics } from './strategy.ts';
import { ToldSequences } from './told-sequences.ts';
import { EXPLORED, GIVEN_AWAY, WAITS } from './wakeup-tree.ts';

/** What exploring a part, or the beginning of one, came to. Plain data: it can go from thread to thread. */
export interface PartResult {
  readonly statistics: Statistics;
  readonly outcomes: readonly Outcome[];
  /** The steps above the floor, with all that they touched. */
  readonly steps: readonly Step[];
  /** What is left of the part: its levels from the floor on. Empty if nothing is. */
  readonly rest: readonly Level[];
  /** What was found to explore outside of it, in order. */
  readonly strays: readonly Stray[];
}

/** Explores a part until its end, or until `stop` says so after an execution. It needs nothing but its arguments. */
export function explorePart(
  program: Program,
  part: Part,
  options: DporOptions,
  stop: () => boolean,
): PartResult {
  const search = new DporSearch(program, { ...options, part });
  do search.advance(1);
  while (!search.finished && search.strays.length < MOST_STRAYS && !stop());
  const { statistics, outcomes, strays } = search;
  const steps = part.levels.slice(0, part.floor).map((_, depth) => search.stepAbove(depth));
  return { statistics, outcomes, steps, rest: search.rest(), strays };
}

/** A part that finds more than this outside of it comes back: messages must not grow without bound. */
const MOST_STRAYS = 2_000;

/** A part that was given away. */
export interface Parcel {
  readonly number: number;
  readonly part: Part;
}

/** A search that can be laid down and taken up again. Plain data. */
export interface Checkpoint {
  readonly version: 2;
  readonly statistics: Statistics;
  readonly outcomes: readonly Outcome[];
  /** How far it is; empty if it is at its end. */
  readonly levels: readonly Level[];
}

export interface SharedOptions extends DporOptions {
  /** Where to go on. */
  readonly from?: Checkpoint | null;
  /** The search ends with the first title, so nothing that others found may be taken in beyond it. */
  readonly stopAtFirst?: boolean;
}

/**
 * The same search as `DporSearch`, execution for execution, with help: others explore parts of what waits while it
 * goes on, and where it comes to such a part it takes in what they have found instead of exploring it.
 *
 * Given away are sequences of the wakeup tree, from the first step to the last. What follows after the last step is
 * the same at any time, as nobody sleeps there any more (invariant 4 of `DporSearch`) and insertions that lead there
 * are covered: so the part depends on nothing that the search will still find. What the helper finds at depths above,
 * the search inserts when it comes to the part, as if it had found it itself. So what is found and in which order does
 * not depend on who helps, on how many do, or on when.
 */
export class SharedSearch extends DporSearch {
  /** The parcel that the search waits for; it goes on once that is back. */
  waitsFor: number | null = null;
  /** Executions that the search may come to: what was found beyond them is not taken in. */
  most = Infinity;

  private lastNumber = GIVEN_AWAY - 1;
  /** Parcels that are away, and those that came back. */
  private readonly away = new Set<number>();
  private readonly back = new Map<number, PartResult>();
  private readonly stopAtFirst: boolean;
  private readonly told = new ToldSequences(this.footprints, this.tree, this.rehearsal);

  constructor(program: Program, options: SharedOptions = {}) {
    const { from = null } = options;
    super(program, { ...options, part: { levels: from?.levels ?? [], floor: 0 } });
    this.stopAtFirst = options.stopAtFirst === true;
    if (from === null) return;
    addTo(this.statistics, from.statistics);
    this.found.merge(from.outcomes, 0);
    this.finished = from.levels.length === 0;
  }

  /** Everything that is needed to go on later. Of what is given away nothing is kept. */
  checkpoint(): Checkpoint {
    const { statistics, outcomes } = this;
    return { version: 2, statistics: { ...statistics }, outcomes, levels: this.rest() };
  }

  override advance(executions: number): void {
    const until = this.statistics.executions + executions;
    while (!this.finished && this.statistics.executions < Math.min(until, this.most)) {
      // Most of the time nothing is given away that could come next.
      const chain = this.away.size + this.back.size === 0 ? [] : this.comesNext();
      const number = chain.length === 0 ? WAITS : this.tree.mark[chain[chain.length - 1]];
      let news: boolean;
      if (number < GIVEN_AWAY) {
        news = this.execute();
        this.backtrack();
      } else {
        const result = this.back.get(number);
        if (result === undefined) {
          this.waitsFor = number;
          return;
        }
        this.back.delete(number);
        news = this.takeIn(chain, result);
      }
      if (news) return;
    }
  }

  /** Between calls of `advance`: something for somebody else to explore, or null. */
  giveAway(): Parcel | null {
    const chain = this.pick();
    if (chain === null) return null;
    const number = ++this.lastNumber;
    this.tree.mark[chain.nodes[chain.nodes.length - 1]] = number;
    this.away.add(number);
    return { number, part: this.partAt(chain.depth, chain.nodes) };
  }

  /** Takes back a parcel with what became of it. */
  takeBack(number: number, result: PartResult): void {
    this.away.delete(number);
    this.back.set(number, result);
    if (this.waitsFor === number) this.waitsFor = null;
  }

  /** What came back and was not yet taken in. */
  get leftOver(): readonly PartResult[] {
    return [...this.back.values()];
  }

  /** The sequence that is explored next: nodes of the tree. Empty before the first execution. */
  private comesNext(): number[] {
    const { tree, path } = this;
    const chain: number[] = [];
    let node = tree.first(path.length);
    for (; node !== NONE; node = tree.firstWaiting(node)) chain.push(node);
    return chain;
  }

  /** Chooses a sequence that is worth giving away: the shortest of those that come soon leaves most to explore. */
  private pick(): { depth: number; nodes: readonly number[] } | null {
    const { tree, path } = this;
    let best: { depth: number; nodes: readonly number[] } | null = null;
    let seen = 0;
    const nodes: number[] = [];
    const look = (depth: number, first: number): void => {
      for (let node = first; node !== NONE && seen <= SOON; node = tree.sibling[node]) {
        if (tree.mark[node] === EXPLORED) continue;
        nodes.push(node);
        if (tree.firstChild[node] !== NONE) look(depth, tree.firstChild[node]);
        // The very first one is what the search itself is about to explore.
        else if (seen++ > 0 && tree.mark[node] === WAITS) {
          if (best === null || depth + nodes.length < best.depth + best.nodes.length) {
            best = { depth, nodes: nodes.slice() };
          }
        }
        nodes.pop();
      }
    };
    for (let depth = path.length; depth >= this.part.floor && seen <= SOON; depth--)
      look(depth, tree.first(depth));
    return best;
  }

  /** The part that begins with the steps of the path up to a depth and then those of nodes of the tree there. */
  private partAt(depth: number, nodes: readonly number[]): Part {
    const { tree, path } = this;
    const levels: Level[] = [];
    for (let at = 0; at < depth; at++) {
      levels.push({ step: this.frontier.stepAt(at), explored: this.frontier.exploredAt(at), waiting: [] });
    }
    let parent = tree.root(depth);
    let explored = this.frontier.exploredAt(depth);
    if (depth < path.length) explored.push(this.frontier.stepAt(depth));
    for (const node of nodes) {
      const foreseen: Step[] = [];
      for (let elder = tree.firstChild[parent]; elder !== node; elder = tree.sibling[elder]) {
        (tree.mark[elder] === EXPLORED ? explored : foreseen).push(this.frontier.stepOf(elder));
      }
      levels.push({ step: this.frontier.stepOf(node), explored, foreseen, waiting: [] });
      parent = node;
      explored = [];
    }
    return { levels, floor: levels.length };
  }

  /** Takes in what came of the sequence that is next. True if it came to a title that is new. */
  private takeIn(chain: readonly number[], result: PartResult): boolean {
    const { tree, path, statistics } = this;
    const most = this.most - statistics.executions;
    const leaf = chain[chain.length - 1];
    tree.mark[leaf] = WAITS;
    if (result.statistics.executions > most || (this.stopAtFirst && result.outcomes.length > 0)) return false;
    const before = statistics.executions;
    const news = this.found.merge(result.outcomes, before);
    addTo(statistics, result.statistics);
    const depth = path.length;
    // First of all: with all that its steps touch, none of what was found beside them may begin with them.
    for (const [i, node] of chain.entries()) {
      tree.footprint[node] = this.footprints.adopt(result.steps[depth + i].slice(2));
      if (tree.begun[node] === NONE) tree.begun[node] = before;
    }
    for (const stray of result.strays) {
      const above = chain.slice(0, Math.max(0, stray.depth - depth));
      this.told.insert(Math.min(stray.depth, depth), above, stray.steps);
    }
    if (result.rest.length > 0) this.plantLevels(leaf, result.rest, before);
    else this.closeSequence(chain);
    if (tree.first(depth) === NONE) this.backtrack();
    return news;
  }

  /** The sequence is explored, and with it each step on the way under which nothing waits any more. */
  private closeSequence(chain: readonly number[]): void {
    const { tree, sleepers, path } = this;
    for (let i = chain.length - 1; i >= 0; i--) {
      if (tree.firstWaiting(chain[i]) !== NONE) return;
      tree.explored(chain[i]);
    }
    const [node] = chain;
    sleepers.add(path.length, tree.thread[node], tree.alternative[node], tree.footprint[node]);
    tree.drop(path.length);
  }

  /** Hangs what is left of a part below the last step of its sequence. */
  private plantLevels(leaf: number, levels: readonly Level[], before: number): void {
    const { tree } = this;
    let parent = leaf;
    for (const { step, explored, begun = 0, waiting } of levels) {
      if (parent !== leaf) tree.begun[parent] = before + begun;
      for (const each of explored) tree.explored(this.frontier.addStep(parent, each));
      const node = step === null ? NONE : this.frontier.addStep(parent, step);
      this.frontier.plant(parent, waiting);
      parent = node;
    }
  }
}

/** How many sequences ahead to look for one to give away. What is further off would be kept for too long. */
const SOON = 64;
