import { assert } from '../base/assert.ts';
import type { Access, Operation } from '../sim/operation.ts';
import type { SimObject } from '../sim/object.ts';
import type { Task } from '../sim/task.ts';
import { NONE } from './int-list.ts';

/** Accesses as small numbers. */
export const READ = 0;
export const WRITE = 1;
export const ADD = 2;
export const SHARE = 3;
export const ACCESSES = 4;

const CODE: Readonly<Record<Access, number>> = { read: READ, write: WRITE, add: ADD, share: SHARE };

/** For each access the accesses of the same object that it does not commute with. */
export const CONFLICTING: readonly (readonly number[])[] = [
  [WRITE, ADD, SHARE],
  [WRITE, READ, ADD, SHARE],
  [WRITE, READ, SHARE],
  [WRITE, READ, ADD],
];

/**
 * What operations touch, as small numbers that are the same in every execution.
 *
 * A *slot* is an object with an access (`object * ACCESSES + access`, objects counted from 0 in order of
 * their first appearance). A *footprint* is a set of slots, the operation's own object first. Two events
 * depend on each other if a slot of one conflicts with a slot of the other.
 *
 * All of it is told by the operation, but for one thing: whether its task ends with it depends on what comes before.
 * The footprint of a step that is yet to be taken may be *unsure*: it leaves the end out, and says whose it is.
 */
export class Footprints {
  /** Number of objects seen. */
  objects = 0;
  /** By footprint: its slots. */
  readonly slots: (readonly number[])[] = [];
  /** By footprint: the same without the end of the step's task. */
  readonly foreseen: number[] = [];
  /** By footprint: the task, as an object, that may end with the step as far as is known; `NONE` if it is sure. */
  readonly mayEnd: number[] = [];

  private readonly objectNumbers = new Map<number, number>();
  private readonly objectIds: number[] = [];
  /** Footprints of a single slot, by slot; 0 where there is none yet, else the footprint + 1. */
  private readonly single: number[] = [];
  private readonly composed = new Map<number, number>();
  private readonly extensions = new Map<number, number>();
  /** By task: the id and the number that it had last. */
  private readonly taskIds: number[] = [];
  private readonly taskNumbers: number[] = [];
  private readonly unsureOnes = new Map<number, number>();
  private readonly adopted = new Map<string, number>();

  /** What an operation touches as far as can be told before it runs. */
  of(operation: Operation<unknown>): number {
    const { object, also, memory } = operation;
    let access = CODE[operation.access];
    // Whoever waits for a value looks at it, so a blind change that waits is not blind.
    if (access === ADD && operation.conditional) access = WRITE;
    const own = this.objectNumber(object) * ACCESSES + access;
    if (also === null && (memory === null || memory === object)) return this.ofSlot(own);
    const second = also === null ? 0 : this.objectNumber(also) + 1;
    const third = memory === null || memory === object ? 0 : this.objectNumber(memory) + 1;
    const key = (own * MOST_OBJECTS + second) * MOST_OBJECTS + third;
    let footprint = this.composed.get(key);
    if (footprint === undefined) {
      const slots = [own];
      if (second > 0) slots.push((second - 1) * ACCESSES + READ);
      if (third > 0) slots.push((third - 1) * ACCESSES + READ);
      footprint = this.add(slots);
      this.composed.set(key, footprint);
    }
    return footprint;
  }

  /**
   * What an operation has touched, now that it was performed: ending changes the task. Whatever starts a task is an
   * operation on the list of tasks (`Machine.spawn`).
   */
  afterwards(footprint: number, task: Task): number {
    return task.state === 'ready' ? footprint : this.withWrite(footprint, this.taskNumber(task));
  }

  private withWrite(footprint: number, object: number): number {
    const key = footprint * MOST_OBJECTS + object;
    let extended = this.extensions.get(key);
    if (extended === undefined) {
      const slot = object * ACCESSES + WRITE;
      const slots = this.slots[footprint];
      extended = slots.includes(slot) ? footprint : this.add([...slots, slot], footprint);
      this.extensions.set(key, extended);
    }
    return extended;
  }

