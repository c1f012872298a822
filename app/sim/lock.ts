import { assert } from '../base/assert.ts';
import { Operation } from './operation.ts';
import { type Hold, SimObject } from './object.ts';
import type { Memory } from './memory.ts';
import type { Task } from './task.ts';

/** An exclusive lock with an owner. What it means to wait for it is the chooser's and the model's business. */
export class Lock extends SimObject {
  owner: Task | null = null;

  constructor(
    readonly field: string,
    memory: Memory | null = null,
  ) {
    super(memory);
  }

  override get name(): string {
    return this.memory === null ? this.field : `${this.memory.name}->${this.field}`;
  }

  override holders(): readonly Task[] {
    return this.owner === null ? [] : [this.owner];
  }

  override snapshot(): unknown {
    return this.owner;
  }

  override restore(snapshot: unknown): void {
    this.owner = snapshot as Task | null;
  }

  override likeness(): unknown {
    return this.owner;
  }

  override hold(task: Task): Hold {
    return this.owner === task ? 'exclusive' : 'none';
  }

  /** Waits until the lock is free and takes it. A task that has it already waits for itself for ever. */
  acquire(): Operation<void> {
    return new Acquire(this);
  }

  /** Takes the lock if it is free; false if somebody has it. */
  tryAcquire(): Operation<boolean> {
    return new TryAcquire(this);
  }

  release(): Operation<void> {
    return new Release(this);
  }
}

class Acquire extends Operation<void> {
  constructor(private readonly lock: Lock) {
    super('acquire', lock, 'write');
  }

  override enabled(_task: Task): boolean {
    return this.lock.owner === null;
  }

  override execute(task: Task): void {
    this.lock.owner = task;
  }
}

class TryAcquire extends Operation<boolean> {
  constructor(private readonly lock: Lock) {
    super('acquire', lock, 'write');
  }

  override execute(task: Task): boolean {
    if (this.lock.owner !== null) return false;
    this.lock.owner = task;
    return true;
  }
}

class Release extends Operation<void> {
  constructor(private readonly lock: Lock) {
    super('release', lock, 'write');
  }

  override execute(task: Task): void {
    assert(this.lock.owner === task, `${task.name} releases ${this.lock.name}, which it does not hold`);
    this.lock.owner = null;
  }
}
