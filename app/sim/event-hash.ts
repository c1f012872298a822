import { RunningHash, hashText } from '../base/hash.ts';
import type { Machine } from './machine.ts';
import { SimObject } from './object.ts';
import type { Observer } from './observer.ts';
import type { Operation } from './operation.ts';
import type { Frame, Task } from './task.ts';

/**
 * Hashes all events of a run in order: who did what to which object with which result, every call and
 * return, and every line that the model said. Two runs with one hash are the same run.
 */
export class EventHash implements Observer {
  /** Events taken in so far. */
  events = 0;
  private readonly hash = new RunningHash();
  private readonly words = new Map<string, number>();

  constructor(private readonly machine: Machine) {}

  digest(): string {
    return this.hash.digest();
  }

  operation(task: Task, operation: Operation<unknown>, result: unknown): void {
    this.begin(1, task);
    this.word(operation.kind);
    this.hash.integer(operation.object.id);
    this.value(result);
  }

  entered(task: Task, frame: Frame): void {
    this.begin(2, task);
    this.word(frame.symbol?.name ?? '');
  }

  left(task: Task, frame: Frame): void {
    this.begin(3, task);
    this.word(frame.symbol?.name ?? '');
  }

  ended(task: Task): void {
    this.begin(4, task);
    this.word(task.state);
  }

  said(task: Task | null, kind: string, text: string): void {
    this.begin(5, task);
    this.word(kind);
    this.hash.text(text);
  }

  private begin(what: number, task: Task | null): void {
    this.events++;
    this.hash.integer(what);
    this.hash.integer(task === null ? -1 : task.index);
    this.hash.integer(this.machine.now);
  }

  private value(value: unknown): void {
    if (typeof value === 'number') this.hash.integer(value);
    else if (typeof value === 'boolean') this.hash.integer(value ? 1 : 2);
    else if (value === null) this.hash.integer(3);
    else if (typeof value === 'string') this.word(value);
    else if (value instanceof SimObject) this.hash.integer(value.id);
    else this.hash.integer(4);
  }

  /** Names come back often: each is hashed once. */
  private word(text: string): void {
    let hash = this.words.get(text);
    if (hash === undefined) {
      hash = hashText(text);
      this.words.set(text, hash);
    }
    this.hash.integer(hash);
  }
}
