import { assert, ScytheBug } from '../base/assert.ts';
import type { Choice } from '../sim/choose.ts';
import { Choice as ChoiceOperation } from '../sim/choose.ts';
import type { Chooser } from '../sim/chooser.ts';
import type { Machine } from '../sim/machine.ts';
import type { Operation } from '../sim/operation.ts';
import type { Schedule } from '../sim/schedule.ts';
import type { Task } from '../sim/task.ts';
import { type BacktrackingOptions, BacktrackingSearch } from './backtracking.ts';
import { EVERYTHING, type Level, type Part, type Step, type Stray } from './branches.ts';
import { EventHashes } from './event-hashes.ts';
import { Footprints, slotsConflict } from './footprint.ts';
import { Frontier } from './frontier.ts';
import { NONE, Path } from './path.ts';
import { Probes } from './probes.ts';
import type { Program } from './program.ts';
import { GROUP, GROUP_PROBE, IRREVERSIBLE, PLAIN, PROBE, Races } from './races.ts';
import { Rehearsal } from './rehearsal.ts';
import { Reversal } from './reversal.ts';
import { SleepSets } from './sleep-sets.ts';
import { Strays } from './strays.ts';
import { EXPLORED, WakeupTree } from './wakeup-tree.ts';

export interface DporOptions extends BacktrackingOptions {
  /** The executions to explore; all of them by default. */
  readonly part?: Part;
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
export class DporSearch extends BacktrackingSearch implements Chooser {
  protected readonly footprints = new Footprints();
  protected readonly path = new Path(this.footprints);
  private readonly races = new Races(this.path, this.footprints);
  protected readonly sleepers = new SleepSets(this.footprints);
  protected readonly tree = new WakeupTree();
  protected readonly frontier = new Frontier(this.path, this.footprints, this.sleepers, this.tree);
  protected readonly rehearsal: Rehearsal;
  private readonly reversal: Reversal;
  private readonly hashes = new EventHashes(this.path);
  private readonly probes: Probes;
  protected readonly part: Part;
  private readonly strange: Strays;
  /** Levels of the part that the first execution has come to. */
  private levelsSeen = 0;

  /** Operations performed in the present execution, the one about to be performed included. */
  private position = 0;
  /** Events of the path that are replayed at the start of the present execution (invariant 1). */
  private replayed = 0;
  private giveUp = false;
  /** By event: 1 if it is a `choose` operation. */
  private readonly choices: number[] = [];

  // The new event that is being performed; it joins the path once it is known what it did.
  private task: Task | null = null;
  private operation: Operation<unknown> | null = null;
  private operationFootprint = 0;
  private alternativeTaken = 0;
  private alternatives = 1;
  private stateBefore: unknown = undefined;
  private tasksBefore = 0;
  private begunBefore = 0;

