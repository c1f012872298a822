import type { Cell } from '../../../sim/cell.ts';
import type { Memory } from '../../../sim/memory.ts';
import { type Hold, SimObject } from '../../../sim/object.ts';
import { BlockingEffect, Effect, type Operation } from '../../../sim/operation.ts';
import type { Task } from '../../../sim/task.ts';
import { EINTR } from '../../include/errno.ts';
import { config } from '../../kernel.ts';
import { hasLockdep, LockdepMap, type WaitTypes } from './lockdep.ts';

interface Waiter {
  readonly task: Task;
  readonly reads: boolean;
}

/** Signals that end a wait: a cell and the bits in it. */
export interface Signals {
  readonly cell: Cell<number>;
  readonly bits: number;
}

/**
 * A lock with readers and a writer: what rw_semaphore and rwlock_t are to the machine.
 *
 * Two ways to be fair, as PREEMPT_RT is configured:
 * - without: who cannot have it at once queues up. Whoever comes while somebody queues must queue, too, and a
 *   trylock fails. When it is free, any queued writer may take it; if a reader is first, all queued readers
 *   enter together.
 * - with: readers enter while the gate is open. A writer waits for the writers before it, closes the gate, then
 *   waits for the readers inside to leave. Readers before a closed gate wait until the writer is done.
 *
 * Invariant: never a writer and a reader inside, never two writers.
 */
export class SharedLock extends SimObject {
  writer: Task | null = null;
  /** Inside for reading, once per entry. */
  readers: readonly Task[] = [];
  readonly dep_map: LockdepMap | null;

  /** Without PREEMPT_RT: who waits, first come first. */
  private queue: readonly Waiter[] = [];
  /** With PREEMPT_RT: the writer that has the gate, whether or not readers are still inside. */
  private gatekeeper: Task | null = null;
  private gateOpen = true;

  private readonly rt = config().PREEMPT_RT;

  constructor(
    override readonly name: string,
    memory: Memory | null,
    wait: WaitTypes,
  ) {
    super(memory);
    this.dep_map = hasLockdep() ? new LockdepMap(name, wait, memory) : null;
  }

  /** Who is inside; else who keeps the gate; else who is first in the queue. */
  override holders(): readonly Task[] {
    if (this.writer !== null) return [this.writer];
    if (this.readers.length > 0) {
      return [...new Set(this.readers)].sort((a, b) => a.index - b.index);
    }
    if (this.gatekeeper !== null) return [this.gatekeeper];
    return this.queue.slice(0, 1).map(({ task }) => task);
  }

  override snapshot(): unknown {
    const { writer, readers, queue, gatekeeper, gateOpen } = this;
    return { writer, readers, queue, gatekeeper, gateOpen };
  }

  override restore(snapshot: unknown): void {
    Object.assign(this, snapshot);
  }

  /** Readers in any order: nobody can tell who came first. */
  override likeness(): unknown {
    const { writer, readers, queue, gatekeeper, gateOpen } = this;
    const inside = readers.toSorted((a, b) => a.index - b.index);
    return [writer, inside, queue.flatMap(({ task, reads }) => [task, reads]), gatekeeper, gateOpen];
  }

  override hold(task: Task): Hold {
    if (this.writer === task) return 'exclusive';
    return this.readers.includes(task) ? 'shared' : 'none';
  }

  get held(): boolean {
    return this.writer !== null || this.readers.length > 0;
  }

  // Operations are made when they are asked for: there is such a lock in each VMA, and most are never taken.

  // Readers.

  private get enteringToRead(): Operation<boolean> {
    return new Effect('acquire', this, 'share', (task) => this.tryEnter(task));
  }

  /** Enters if that is possible now. False: waits, in `waitToRead()`. */
  readOrQueue(): Operation<boolean> {
    return this.rt ? this.enteringToRead : this.readingOrQueueing;
  }

  private get readingOrQueueing(): Operation<boolean> {
    return new Effect('acquire', this, 'share', (task) => {
      if (this.tryEnter(task)) return true;
      this.queue = [...this.queue, { task, reads: true }];
      return false;
    });
  }

  /** Waits for the turn of the reader. 0, or -EINTR if one of `signals` came before. */
  waitToRead(signals: Signals | null = null): Operation<number> {
    return new BlockingEffect(
      'acquire',
      this,
      'write',
      (task) => this.readersTurn(task) || pending(signals),
      (task) => {
        if (this.readersTurn(task)) {
          this.letReadersIn(task);
          return 0;
        }
        this.leaveQueue(task);
        return -EINTR;
      },
      signals?.cell ?? null,
    );
  }

