import type { Memory } from '../../../sim/memory.ts';
import { Cell } from '../../../sim/cell.ts';
import { type Hold, SimObject } from '../../../sim/object.ts';
import { BlockingEffect, Effect, type Operation } from '../../../sim/operation.ts';
import type { Task } from '../../../sim/task.ts';
import type { StackEntry } from '../../stack.ts';

/** One stay inside srcu_read_lock(). */
export interface SrcuSection {
  readonly task: Task;
  readonly idx: number;
  /** Where it was entered. */
  readonly entered: StackEntry;
}

/**
 * The readers of one index of an srcu_struct, as a whole: what a grace period waits for between two scans, and
 * whom reports name. The kernel has no such thing; it scans again after a while.
 *
 * `left` counts those who left. A scan finds as many unlocks as locks only if somebody left since the last one
 * began; without that, the model leaves it out: see `rescan` in srcu_gp.ts.
 */
export class SrcuReaders extends SimObject {
  /** How many have left; in a search, how many are inside. */
  private count = 0;
  /** In order of entry; reports sort them. */
  readonly sections: SrcuSection[] = [];

  constructor(
    readonly label: string,
    readonly idx: number,
  ) {
    super(null);
  }

  override get name(): string {
    return `the readers of ${this.label}`;
  }

  override holders(): readonly Task[] {
    return inOrder(this.sections);
  }

  override snapshot(): number {
    return this.count;
  }

  override restore(snapshot: unknown): void {
    this.count = snapshot as number;
  }

  override hold(task: Task): Hold {
    return this.sections.some((section) => section.task === task) ? 'shared' : 'none';
  }

  override likeness(): number {
    return this.count;
  }

  /** In a search: a reader enters, counted in `count`. */
  enter(count: SrcuCount, entered: StackEntry): Operation<void> {
    return new CountInside(this, true, count.memory, (task) => {
      this.count++;
      this.sections.push({ task, idx: this.idx, entered });
    });
  }

  /** In a search: a reader leaves. */
  exit(count: SrcuCount): Operation<void> {
    return new CountInside(this, false, count.memory, (task) => {
      this.count--;
      this.remove(task);
    });
  }

  /** The reader that entered last on a task has left, or, where another task ends it, the first one. */
  remove(task: Task): void {
    const own = this.sections.findLastIndex((section) => section.task === task);
    this.sections.splice(Math.max(own, 0), 1);
  }

  /**
   * In a search: waits until nobody is inside.
   *
   * A scan finds as many unlocks as locks if at its last look at unlocks nobody was inside and nobody entered since,
   * as far as it saw. Then it could have been made at that very moment. One that fails changes nothing.
   */
  gone(): Operation<void> {
    return new BlockingEffect<void>(
      'wait',
      this,
      'read',
      () => this.count === 0,
      () => {},
    );
  }

  /** In a search: is anybody inside? */
  active(): Operation<boolean> {
    return new Effect('read', this, 'read', () => this.count > 0);
  }

  /** Tells a waiting grace period that somebody has left. After the unlock was counted. */
  leave(): Operation<void> {
    return new Effect('rmw', this, 'add', () => {
      this.count++;
    });
  }

  hasChangedSince(seen: number): boolean {
    return this.count !== seen;
  }

  /** How many have left: asked by a scan before it starts. */
  look(): Operation<number> {
    return new Effect('read', this, 'read', () => this.count);
  }

  /** Waits until somebody has left since `seen`. */
  moved(seen: number): Operation<void> {
    return new BlockingEffect<void>(
      'wait',
      this,
      'read',
      () => this.count !== seen,
      () => {},
    );
  }
}

/** Changes how many are inside. The count is a part of the srcu_struct and touches its memory. */
export class CountInside extends Effect<void> {
  constructor(
    readonly readers: SrcuReaders,
    /** Does a section begin, or end? */
    readonly begins: boolean,
    private readonly where: Memory | null,
    effect: (task: Task) => void,
  ) {
    super('rmw', readers, 'add', effect);
  }

  override get memory(): Memory | null {
    return this.where;
  }
}

/** What somebody waits for who waits for a grace period: the readers that were there when it asked. For reports. */
export class SrcuGracePeriod extends SimObject {
  private readonly sections: readonly SrcuSection[];

  constructor(
    label: string,
    private readonly readers: readonly SrcuReaders[],
  ) {
    super(null);
    this.name = `a grace period of ${label}`;
    this.sections = readers.flatMap(({ sections }) => sections);
  }

  override readonly name: string;

  override holders(): readonly Task[] {
    const still = this.readers
      .flatMap(({ sections }) => sections)
      .filter((one) => this.sections.includes(one));
    return inOrder(still);
  }
}

/** A CPU's count of readers that entered, or left. Readers change it blindly, so theirs commute; sums read it. */
export class SrcuCount extends Cell<number> {
  constructor(
    field: string,
    memory: Memory,
    private readonly readers: SrcuReaders,
  ) {
    super(0, field, memory);
  }

  /** Sums stand between barriers: they see who left, and who enters later sees what came before them. */
  override read(): Operation<number> {
    return this.load('full');
  }

  /** A reader enters. */
  lock(entered: StackEntry): Operation<void> {
    return new Effect('rmw', this, 'add', (task) => {
      const { sections, idx } = this.readers;
      this.value++;
      sections.push({ task, idx, entered });
    });
  }

  /** A reader leaves. */
  unlock(): Operation<void> {
    return new Effect('rmw', this, 'add', (task) => {
      this.value++;
      this.readers.remove(task);
    });
  }
}

/** Each task once, in order of tasks. */
function inOrder(sections: readonly SrcuSection[]): readonly Task[] {
  return [...new Set(sections.map(({ task }) => task))].sort((a, b) => a.index - b.index);
}