  /** The footprint that a step of a task is foreseen to have elsewhere: the task may end with it or not. */
  unsure(footprint: number, task: number): number {
    const foreseen = this.foreseen[footprint];
    const key = foreseen * MOST_OBJECTS + task;
    let unsure = this.unsureOnes.get(key);
    if (unsure === undefined) {
      const slots = this.slots[foreseen];
      unsure = slots.includes(task * ACCESSES + WRITE) ? foreseen : this.add(slots, null, task);
      this.unsureOnes.set(key, unsure);
    }
    return unsure;
  }

  /** `objectNumber` for tasks, whose ids hardly ever change from one execution to the next. */
  taskNumber(task: Task): number {
    const { index, id } = task;
    if (this.taskIds[index] !== id) {
      this.taskIds[index] = id;
      this.taskNumbers[index] = this.objectNumber(task);
    }
    return this.taskNumbers[index];
  }

  objectNumber(object: SimObject): number {
    return this.numberOf(object.id);
  }

  /** A footprint as it can be told to another search: object ids instead of numbers; negative for who may end. */
  portable(footprint: number): number[] {
    const portable = this.slots[footprint].map(
      (slot) => this.objectIds[slot >> 2] * ACCESSES + (slot & (ACCESSES - 1)),
    );
    const task = this.mayEnd[footprint];
    if (task !== NONE) portable.push(-1 - this.objectIds[task]);
    return portable;
  }

  /** The footprint that another search has told. */
  adopt(portable: readonly number[]): number {
    const key = portable.join(' ');
    let footprint = this.adopted.get(key);
    if (footprint === undefined) {
      const slots = portable.filter((item) => item >= 0).map((item) => this.adoptSlot(item));
      const task = portable.find((item) => item < 0);
      footprint = this.add(slots, null, task === undefined ? NONE : this.numberOf(-1 - task));
      this.adopted.set(key, footprint);
    }
    return footprint;
  }

  private adoptSlot(portable: number): number {
    const access = portable % ACCESSES;
    return this.numberOf((portable - access) / ACCESSES) * ACCESSES + access;
  }

  private numberOf(id: number): number {
    let number = this.objectNumbers.get(id);
    if (number === undefined) {
      number = this.objects++;
      assert(number < MOST_OBJECTS - 1, `more than ${MOST_OBJECTS} objects in one search`);
      this.objectNumbers.set(id, number);
      this.objectIds.push(id);
    }
    return number;
  }

  conflict(a: number, b: number): boolean {
    const ours = this.slots[a];
    const theirs = this.slots[b];
    for (let i = 0; i < ours.length; i++) {
      for (let k = 0; k < theirs.length; k++) if (slotsConflict(ours[i], theirs[k])) return true;
    }
    return false;
  }

  /** Does a footprint have anything to do with an object? */
  touches(footprint: number, object: number): boolean {
    const slots = this.slots[footprint];
    for (let i = 0; i < slots.length; i++) if (slots[i] >> 2 === object) return true;
    return false;
  }

  private ofSlot(slot: number): number {
    const known = this.single[slot];
    if (known !== undefined && known > 0) return known - 1;
    while (this.single.length <= slot) this.single.push(0);
    const footprint = this.add([slot]);
    this.single[slot] = footprint + 1;
    return footprint;
  }

  private add(slots: readonly number[], foreseen: number | null = null, mayEnd = NONE): number {
    const footprint = this.slots.push(slots) - 1;
    this.foreseen.push(foreseen ?? footprint);
    this.mayEnd.push(mayEnd);
    return footprint;
  }
}

/** Three object numbers and an access fit one exact number. */
const MOST_OBJECTS = 0x1ffff;

export function slotsConflict(a: number, b: number): boolean {
  if (a >> 2 !== b >> 2) return false;
  return a !== b || (a & 3) === WRITE;
}