  tryRead(): Operation<boolean> {
    return this.enteringToRead;
  }

  /** A reader that may not wait behind queued writers: waits only for the one that is inside. */
  get overtaking(): Operation<void> {
    return new BlockingEffect<void>(
      'acquire',
      this,
      'write',
      () => this.writer === null,
      (task) => {
        this.enter(task);
      },
    );
  }

  // Whether others may enter to read does not depend on who reads already: entering and leaving commute.
  get leaving(): Operation<void> {
    return new Effect<void>('release', this, 'share', (task) => {
      // Another task may have entered for this one (a lock that is handed over).
      const at = this.readers.lastIndexOf(task);
      this.readers = this.readers.toSpliced(at < 0 ? this.readers.length - 1 : at, 1);
    });
  }

  private enter(task: Task): void {
    this.readers = [...this.readers, task];
  }

  private tryEnter(task: Task): boolean {
    const free = this.rt ? this.gateOpen : this.writer === null && this.queue.length === 0;
    if (free) this.enter(task);
    return free;
  }

  private readersTurn(task: Task): boolean {
    if (this.rt) return this.gatekeeper === null;
    if (!this.queue.some((waiter) => waiter.task === task)) return true;
    return this.writer === null && (this.queue.at(0)?.reads ?? false);
  }

  /** Without PREEMPT_RT the first reader takes all queued readers along. */
  private letReadersIn(task: Task): void {
    if (this.rt) {
      this.enter(task);
      return;
    }
    if (!this.queue.some((waiter) => waiter.task === task)) return;
    for (const waiter of this.queue) if (waiter.reads) this.enter(waiter.task);
    this.queue = this.queue.filter((waiter) => !waiter.reads);
  }

  // Writers.

  /** Takes the lock if that is possible now. False: waits, in `waitToWrite()`. */
  get writingOrQueueing(): Operation<boolean> {
    return new Effect('acquire', this, 'write', (task) => {
      if (this.tryOwn(task)) return true;
      if (!this.rt) this.queue = [...this.queue, { task, reads: false }];
      return false;
    });
  }

  get tryingToWrite(): Operation<boolean> {
    return new Effect('acquire', this, 'write', (task) => this.tryOwn(task));
  }

  /** With PREEMPT_RT: waits for other writers, then closes the gate. 0 or -EINTR. */
  closeGate(signals: Signals | null = null): Operation<number> {
    return new BlockingEffect(
      'acquire',
      this,
      'write',
      () => this.gatekeeper === null || pending(signals),
      (task) => {
        if (this.gatekeeper !== null) return -EINTR;
        this.gatekeeper = task;
        this.gateOpen = false;
        return 0;
      },
      signals?.cell ?? null,
    );
  }

  /** Waits for the turn of the writer. 0, or -EINTR if one of `signals` came before. */
  waitToWrite(signals: Signals | null = null): Operation<number> {
    return new BlockingEffect(
      'acquire',
      this,
      'write',
      () => !this.held || pending(signals),
      (task) => {
        if (!this.held) {
          this.writer = task;
          if (!this.rt) this.leaveQueue(task);
          return 0;
        }
        if (this.rt) this.openGate();
        else this.leaveQueue(task);
        return -EINTR;
      },
      signals?.cell ?? null,
    );
  }

  get writerLeaving(): Operation<void> {
    return new Effect<void>('release', this, 'write', () => {
      this.writer = null;
      this.openGate();
    });
  }

  /** The writer goes on as a reader; other readers may come in. */
  get downgrading(): Operation<void> {
    return new Effect<void>('release', this, 'write', (task) => {
      this.writer = null;
      this.enter(task);
      this.openGate();
      if (!this.rt && (this.queue.at(0)?.reads ?? false)) this.letReadersIn(this.queue[0].task);
    });
  }

  get looking(): Operation<boolean> {
    return new Effect('read', this, 'read', () => this.held);
  }

  private tryOwn(task: Task): boolean {
    if (this.rt ? this.gatekeeper !== null || this.held : this.held || this.queue.length > 0) return false;
    this.writer = task;
    if (this.rt) {
      this.gatekeeper = task;
      this.gateOpen = false;
    }
    return true;
  }

  private openGate(): void {
    this.gatekeeper = null;
    this.gateOpen = true;
  }

  private leaveQueue(task: Task): void {
    this.queue = this.queue.filter((waiter) => waiter.task !== task);
  }
}

const pending = (signals: Signals | null): boolean =>
  signals !== null && (signals.cell.value & signals.bits) !== 0;
