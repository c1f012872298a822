import { Choice } from '../sim/choose.ts';
import type { Machine } from '../sim/machine.ts';
import type { Operation } from '../sim/operation.ts';
import type { Task } from '../sim/task.ts';
import { Footprints } from './footprint.ts';
import { enlarged } from './int-list.ts';
import { Path } from './path.ts';

/**
 * The beginning of an execution, hashed such that beginnings that differ only in the order of independent
 * operations have the same hash: each event is hashed with the hashes of its immediate predecessors, and the
 * hashes of the events are added up.
 */
export class Prefix {
  private readonly footprints = new Footprints();
  private readonly path = new Path(this.footprints);
  private high = new Int32Array(128);
  private low = new Int32Array(128);
  private sumHigh = 0;
  private sumLow = 0;

  private task: Task | null = null;
  private operation: Operation<unknown> | null = null;
  private footprint = 0;
  private alternative = 0;
  private tasksBefore = 0;
  private last: Task | null = null;

  clear(): void {
    this.path.truncate(0);
    this.sumHigh = 0;
    this.sumLow = 0;
    this.task = null;
    this.last = null;
  }

  /** Notes that `task` is about to perform its pending operation. */
  open(task: Task, machine: Machine): void {
    this.task = task;
    this.operation = task.pending;
    if (this.operation !== null) this.footprint = this.footprints.of(this.operation);
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
    const footprint = footprints.afterwards(this.footprint, task, machine, this.tasksBefore);
    path.append(task.index, this.alternative, footprint);
    for (let child = this.tasksBefore; child < machine.tasks.length; child++) path.spawned(child, event);
    this.hash(event, this.operation instanceof Choice ? this.alternative + 1 : 0);
    this.task = null;
    this.last = task;
    return task;
  }

  key(): string {
    return `${this.path.length} ${this.sumHigh} ${this.sumLow}`;
  }

  private hash(event: number, label: number): void {
    const { path } = this;
    if (event >= this.high.length) {
      this.high = enlarged(this.high, event + 1);
      this.low = enlarged(this.low, event + 1);
    }
    let high = mix(path.thread[event] + 0x51ed, label);
    let low = mix(path.index[event] + 0x2f0b, path.thread[event]);
    for (let i = path.firstPredecessor[event]; i < path.firstPredecessor[event + 1]; i++) {
      const before = path.predecessors.items[i];
      high = (high + mix(this.high[before], this.low[before])) | 0;
      low = (low + mix(this.low[before] ^ 0x5bd1e995, this.high[before])) | 0;
    }
    this.high[event] = mix(high, low);
    this.low[event] = mix(low, high ^ 0x1b873593);
    this.sumHigh = (this.sumHigh + this.high[event]) | 0;
    this.sumLow = (this.sumLow + this.low[event]) | 0;
  }
}

/** Two 32-bit words into one, as MurmurHash3 finishes. */
function mix(a: number, b: number): number {
  let h = Math.imul(a ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(b + 0x7f4a7c15, 0xc2b2ae35);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
