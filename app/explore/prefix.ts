import type { Machine } from '../sim/machine.ts';
import type { Task } from '../sim/task.ts';
import { EventHashes } from './event-hashes.ts';
import { Footprints } from './footprint.ts';
import { Path } from './path.ts';

/**
 * The beginning of an execution, hashed such that beginnings that differ only in the order of independent
 * operations have the same hash: each event is hashed with the hashes of its immediate predecessors, and the
 * hashes of the events are added up.
 */
export class Prefix {
  private readonly footprints = new Footprints();
  private readonly path = new Path(this.footprints);
  private readonly hashes = new EventHashes(this.path);
  private sumHigh = 0;
  private sumLow = 0;

  private task: Task | null = null;
  private footprint = 0;
  private alternative = 0;
  private tasksBefore = 0;
  private last: Task | null = null;

  clear(): void {
    this.path.truncate(0);
    this.hashes.truncate(0);
    this.sumHigh = 0;
    this.sumLow = 0;
    this.task = null;
    this.last = null;
  }

  /** Notes that `task` is about to perform its pending operation. */
  open(task: Task, machine: Machine): void {
    this.task = task;
    if (task.pending !== null) this.footprint = this.footprints.of(task.pending);
    this.alternative = 0;
    this.tasksBefore = machine.tasks.length;
  }

  decided(alternative: number): void {
    this.alternative = alternative;
  }

  /** Takes in the operation that was performed, if any since the last call. The task that ran last. */
  close(machine: Machine): Task | null {
    const { task, footprints, path } = this;
    if (task === null) return this.last;
    const event = path.length;
    const footprint = footprints.afterwards(this.footprint, task);
    path.append(task.index, this.alternative, footprint);
    for (let child = this.tasksBefore; child < machine.tasks.length; child++) path.spawned(child, event);
    this.hashes.update();
    this.sumHigh = (this.sumHigh + this.hashes.high[event]) | 0;
    this.sumLow = (this.sumLow + this.hashes.low[event]) | 0;
    this.task = null;
    this.last = task;
    return task;
  }

  key(): string {
    return `${this.path.length} ${this.sumHigh} ${this.sumLow}`;
  }
}
