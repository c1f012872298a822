import { ScytheBug } from '../../../base/assert.ts';
import { machineInForce, runningTask } from '../../../sim/machine-in-force.ts';
import { FOLLOWS, type Hold, SimObject } from '../../../sim/object.ts';
import { BlockingEffect, Effect, type Operation } from '../../../sim/operation.ts';
import type { Task } from '../../../sim/task.ts';
import type { StackEntry } from '../../stack.ts';

/** A task's stay inside rcu_read_lock(): from the outermost lock to the outermost unlock. */
export interface RcuSection {
  readonly task: Task;
  /** Where it was entered. */
  readonly entered: StackEntry;
}

/** Who is inside rcu_read_lock(). Readers come and go without noticing each other; grace periods notice them. */
export class RcuReaders extends SimObject {
  /** In order of tasks, whatever the order of entry was; replaced as a whole. */
  private inside: readonly RcuSection[] = [];
  /** In a search: who has entered since a grace period looked last, in the same order. */
  private recent: readonly LoneSection[] = [];
  private looked = false;
  /** By task: how many sections it has entered in a search. */
  private readonly entries: number[] = [];
  /** Sections have ids of their own, so that it shows nowhere else how many there were. */
  private readonly ids = machineInForce().reserveObjectIds(SECTIONS * TASKS);

  constructor() {
    super(null);
  }

  override get name(): string {
    return END_OF_READERS;
  }

  override holders(): readonly Task[] {
    return this.inside.map(({ task }) => task);
  }

  override hold(task: Task): Hold {
    return this.inside.some((section) => section.task === task) ? 'shared' : 'none';
  }

  override snapshot(): readonly RcuSection[] {
    return this.inside;
  }

  override restore(snapshot: unknown): void {
    this.inside = snapshot as readonly RcuSection[];
  }

  /**
   * In a search: whom the next look would find still inside; who has left by then need not be waited for. As long as
   * nobody has looked, that is whoever stands in a section.
   */
  override likeness(): unknown {
    if (!this.looked) return FOLLOWS;
    return this.recent.filter(({ over }) => !over).map(({ task }) => task);
  }

  // A grace period waits for sections that began before it looked. When those end matters to it alone, and others do
  // not matter: in a search each has an object of its own, so that no order is searched but that of looks and entries.

  /** In a search: the running task enters. */
  enterAlone(entered: StackEntry): Operation<void> {
    const section = new LoneSection(runningTask(), entered, this.newId(runningTask()));
    return new Effect('acquire', this, 'share', () => {
      this.inside = inserted(this.inside, section);
      this.recent = inserted(this.recent, section);
    });
  }

  private newId({ index }: Task): number | undefined {
    const number = (this.entries[index] ?? 0) + 1;
    this.entries[index] = number;
    const rare = this.ids === null || number >= SECTIONS || index >= TASKS;
    return rare ? undefined : this.ids + index * SECTIONS + number;
  }

  /** In a search: the running task leaves. */
  leaveAlone(task: Task): Operation<void> {
    const section = this.inside.find((one) => one.task === task);
    if (!(section instanceof LoneSection)) throw new ScytheBug(`${task.name} leaves RCU and is not inside`);
    return new Effect('release', section, 'write', () => {
      section.over = true;
      this.inside = this.inside.filter((one) => one !== section);
    });
  }

  /** In a search: all that have entered since the last look, those who left included: who did is not looked at. */
  enteredSinceLast(): Operation<readonly LoneSection[]> {
    return new Effect('rmw', this, 'write', () => {
      const { recent } = this;
      this.looked = true;
      this.recent = [];
      return recent;
    });
  }

  /** The set-up of a search is over: who has left by now need not be waited for. */
  settle(): void {
    this.recent = this.recent.filter(({ over }) => !over);
    this.looked = this.recent.length > 0;
  }

  sections(): readonly RcuSection[] {
    return this.inside;
  }

  enter(entered: StackEntry): Operation<void> {
    return new Effect('acquire', this, 'share', (task) => {
      this.inside = inserted(this.inside, { task, entered });
    });
  }

  leave(): Operation<void> {
    return new Effect('release', this, 'share', (task) => {
      this.inside = this.inside.filter((section) => section.task !== task);
    });
  }

  /** Whom a grace period that starts now has to wait for. */
  present(): Operation<readonly RcuSection[]> {
    return new Effect('rmw', this, 'write', () => this.inside);
  }

  /** Waits until none of `sections` goes on. */
  drained(sections: readonly RcuSection[]): Operation<void> {
    return new BlockingEffect<void>(
      'wait',
      this,
      'write',
      () => !sections.some((section) => this.inside.includes(section)),
      () => {},
    );
  }
}

/** A section that can be waited for by itself. */
export class LoneSection extends SimObject implements RcuSection {
  over = false;

  constructor(
    readonly task: Task,
    readonly entered: StackEntry,
    id: number | undefined,
  ) {
    super(null, id);
  }

  override get name(): string {
    return END_OF_READERS;
  }

  override holders(): readonly Task[] {
    return this.over ? [] : [this.task];
  }

  override snapshot(): boolean {
    return this.over;
  }

  override restore(snapshot: unknown): void {
    this.over = snapshot as boolean;
  }

  /** Whether it is over is where its task stands. */
  override likeness(): unknown {
    return FOLLOWS;
  }

  /** Waits until it is over. */
  end(): Operation<void> {
    return new BlockingEffect<void>(
      'wait',
      this,
      'read',
      () => this.over,
      () => {},
    );
  }
}

/** Ids that are set aside: for so many tasks, so many sections each. More are possible, and cost a search more states. */
const TASKS = 64;
const SECTIONS = 1024;

const END_OF_READERS = 'the end of RCU readers';

/** In order of tasks, then of entry. */
function inserted<Section extends RcuSection>(sections: readonly Section[], one: Section): Section[] {
  const after = sections.findIndex(({ task }) => task.index > one.task.index);
  return sections.toSpliced(after < 0 ? sections.length : after, 0, one);
}
