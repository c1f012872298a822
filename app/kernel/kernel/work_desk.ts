import { SimObject } from '../../sim/object.ts';
import { BlockingEffect, Effect, type Operation } from '../../sim/operation.ts';
import type { Task } from '../../sim/task.ts';

/**
 * What a search has in place of the pools of kworkers: each work item has a desk, and a worker of its own there.
 *
 * In a pool every change is made under one lock, so all items stand in one order, and whoever flushes one meets the
 * worker before or after it goes idle. None of that can be noticed: items run beside each other, as a pool whose
 * workers wait starts another one, none runs twice at once, and flush_work() comes back when the item is through.
 * That is what a desk keeps.
 */
export class WorkDesk extends SimObject {
  /** Somebody works here: set by who queues first, under the item's PENDING. */
  staffed = false;
  worker: Task | null = null;
  /** How often the item waits or runs. */
  private unfinished = 0;

  constructor(readonly workName: string) {
    super(null);
  }

  override get name(): string {
    return `the end of ${this.workName}`;
  }

  override holders(): readonly Task[] {
    return this.worker === null || this.unfinished === 0 ? [] : [this.worker];
  }

  override snapshot(): number {
    return this.unfinished;
  }

  override restore(snapshot: unknown): void {
    this.unfinished = snapshot as number;
  }

  override likeness(): unknown {
    return [this.staffed, this.worker, this.unfinished];
  }

  /** The item waits. If it runs, that is no hindrance: it will run again. */
  put(): Operation<void> {
    return new Effect('rmw', this, 'add', () => {
      this.unfinished++;
    });
  }

  /** Waits for the item. For the worker, which has finished what it took before. */
  taking(): Operation<void> {
    return new BlockingEffect<void>(
      'wait',
      this,
      'read',
      () => this.unfinished > 0,
      () => {},
    );
  }

  finishing(): Operation<void> {
    return new Effect<void>('rmw', this, 'add', () => {
      this.unfinished--;
    });
  }

  busy(): Operation<boolean> {
    return new Effect('read', this, 'read', () => this.unfinished > 0);
  }

  /** Waits until the item neither waits nor runs. Nobody learns whether it was so before: that order is not searched. */
  end(): Operation<void> {
    return new BlockingEffect<void>(
      'wait',
      this,
      'read',
      () => this.unfinished === 0,
      () => {},
    );
  }
}
