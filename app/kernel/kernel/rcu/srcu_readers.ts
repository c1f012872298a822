import type { Memory } from '../../../sim/memory.ts';
import { Cell } from '../../../sim/cell.ts';
import { SimObject } from '../../../sim/object.ts';
import { BlockingEffect, Effect, Operation } from '../../../sim/operation.ts';
import { machineInForce } from '../../../sim/machine-in-force.ts';
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
 * `changes` counts readers' steps. A scan without a step since the last one began finds what that one found, so
 * the model leaves it out: see `rescan` in srcutree.ts.
 */
export class SrcuReaders extends SimObject {
  private changes = 0;
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
    return this.changes;
  }

  override restore(snapshot: unknown): void {
    this.changes = snapshot as number;
  }

  /** A reader took a step. For the effects of the counts. */
  changed(): void {
    this.changes++;
    machineInForce().wake(this);
  }

  hasChangedSince(seen: number): boolean {
    return this.changes !== seen;
  }

  /** How many steps there were: asked by a scan before it starts. */
  look(): Operation<number> {
    return new Effect('read', this, 'write', () => this.changes);
  }

  /** Waits until some reader has taken a step since `seen`. */
  moved(seen: number): Operation<void> {
    return new BlockingEffect<void>(
      'wait',
      this,
      'write',
      () => this.changes !== seen,
      () => {},
    );
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

/**
 * A CPU's count of readers that entered, or left. Readers change it blindly, so theirs commute; sums read it. The
 * change is a step that a waiting grace period notices (`also`).
 */
export class SrcuCount extends Cell<number> {
  constructor(
    field: string,
    memory: Memory,
    private readonly readers: SrcuReaders,
  ) {
    super(0, field, memory);
  }

  /** A reader enters. */
  lock(entered: StackEntry): Operation<void> {
    return new Step(this, this.readers, (task, { sections, idx }) => {
      sections.push({ task, idx, entered });
    });
  }

  /** A reader leaves: the one that entered last on this task, or, where another task ends it, the first. */
  unlock(): Operation<void> {
    return new Step(this, this.readers, (task, { sections }) => {
      const own = sections.findLastIndex((section) => section.task === task);
      sections.splice(Math.max(own, 0), 1);
    });
  }
}

class Step extends Operation<void> {
  constructor(
    private readonly count: SrcuCount,
    private readonly readers: SrcuReaders,
    private readonly note: (task: Task, readers: SrcuReaders) => void,
  ) {
    super('rmw', count, 'add', readers);
  }

  override execute(task: Task): void {
    this.count.value++;
    this.note(task, this.readers);
    this.readers.changed();
  }
}

/** Each task once, in order of tasks. */
function inOrder(sections: readonly SrcuSection[]): readonly Task[] {
  return [...new Set(sections.map(({ task }) => task))].sort((a, b) => a.index - b.index);
}
