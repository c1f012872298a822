import { assert, ScytheBug } from '../base/assert.ts';
import type { Choice } from '../sim/choose.ts';
import { Choice as ChoiceOperation } from '../sim/choose.ts';
import type { Chooser } from '../sim/chooser.ts';
import type { Machine } from '../sim/machine.ts';
import type { Operation } from '../sim/operation.ts';
import type { Schedule } from '../sim/schedule.ts';
import type { Task } from '../sim/task.ts';
import { EventHashes } from './event-hashes.ts';
import { OPERATIONS_PER_EXECUTION } from './execution.ts';
import { Footprints, slotsConflict } from './footprint.ts';
import { Outcomes } from './outcomes.ts';
import { NONE, Path } from './path.ts';
import type { Program } from './program.ts';
import { type Assignment, type Branch, sequences, type Step } from './branches.ts';
import { GROUP, GROUP_PROBE, IRREVERSIBLE, PLAIN, PROBE, Races } from './races.ts';
import { Reversal } from './reversal.ts';
import { SleepSets } from './sleep-sets.ts';
import { type Coverage, left, type Search, type Statistics } from './strategy.ts';
import { WakeupTree } from './wakeup-tree.ts';

export interface DporOptions {
  /** Executions are cut off after so many operations. */
  readonly operationsPerExecution?: number;
  /** The part of all executions to explore; all of them by default. */
  readonly assignment?: Assignment;
}

/**
 * Optimal dynamic partial-order reduction (Abdulla, Aronis, Jonsson, Sagonas: POPL 2014, JACM 2017): one
 * complete execution for each Mazurkiewicz trace.
 *
 * The search goes depth first and runs each execution from the start. When an execution has come to its end,
 * each race in it is reversed: the beginning that lets the later step come first goes into the wakeup tree
 * at the depth of the earlier event, unless it is covered by what was explored or will be explored there.
 *
 * Invariants:
 * 1. Before each execution the path holds the events up to where it branches off, unchanged since then.
 * 2. The tree at depth `d` holds what is still to be explored there, without the branch that is being explored.
 * 3. What sleeps at depth `d` was explored there or at a smaller depth and depends on nothing since.
 * 4. At the end of a sequence from the wakeup tree nobody sleeps: no execution is ever given up half-way.
 */
export class DporSearch implements Search, Chooser {
  readonly statistics = { executions: 0, blocked: 0, cut: 0, probes: 0, operations: 0 } satisfies Statistics;
  finished = false;

  private readonly footprints = new Footprints();
  private readonly path = new Path(this.footprints);
  private readonly races = new Races(this.path, this.footprints);
  private readonly sleepers = new SleepSets(this.footprints);
  private readonly tree = new WakeupTree();
  private readonly reversal = new Reversal(this.path, this.footprints);
  private readonly hashes = new EventHashes(this.path);
  /** Answers of probes, by what they depend on. */
  private readonly probed = new Map<string, boolean>();
  private readonly found = new Outcomes();
  private readonly limit: number;
  private readonly assignment: Assignment;

  /** Operations performed in the present execution, the one about to be performed included. */
  private position = 0;
  /** Events of the path that are replayed at the start of the present execution (invariant 1). */
  private replayed = 0;
  private giveUp = false;

  // The new event that is being performed; it joins the path once it is known what it did.
  private task: Task | null = null;
  private operation: Operation<unknown> | null = null;
  private operationFootprint = 0;
  private alternativeTaken = 0;
  private alternatives = 1;
  private stateBefore: unknown = undefined;
  private tasksBefore = 0;

  constructor(
    private readonly program: Program,
    options: DporOptions = {},
  ) {
    this.limit = options.operationsPerExecution ?? OPERATIONS_PER_EXECUTION;
    this.assignment = options.assignment ?? [];
  }

  get outcomes(): ReturnType<Outcomes['list']> {
    return this.found.list();
  }

  get coverage(): Coverage {
    if (!this.finished) return { kind: 'unfinished', remaining: this.remaining() };
    if (this.statistics.cut === 0) return { kind: 'complete' };
    return { kind: 'complete within bound', bound: `${this.limit} operations per execution` };
  }

  advance(executions: number): void {
    for (let i = 0; i < executions && !this.finished; i++) {
      const news = this.execute();
      this.backtrack();
      if (news) return;
    }
  }

