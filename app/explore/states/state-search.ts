import { ScytheBug } from '../../base/assert.ts';
import type { Choice } from '../../sim/choose.ts';
import { Choice as ChoiceOperation } from '../../sim/choose.ts';
import type { Chooser } from '../../sim/chooser.ts';
import type { Machine } from '../../sim/machine.ts';
import { together } from '../../sim/observers.ts';
import type { Observer } from '../../sim/observer.ts';
import { RandomChooser } from '../../sim/random.ts';
import { Recorder, type Schedule } from '../../sim/schedule.ts';
import type { Task } from '../../sim/task.ts';
import { type BacktrackingOptions, BacktrackingSearch } from '../backtracking.ts';
import { Footprints } from '../footprint.ts';
import type { Program } from '../program.ts';
import { joined } from './hash.ts';
import { MachineState } from './machine-state.ts';
import { Sharing } from './sharing.ts';

/** A place where the search has to decide, in the present execution. */
interface Fork {
  /** What can be taken: indices of tasks, or numbers of alternatives. */
  readonly ways: readonly number[];
  /** How many of them were taken before. */
  taken: number;
  /** Of tasks: who sleeps here, as bits. */
  readonly asleep: number;
}

/**
 * Each state once: where an execution comes to a state that another one came to before, it is given up, as all that can
 * follow is known.
 *
 * A state is hashed to 53 bits (MachineState). Tasks take turns only before operations with which others can interfere
 * (Sharing); of two operations that commute, one order is enough: who was taken first sleeps until something depends on
 * it (Godefroid: sleep sets with states, LNCS 1032, 1996). A state that was seen with fewer asleep than now holds nothing
 * new; where more slept then, those are taken now.
 *
 * What can be interfered with is learnt on the way: where an execution shows that it was more than was known, the search
 * begins anew. When it ends, it has relied on nothing that was not so in all that it has seen.
 */
export class StateSearch extends BacktrackingSearch implements Chooser {
  private readonly state = new MachineState();
  private readonly sharing = new Sharing();
  private readonly footprints = new Footprints();
  /** States seen, with who slept there. */
  private readonly seen = new Map<number, number>();
  private readonly forks: Fork[] = [];
  private depth = 0;
  private abandoned = false;
  private warmedUp = false;
  private recorder = new Recorder(this);

  /** Who sleeps now, as bits; and those who may go on sleeping once the operation is known that was taken last. */
  private asleep = 0;
  private task: Task | null = null;
  private footprint = 0;
  private sleepers: { readonly task: Task; readonly footprint: number }[] = [];

  constructor(program: Program, options: BacktrackingOptions = {}) {
    super(program, options);
    this.statistics.states = 0;
  }

  next(enabled: readonly Task[], machine: Machine): Task | null {
    this.settle();
    if (this.sharing.news && this.warmedUp) return this.giveUp();
    if (machine.steps >= this.limit) {
      this.statistics.cut++;
      return this.giveUp();
    }
    const alone = this.privateOne(enabled);
    if (alone !== null) return alone;
    return this.fork(enabled, machine);
  }

  alternative(choice: Choice): number {
    return this.decide(choice.alternatives);
  }

  protected override execute(): boolean {
    if (!this.warmedUp) this.warmUp();
    const { statistics } = this;
    const machine = this.create();
    this.depth = 0;
    this.asleep = 0;
    this.task = null;
    this.abandoned = false;
    this.recorder = new Recorder(this);
    while (machine.enabled.length > 0 && !this.abandoned) machine.run(this.recorder);
    statistics.operations += machine.steps;
    if (this.sharing.news) return false;
    if (this.abandoned) {
      statistics.blocked++;
      return false;
    }
    statistics.executions++;
    return this.found.note(this.program.judge(machine), statistics.executions, () => this.schedule());
  }

  /** The choices of the present execution. */
  schedule(): Schedule {
    return this.recorder.schedule;
  }

  protected override backtrack(): void {
    const { forks, sharing } = this;
    if (sharing.news) {
      sharing.news = false;
      forks.length = 0;
      this.seen.clear();
      return;
    }
    while (forks.length > 0 && forks[forks.length - 1].taken + 1 >= forks[forks.length - 1].ways.length) {
      forks.pop();
    }
    if (forks.length === 0) this.finished = true;
    else forks[forks.length - 1].taken++;
  }

  protected override remaining(): null {
    return null;
  }

  /** Random walks, to learn from them what tasks share, until they teach nothing for a while. */
  private warmUp(): void {
    const { sharing, statistics } = this;
    for (let seed = 1, since = 0; since < QUIET_WALKS && seed <= MOST_WALKS; seed++, since++) {
      const machine = this.create();
      const walk = new RandomChooser(seed);
      const chooser = seed % 2 === 0 ? walk : new Sticky(walk, seed);
      while (machine.enabled.length > 0 && machine.steps < this.limit) {
        machine.run(chooser, this.limit - machine.steps);
      }
      statistics.operations += machine.steps;
      if (sharing.news) since = 0;
      sharing.news = false;
    }
    this.warmedUp = true;
  }

