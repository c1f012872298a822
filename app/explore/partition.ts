import type { Assignment, Branch, Step } from './branches.ts';
import { DporSearch } from './dpor.ts';
import { slotsConflict } from './footprint.ts';
import type { Outcome } from './outcomes.ts';
import type { Program } from './program.ts';
import { type Coverage, left, type Search, type Statistics } from './strategy.ts';

/** What exploring an assignment, or a part of it, came to. Plain data: it can go from worker to worker. */
export interface PartResult {
  readonly statistics: Statistics;
  readonly outcomes: readonly Outcome[];
  /** What is left of the assignment. */
  readonly rest: readonly Branch[];
  /** What was found to explore outside of it, by depth. */
  readonly elsewhere: readonly { readonly depth: number; readonly steps: readonly Step[] }[];
}

/** A search that can be laid down and taken up again. Plain data. */
export interface Checkpoint {
  readonly version: 1;
  readonly statistics: Statistics;
  readonly outcomes: readonly Outcome[];
  /** The root of what is explored, handed out or waiting; its step means nothing. */
  readonly root: Branch;
}

export interface PartitionOptions {
  readonly operationsPerExecution?: number;
  /** Most assignments in a round. */
  readonly assignments?: number;
  /** Most executions of an assignment in a round. */
  readonly executions?: number;
}

/** Explores an assignment, at most so many executions of it. For workers: it needs nothing but its arguments. */
export function explorePart(
  program: Program,
  assignment: Assignment,
  options: PartitionOptions = {},
): PartResult {
  const { operationsPerExecution, executions = EXECUTIONS } = options;
  const search = new DporSearch(program, {
    assignment,
    ...(operationsPerExecution === undefined ? {} : { operationsPerExecution }),
  });
  while (!search.finished && search.statistics.executions + search.statistics.blocked < executions) {
    search.advance(executions - search.statistics.executions);
  }
  const { statistics, outcomes } = search;
  return { statistics, outcomes, rest: search.rest(), elsewhere: search.elsewhere() };
}

/**
 * Optimal DPOR in parts: the same executions as `DporSearch` finds, explored by whoever has time.
 *
 * The search goes in rounds. `assignments()` says what is to be explored in the next one, `merge()` takes in
 * the results, in the same order. What the assignments are depends on the program alone, not on how many
 * workers there are, so the search, its outcomes and their order are the same for any number of them.
 *
 * Invariants:
 * 1. The tree holds what is explored, handed out or waiting. A branch covers all that begins with its steps
 *    and with none of its elder siblings.
 * 2. What workers find outside of their assignments goes into the tree unless it is covered, at the depth
 *    where it was found, behind all that stands there.
 */
export class PartitionedSearch implements Search {
  private readonly counts = { executions: 0, blocked: 0, cut: 0, probes: 0, operations: 0 };
  private readonly found = new Map<string, Outcome>();
  private root: Node = { step: [], branches: [], explored: false, whole: false };
  private handedOut: Node[][] = [];

  constructor(
    private readonly program: Program,
    private readonly options: PartitionOptions = {},
    from: Checkpoint | null = null,
  ) {
    if (from === null) return;
    Object.assign(this.counts, from.statistics);
    for (const outcome of from.outcomes) this.found.set(outcome.title, { ...outcome });
    this.root = nodeOf(from.root);
  }

  get statistics(): Statistics {
    return this.counts;
  }

  get outcomes(): readonly Outcome[] {
    return [...this.found.values()];
  }

  get finished(): boolean {
    return this.root.explored;
  }

  get coverage(): Coverage {
    if (!this.finished)
      return { kind: 'unfinished', remaining: left(this.counts.executions, exploredShare(this.root)) };
    if (this.counts.cut === 0) return { kind: 'complete' };
    const bound = `${this.options.operationsPerExecution ?? ''} operations per execution`;
    return { kind: 'complete within bound', bound: bound.trimStart() };
  }

  /** Between rounds: everything that is needed to go on later. */
  checkpoint(): Checkpoint {
    return { version: 1, statistics: { ...this.counts }, outcomes: this.outcomes, root: nodeOf(this.root) };
  }

  /** What is to be explored in the next round. */
  assignments(): Assignment[] {
    this.handedOut = [];
    collectWaiting(this.root, [], this.handedOut, this.options.assignments ?? ASSIGNMENTS);
    return this.handedOut.map((path) => {
      path[path.length - 1].whole = true;
      return path.slice(1).map((node, depth) => {
        const siblings = path[depth].branches;
        return {
          step: node.step,
          explored: siblings.slice(0, siblings.indexOf(node)).map(({ step }) => step),
        };
      });
    });
  }