  constructor(program: Program, options: DporOptions = {}) {
    super(program, options);
    const { path, footprints, hashes, statistics } = this;
    this.rehearsal = new Rehearsal(program, path, footprints, statistics);
    const reversal = new Reversal(path, footprints, this.rehearsal);
    this.reversal = reversal;
    this.part = options.part ?? EVERYTHING;
    this.probes = new Probes(program, path, footprints, hashes, reversal, statistics);
    this.strange = new Strays(path, footprints, hashes);
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
  protected override execute(): boolean {
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
    this.reversal.tasks = machine.tasks;
    this.reverseRaces(this.path.length);
    if (machine.enabled.length === 0) this.reverseBlocked(machine);
    return news;
  }

  /** Goes back to the deepest depth where something is left to explore. */
  protected override backtrack(): void {
    for (let depth = this.path.length - 1; depth >= this.part.floor; depth--) {
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
    this.begunBefore = this.statistics.executions;
    if (depth === this.levelsSeen && depth < this.part.levels.length) {
      const task = this.enterLevel(depth, machine);
      if (task !== null) return task;
    }
    this.layToSleep(depth);
    const node = this.tree.first(depth);
    if (node !== NONE) {
      const task = machine.tasks[this.tree.thread[node]];
      this.alternativeTaken = this.tree.alternative[node];
      if (this.tree.begun[node] !== NONE) this.begunBefore = this.tree.begun[node];
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

  /** Sets up a level of the part. The task that takes its step, if there is one. */
  private enterLevel(depth: number, machine: Machine): Task | null {
    const { step, explored, foreseen = [], waiting } = this.part.levels[depth];
    this.levelsSeen++;
    for (const [thread, alternative, ...touches] of explored) {
      this.sleepers.add(depth, thread, alternative, this.footprints.adopt(touches));
    }
    for (const [thread, alternative, ...touches] of foreseen) {
      const told = this.footprints.adopt(touches);
      const sure = this.footprints.mayEnd[told] === NONE;
      const footprint = sure ? told : this.rehearsal.footprintOf(depth, [], { thread, alternative });
      this.sleepers.add(depth, thread, alternative, footprint);
    }
    this.frontier.plant(this.tree.root(depth), waiting);
    if (step === null) return null;
    const task = machine.tasks[step[0]];
    this.alternativeTaken = step[1];
    if (depth >= this.part.floor) this.begunBefore = this.part.levels[depth + 1].begun ?? 0;
    if (!task.enabled) throw new ScytheBug(`operation ${depth} of a part cannot run`);
    return task;
  }

  /** What others have explored at a depth that is entered for the first time sleeps there. */
  private layToSleep(depth: number): void {
    const { tree, sleepers } = this;
    for (
      let node = tree.first(depth);
      node !== NONE && tree.mark[node] === EXPLORED;
      node = tree.first(depth)
    ) {
      sleepers.add(depth, tree.thread[node], tree.alternative[node], tree.footprint[node]);
      tree.drop(depth);
    }
  }

  /** What was found above the floor of the part. */
  get strays(): readonly Stray[] {
    return this.strange.list;
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
    const footprint = footprints.afterwards(this.operationFootprint, task);
    const ended = task.state === 'ready' ? NONE : footprints.taskNumber(task);
    const alternative = this.alternatives > 1 ? this.alternativeTaken : 0;
    path.append(task.index, alternative, footprint);
    this.frontier.begun[event + 1] = this.begunBefore;
    for (let child = this.tasksBefore; child < machine.tasks.length; child++) path.spawned(child, event);
    this.races.remember(event, this.stateBefore, ended);
    this.races.find(event, task, operation, this.stateBefore);
    this.sleepers.descend(path, event);
    this.choices[event] = operation instanceof ChoiceOperation ? 1 : 0;
    if (this.alternatives > 1) this.takeOthers(event, machine);
  }

  /** Puts the alternatives of a decision that were not taken into the tree. */
  private takeOthers(event: number, machine: Machine): void {
    const { path } = this;
    this.reversal.tasks = machine.tasks;
    for (let other = 0; other < this.alternatives; other++) {
      if (other === path.alternative[event]) continue;
      this.reversal.alone(event, path.thread[event], other, path.footprint[event]);
      if (this.reversal.sleeper(this.sleepers, NONE) === NONE) this.insert(event);
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
        const can = this.probes.couldRun(base, event);
        races.kind.items[race] = can ? (kind === PROBE ? PLAIN : GROUP) : IRREVERSIBLE;
        if (!can) continue;
      }
      this.insert(base);
    }
  }

  /** Lets the sequence of the reversal be explored at its base, by this search or by others. */
  private insert(base: number): void {
    if (base >= this.part.floor) this.reversal.insert(this.tree);
    else this.strange.note(base, this.reversal);
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

  /** The step at a depth above the floor, with all that it touched. */
  stepAbove(depth: number): Step {
    return this.frontier.stepAt(depth);
  }

  /** Between executions: what is left to explore, as the levels from the floor on. */
  rest(): Level[] {
    return this.finished ? [] : this.frontier.levels(this.part.floor);
  }

  protected override remaining(): number | null {
    return this.frontier.remaining(this.part.floor, this.statistics.executions);
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