  /** The choices of the present execution. */
  schedule(): Schedule {
    return scheduleOf(this.path, this.choices);
  }

  next(enabled: readonly Task[], machine: Machine): Task | null {
    if (this.task !== null) this.close(machine);
    if (this.position < this.replayed) return this.replay(machine);
    if (this.position >= this.limit) {
      this.statistics.cut++;
      this.giveUp = true;
      return null;
    }
    const task = this.choose(enabled, machine);
    if (task === null) {
      this.statistics.blocked++;
      this.giveUp = true;
      return null;
    }
    this.open(task, machine);
    return task;
  }

  alternative(choice: Choice): number {
    if (this.task === null) return this.path.alternative[this.position - 1];
    this.alternatives = choice.alternatives;
    return this.alternativeTaken;
  }

  /** Runs one execution to its end and reverses its races. True if it came to a title that is new. */
  private execute(): boolean {
    const machine = this.program.create();
    const { statistics } = this;
    const { blocked } = statistics;
    this.position = 0;
    this.giveUp = false;
    while (machine.enabled.length > 0 && !this.giveUp) machine.run(this);
    if (this.task !== null) machine.inside(() => this.close(machine));
    statistics.operations += machine.steps;
    if (statistics.blocked > blocked) return false;
    statistics.executions++;
    const news = this.found.note(this.program.judge(machine), statistics.executions, () => this.schedule());
    this.reverseRaces(this.path.length);
    if (machine.enabled.length === 0) this.reverseBlocked(machine);
    return news;
  }

  /** Goes back to the deepest depth where something is left to explore. */
  private backtrack(): void {
    for (let depth = this.path.length - 1; depth >= this.assignment.length; depth--) {
      if (this.tree.first(depth) === NONE) continue;
      this.sleepers.explored(this.path, depth);
      this.path.truncate(depth);
      this.hashes.truncate(depth);
      this.races.truncate(depth);
      this.replayed = depth;
      return;
    }
    this.finished = true;
  }

  private replay(machine: Machine): Task {
    const event = this.position++;
    const task = machine.tasks[this.path.thread[event]];
    const operation = task.pending;
    if (operation === null || !task.enabled) throw new ScytheBug(`operation ${event} cannot be replayed`);
    this.races.replay(event, operation);
    return task;
  }

  /** Which task performs the next event: as the wakeup tree says, else whoever ran last goes on. */
  private choose(enabled: readonly Task[], machine: Machine): Task | null {
    const depth = this.position;
    if (depth < this.assignment.length) return this.assigned(depth, machine);
    const node = this.tree.first(depth);
    if (node !== NONE) {
      const task = machine.tasks[this.tree.thread[node]];
      this.alternativeTaken = this.tree.alternative[node];
      this.tree.enter(depth);
      if (!task.enabled) throw new ScytheBug(`operation ${depth} of a reversed race cannot run`);
      return task;
    }
    this.alternativeTaken = 0;
    const last = depth > 0 ? machine.tasks[this.path.thread[depth - 1]] : enabled[0];
    if (last.enabled && !this.sleepers.sleeps(depth, last.index)) return last;
    for (const task of enabled) if (!this.sleepers.sleeps(depth, task.index)) return task;
    return null;
  }

  /** The step that the assignment begins with at `depth`. */
  private assigned(depth: number, machine: Machine): Task {
    const { step, explored } = this.assignment[depth];
    for (const [thread, alternative, ...touches] of explored) {
      this.sleepers.add(depth, thread, alternative, this.footprints.adopt(touches));
    }
    const [thread, alternative] = step;
    const task = machine.tasks[thread];
    this.alternativeTaken = alternative;
    if (!task.enabled) throw new ScytheBug(`operation ${depth} of an assignment cannot run`);
    return task;
  }

  /** What is left to explore of the assignment, as what hangs under its last step. */
  rest(): Branch[] {
    return this.finished ? [] : this.branchesAt(this.assignment.length);
  }

  /** Beginnings found on the way that are not of this assignment: at a depth of it, another step. */
  elsewhere(): { depth: number; steps: Step[] }[] {
    const found: { depth: number; steps: Step[] }[] = [];
    for (let depth = 0; depth < this.assignment.length; depth++) {
      for (const steps of sequences(this.pendingUnder(this.tree.root(depth)))) found.push({ depth, steps });
    }
    return found;
  }