  private create(): Machine {
    const machine = this.program.create();
    const { state, sharing } = this;
    state.begin(machine);
    sharing.begin();
    const watcher: Observer = {
      operation: (task, operation, result) => {
        state.operation(task, operation, result);
        sharing.performed(task, operation);
      },
      entered: (task, frame) => {
        state.entered(task, frame);
      },
      left: (task, frame, result) => {
        state.left(task, frame, result);
      },
      forgot: (task, values) => {
        state.forgot(task, values);
      },
      spawned: (task) => {
        state.spawned(task);
      },
      ended: (task) => {
        state.ended(task);
        sharing.ended(task);
      },
      said: (task, kind, text) => {
        state.said(task, kind, text);
      },
    };
    machine.observer = machine.observer === null ? watcher : together([machine.observer, watcher]);
    const { onDeadAccess } = machine;
    if (onDeadAccess !== null) {
      machine.onDeadAccess = (task, operation, memory) => {
        state.touchesDead(task);
        sharing.touchesDead(task, memory);
        return onDeadAccess(task, operation, memory);
      };
    }
    return machine;
  }

  private giveUp(): null {
    this.abandoned = true;
    return null;
  }

  /** A task whose next operation nobody can interfere with. */
  private privateOne(enabled: readonly Task[]): Task | null {
    for (const task of enabled) {
      const { pending } = task;
      if (pending !== null && this.sharing.isPrivate(task, pending)) return task;
    }
    return null;
  }

  /** All tasks are about to do what others can notice: each of them that does not sleep may come first. */
  private fork(enabled: readonly Task[], machine: Machine): Task | null {
    const { forks } = this;
    if (this.depth === forks.length) {
      const awake = this.newHere(enabled, machine);
      if (awake.length === 0) return this.giveUp();
      forks.push({ ways: awake, taken: 0, asleep: this.asleep });
    }
    const fork = forks[this.depth++];
    const task = machine.tasks[fork.ways[fork.taken]];
    if (task.pending === null || !task.enabled) throw new ScytheBug('the model does not repeat itself');
    this.begin(task, fork, machine);
    return task;
  }

  /** Who is to be taken at a state: nobody, if all of it is known. */
  private newHere(enabled: readonly Task[], machine: Machine): number[] {
    const { high, low } = this.state.sum(machine);
    const key = joined(high, low);
    const before = this.seen.get(key);
    const awake = enabled.filter(({ index }) => !has(this.asleep, index));
    if (before === undefined) {
      this.seen.set(key, this.asleep);
      this.statistics.states = this.seen.size;
      return awake.map(({ index }) => index);
    }
    const fresh = awake.filter(({ index }) => has(before, index));
    this.seen.set(key, before & this.asleep);
    this.asleep &= before;
    return fresh.map(({ index }) => index);
  }

  /** Notes who sleeps at a fork and may go on sleeping after the task's operation. */
  private begin(task: Task, { ways, taken, asleep }: Fork, machine: Machine): void {
    const { footprints } = this;
    this.task = task;
    if (task.pending !== null) this.footprint = footprints.of(task.pending);
    this.sleepers = [];
    const earlier = ways.slice(0, taken);
    for (const sleeper of machine.tasks) {
      const { index, pending } = sleeper;
      if (index === task.index || pending === null || index >= BITS) continue;
      if (!has(asleep, index) && !earlier.includes(index)) continue;
      // Whether it would end then is not known before it is performed.
      if (pending instanceof ChoiceOperation || this.sharing.isWatched(sleeper)) continue;
      this.sleepers.push({ task: sleeper, footprint: footprints.of(pending) });
    }
    this.asleep = 0;
  }

  /** The operation that was taken last is known now: whoever depends on it wakes. */
  private settle(): void {
    const { task, footprints } = this;
    if (task === null) return;
    this.task = null;
    const footprint = footprints.afterwards(this.footprint, task);
    for (const sleeper of this.sleepers) {
      if (!footprints.conflict(sleeper.footprint, footprint)) this.asleep |= 1 << sleeper.task.index;
    }
  }

  private decide(ways: number): number {
    const { forks } = this;
    const at = this.depth++;
    if (at === forks.length) {
      forks.push({ ways: Array.from({ length: ways }, (_, way) => way), taken: 0, asleep: 0 });
    }
    return forks[at].taken;
  }
}

/** Goes on with the same task for a while. */
class Sticky implements Chooser {
  private last: Task | null = null;
  private left = 0;

  constructor(
    private readonly walk: RandomChooser,
    private readonly longest: number,
  ) {}

  next(enabled: readonly Task[], machine: Machine): Task | null {
    if (this.left-- > 0 && this.last?.enabled === true) return this.last;
    this.left = (machine.steps * 7 + this.longest) % this.longest;
    this.last = this.walk.next(enabled);
    return this.last;
  }

  alternative(choice: Choice): number {
    return this.walk.alternative(choice);
  }
}

const has = (bits: number, index: number): boolean => index < BITS && (bits & (1 << index)) !== 0;

/** Tasks beyond never sleep. */
const BITS = 31;
/** Random walks before the search: at least so many that bring no news, one after the other, and at most. */
const QUIET_WALKS = 100;
const MOST_WALKS = 2000;