  /** Takes in the results of a round, one for each assignment and in their order. */
  merge(results: readonly PartResult[]): void {
    results.forEach((result, i) => {
      const path = this.handedOut[i];
      this.count(result);
      const end = path[path.length - 1];
      end.branches.push(...result.rest.map(nodeOf));
      if (result.rest.length === 0) end.explored = true;
    });
    results.forEach((result, i) => {
      for (const { depth, steps } of result.elsewhere) insert(this.handedOut[i][depth], steps);
    });
    this.handedOut = [];
    prune(this.root);
  }

  /** Explores one round in place, whatever `executions` says. */
  advance(_executions: number): void {
    this.merge(this.assignments().map((assignment) => explorePart(this.program, assignment, this.options)));
  }

  private count({ statistics, outcomes }: PartResult): void {
    const before = this.counts.executions;
    for (const outcome of outcomes) {
      const known = this.found.get(outcome.title);
      if (known !== undefined) known.count += outcome.count;
      else this.found.set(outcome.title, { ...outcome, first: before + outcome.first });
    }
    this.counts.executions += statistics.executions;
    this.counts.blocked += statistics.blocked;
    this.counts.cut += statistics.cut;
    this.counts.probes += statistics.probes;
    this.counts.operations += statistics.operations;
  }
}

const ASSIGNMENTS = 64;
const EXECUTIONS = 1_000;

interface Node {
  readonly step: Step;
  branches: Node[];
  explored: boolean;
  /** True once it was handed out with nothing under it: it covers all that begins with it. */
  whole: boolean;
}

function nodeOf({ step, explored, branches, whole = false }: Branch): Node {
  return { step, explored, whole, branches: branches.map(nodeOf) };
}

/** Collects the paths from the root to the first branches that wait to be explored. */
function collectWaiting(node: Node, above: readonly Node[], into: Node[][], most: number): void {
  if (into.length >= most || node.explored) return;
  const path = [...above, node];
  if (node.branches.length === 0) into.push(path);
  else for (const branch of node.branches) collectWaiting(branch, path, into, most);
}

/** Adds a sequence of steps below a node, unless it is covered there. */
function insert(under: Node, steps: readonly Step[]): void {
  let node = under;
  let left = steps;
  for (let i = 0; i < node.branches.length;) {
    const branch = node.branches[i];
    const rest = after(branch.step, left);
    if (rest === null) {
      i++;
      continue;
    }
    if (branch.whole || branch.explored || branch.branches.length === 0) return;
    node = branch;
    left = rest;
    i = 0;
  }
  for (const step of left) {
    const added: Node = { step, explored: false, whole: false, branches: [] };
    node.branches.push(added);
    node = added;
  }
}

/** What is left of a sequence that can begin with `first`; null if it cannot. */
function after(first: Step, steps: readonly Step[]): readonly Step[] | null {
  const at = steps.findIndex(([thread]) => thread === first[0]);
  if (at < 0) return steps.some((step) => conflict(first, step)) ? null : steps;
  if (steps[at][1] !== first[1]) return null;
  for (let i = 0; i < at; i++) if (conflict(steps[i], steps[at])) return null;
  return steps.toSpliced(at, 1);
}

function conflict(a: Step, b: Step): boolean {
  for (let i = 2; i < a.length; i++)
    for (let k = 2; k < b.length; k++) if (portableConflict(a[i], b[k])) return true;
  return false;
}

function portableConflict(a: number, b: number): boolean {
  return Math.floor(a / 4) === Math.floor(b / 4) && slotsConflict(a % 4, b % 4);
}

/** What share of all that begins with a node is explored, if all branches of a node are of one size. */
function exploredShare(node: Node): number {
  if (node.explored) return 1;
  return (
    node.branches.reduce((sum, branch) => sum + exploredShare(branch), 0) / Math.max(1, node.branches.length)
  );
}

/** Marks what is explored with all that hangs under it, and forgets what hangs under it. */
function prune(node: Node): void {
  if (node.explored) return;
  for (const branch of node.branches) prune(branch);
  if (node.branches.length === 0 || !node.branches.every((branch) => branch.explored)) return;
  node.explored = true;
  node.branches = [];
}