  private branchesAt(depth: number): Branch[] {
    const { path, sleepers } = this;
    const branches: Branch[] = [];
    for (let i = sleepers.inherited[depth]; i < sleepers.end[depth]; i++) {
      const { thread, alternative, footprint } = sleepers;
      const step = this.step(thread.items[i], alternative.items[i], footprint.items[i]);
      branches.push({ step, explored: true, branches: [] });
    }
    if (depth < path.length) {
      const step = this.step(path.thread[depth], path.alternative[depth], path.footprint[depth]);
      branches.push({ step, explored: false, branches: this.branchesAt(depth + 1) });
    }
    branches.push(...this.pendingUnder(this.tree.root(depth)));
    return branches;
  }

  private pendingUnder(parent: number): Branch[] {
    const { tree } = this;
    const branches: Branch[] = [];
    for (let node = tree.firstChild[parent]; node !== NONE; node = tree.sibling[node]) {
      const step = this.step(tree.thread[node], tree.alternative[node], tree.footprint[node]);
      branches.push({ step, explored: false, branches: this.pendingUnder(node) });
    }
    return branches;
  }

  private step(thread: number, alternative: number, footprint: number): Step {
    return [thread, alternative, ...this.footprints.portable(footprint)];
  }

  private open(task: Task, machine: Machine): void {
    const operation = task.pending;
    assert(operation !== null, 'a task without an operation was chosen');
    this.position++;
    this.task = task;
    this.operation = operation;
    this.operationFootprint = this.footprints.of(operation);
    this.alternatives = 1;
    this.tasksBefore = machine.tasks.length;
    const own = this.footprints.slots[this.operationFootprint][0] >> 2;
    const asked = operation.conditional || this.races.isWaitable(own);
    this.stateBefore = asked ? operation.object.snapshot() : undefined;
  }

  /** Appends the event that was performed to the path. */
  private close(machine: Machine): void {
    const { task, operation, path, footprints } = this;
    assert(task !== null && operation !== null, 'no event is being performed');
    this.task = null;
    this.operation = null;
    const event = path.length;
    const footprint = footprints.afterwards(this.operationFootprint, task, machine, this.tasksBefore);
    const ended = task.state === 'ready' ? NONE : footprints.taskNumber(task);
    const alternative = this.alternatives > 1 ? this.alternativeTaken : 0;
    path.append(task.index, alternative, footprint);
    for (let child = this.tasksBefore; child < machine.tasks.length; child++) path.spawned(child, event);
    this.races.remember(event, this.stateBefore, ended);
    this.races.find(event, task, operation, this.stateBefore);
    this.sleepers.descend(path, event);
    this.choices[event] = operation instanceof ChoiceOperation ? 1 : 0;
    if (this.alternatives > 1) this.takeOthers(event);
  }

  /** Puts the alternatives of a decision that were not taken into the tree. */
  private takeOthers(event: number): void {
    const { path } = this;
    for (let other = 0; other < this.alternatives; other++) {
      if (other === path.alternative[event]) continue;
      this.reversal.alone(event, path.thread[event], other, path.footprint[event]);
      if (this.reversal.sleeper(this.sleepers, NONE) === NONE) this.reversal.insert(this.tree);
    }
  }

  private reverseRaces(end: number): void {
    for (let event = 0; event < end; event++) this.reverseRacesOf(event, end);
  }

  private reverseRacesOf(event: number, end: number): void {
    const { races } = this;
    for (let race = races.first[event]; race < races.first[event + 1]; race++) {
      const kind = races.kind.items[race];
      if (kind === IRREVERSIBLE) continue;
      const base = races.earlier.items[race];
      this.prepare(race, event, kind, end);
      const sleeper = this.reversal.sleeper(this.sleepers, races.sleeper.items[race]);
      if (sleeper !== NONE) {
        races.sleeper.items[race] = sleeper;
        continue;
      }
      if (kind === PROBE || kind === GROUP_PROBE) {
        const can = this.couldRun(base, event);
        races.kind.items[race] = can ? (kind === PROBE ? PLAIN : GROUP) : IRREVERSIBLE;
        if (!can) continue;
      }
      this.reversal.insert(this.tree);
    }
  }

  private prepare(race: number, event: number, kind: number, end: number): void {
    const { path, races, reversal } = this;
    reversal.of(races.earlier.items[race], event, end);
    if (kind !== GROUP && kind !== GROUP_PROBE) return;
    const slots = this.footprints.slots[path.footprint[event]];
    this.removeFrom(races.cutOwn.items[race], event, slots[0]);
    this.removeFrom(races.cutAlso.items[race], event, slots[1]);
  }

  /** Takes what conflicts with `slot` from event `cut` to `event` out of the sequence. */
  private removeFrom(cut: number, event: number, slot: number): void {
    if (cut === NONE) return;
    const { path } = this;
    for (let entry = path.firstEntry[cut]; entry < path.firstEntry[event]; entry++) {
      if (slotsConflict(slot, path.entrySlot.items[entry]))
        this.reversal.without(path.entryEvent.items[entry]);
    }
  }

  /** Races of operations that wait at the end of the execution: they might have run earlier. */
  private reverseBlocked(machine: Machine): void {
    const { path, races } = this;
    const end = path.length;
    for (const task of machine.tasks) {
      const operation = task.pending;
      if (operation === null || task.enabled) continue;
      machine.inside(() => {
        path.append(task.index, 0, this.footprints.of(operation));
        races.findBlocked(end, task, operation);
      });
      this.reverseRacesOf(end, end);
      races.truncate(end);
      path.truncate(end);
      this.hashes.truncate(end);
    }
  }

  /**
   * Can the step of the reversal run after its sequence? What decides that is what happened to the objects
   * that the step looks at, so the answer is asked for once for each history of them.
   */
  private couldRun(base: number, event: number): boolean {
    const { path, hashes, reversal } = this;
    hashes.update();
    const thread = path.thread[event];
    const parent = path.previous[event];
    const slots = this.footprints.slots[path.footprint[event]];
    let high = 0;
    let low = 0;
    for (let entry = path.firstEntry[event] - 1; entry >= 0; entry--) {
      const touching = path.entryEvent.items[entry];
      const object = path.entrySlot.items[entry] >> 2;
      if (touching === base || (touching > base && !reversal.includes(touching))) continue;
      if (!slots.some((slot) => slot >> 2 === object)) continue;
      high = (high + hashes.high[touching]) | 0;
      low = (low + hashes.low[touching]) | 0;
    }
    const before = parent === NONE ? '' : `${hashes.high[parent]} ${hashes.low[parent]}`;
    const key = `${thread} ${before} ${high} ${low}`;
    let can = this.probed.get(key);
    if (can === undefined) {
      can = this.probe(base, thread);
      if (this.probed.size >= MOST_PROBED) this.probed.clear();
      this.probed.set(key, can);
    }
    return can;
  }

  /** Replays the sequence of the reversal and says whether `thread` can perform its step after it. */
  private probe(base: number, thread: number): boolean {
    const events = this.reversal.leadIn();
    const machine = this.program.create();
    let position = 0;
    let event = 0;
    const chooser: Chooser = {
      next: () => {
        if (position >= base + events.length) return null;
        event = position < base ? position : events[position - base];
        position++;
        return machine.tasks[this.path.thread[event]];
      },
      alternative: () => this.path.alternative[event],
    };
    while (position < base + events.length) machine.run(chooser);
    this.statistics.probes++;
    this.statistics.operations += machine.steps;
    return machine.tasks[thread].enabled;
  }

  /** By event: 1 if it is a `choose` operation. */
  private readonly choices: number[] = [];

  /**
   * Takes it that all branches at a depth are of one size, those explored and those that wait. More may be
   * found, so at first it tends to be too small.
   */
  private remaining(): number | null {
    const { path, sleepers, tree } = this;
    let share = 1;
    let done = 0;
    for (let depth = this.assignment.length; depth <= path.length; depth++) {
      const explored = sleepers.end[depth] - sleepers.inherited[depth];
      let branches = explored + (depth < path.length ? 1 : 0);
      for (let node = tree.first(depth); node !== NONE; node = tree.sibling[node]) branches++;
      if (branches === 0) break;
      done += (share * explored) / branches;
      share /= branches;
    }
    return left(this.statistics.executions, done);
  }
}

function scheduleOf(path: Path, choices: readonly number[]): Schedule {
  const schedule: number[] = [];
  for (let event = 0; event < path.length; event++) {
    schedule.push(path.thread[event]);
    if (choices[event] === 1) schedule.push(path.alternative[event]);
  }
  return schedule;
}

/** Answers of probes that are kept. */
const MOST_PROBED = 100_000;
