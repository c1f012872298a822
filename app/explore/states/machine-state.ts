import { runningTaskOrNull } from '../../sim/machine-in-force.ts';
import type { Observer } from '../../sim/observer.ts';
import type { Machine } from '../../sim/machine.ts';
import type { Operation } from '../../sim/operation.ts';
import { SimObject } from '../../sim/object.ts';
import type { Frame, Task } from '../../sim/task.ts';
import { mix } from '../mix.ts';
import { HIGH, hashOf, LOW, tells } from './hash.ts';
import { ObjectStates } from './object-states.ts';

/**
 * The state of a whole machine, as a hash: what each task has seen, and what its operations have made of the objects.
 *
 * A task's code is the same each time, so where it stands and what its variables hold follows from the results of its
 * operations. These are hashed for each frame of its stack. When a function returns, its caller's hash takes in what
 * the function saw; of one that says what it `leaves`, that and its result only.
 *
 * Where a result does not tell by its looks what it is, the state of the object that it came from stands for it.
 */
export class MachineState implements Observer {
  readonly objects = new ObjectStates();
  /** By task and depth of frame: what the frame has seen. */
  private readonly high: number[][] = [];
  private readonly low: number[][] = [];
  /** The same of all frames below it together: they wait, and see nothing. */
  private readonly belowHigh: number[][] = [];
  private readonly belowLow: number[][] = [];
  /** By task: what it saw on stacks that it was taken from. */
  private readonly keptHigh: number[] = [];
  private readonly keptLow: number[] = [];
  /** A sum over all that the model has said. */
  private saidHigh = 0;
  private saidLow = 0;

  /** The start: whatever the tasks have done by now is the same each time. */
  begin(machine: Machine): void {
    this.objects.clear();
    this.saidHigh = 0;
    this.saidLow = 0;
    this.high.length = 0;
    this.low.length = 0;
    for (const task of machine.tasks) {
      this.start(task, mix(task.index, HIGH), mix(task.index, LOW));
      for (let depth = 1; depth <= (task.top?.depth ?? 0); depth++) this.push(task.index, depth, depth);
    }
  }

  /** Hashes the state. */
  sum(machine: Machine): { high: number; low: number } {
    let high = (this.objects.totalHigh + this.saidHigh) | 0;
    let low = (this.objects.totalLow + this.saidLow) | 0;
    for (const task of machine.tasks) {
      const { index } = task;
      // Of tasks that have ended, too: what they saw may be in what is judged in the end.
      const depth = task.top?.depth ?? 0;
      const counts = task.objects + task.reservedIds * 0x1000;
      const ownHigh = mix(mix(this.ownHigh(index, depth), this.keptHigh[index]), counts);
      const ownLow = mix(mix(this.ownLow(index, depth), this.keptLow[index]), counts);
      high = (high + mix(ownHigh, index)) | 0;
      low = (low + mix(ownLow, index)) | 0;
    }
    return { high, low };
  }

  /** What a new task was given follows from what its spawner had seen. */
  spawned(task: Task): void {
    const { given } = task;
    if (given !== null && tells(given)) {
      this.start(task, mix(task.index, hashOf(given, HIGH)), mix(task.index, hashOf(given, LOW)));
      return;
    }
    const spawner = runningTaskOrNull();
    const depth = spawner?.top?.depth ?? 0;
    const high = spawner === null ? HIGH : this.ownHigh(spawner.index, depth);
    const low = spawner === null ? LOW : this.ownLow(spawner.index, depth);
    this.start(task, mix(task.index, high), mix(task.index, low));
  }

  entered(task: Task, { symbol, depth }: Frame): void {
    // Another stack than before: what was seen on the old one stays with the task.
    if (depth === 0) this.keep(task, depth);
    this.push(task.index, depth, symbol?.index ?? 0);
  }

  left(task: Task, { symbol, depth, args }: Frame, result: unknown): void {
    if (depth === 0) return;
    const { index } = task;
    const high = this.high[index];
    const low = this.low[index];
    let fromHigh = high[depth];
    let fromLow = low[depth];
    const leaves = symbol?.leaves ?? null;
    if (leaves !== null) {
      const all = [
        fieldsOf(result),
        ...(leaves as (...args: readonly unknown[]) => readonly unknown[])(...args),
      ];
      if (tells(all)) {
        fromHigh = mix(hashOf(all, HIGH), privateHash(task, HIGH));
        fromLow = mix(hashOf(all, LOW), privateHash(task, LOW));
      }
    }
    high[depth - 1] = mix(high[depth - 1], fromHigh);
    low[depth - 1] = mix(low[depth - 1], fromLow);
  }

  forgot(task: Task, values: readonly unknown[]): void {
    if (!tells(values)) return;
    const { index } = task;
    const depth = task.top?.depth ?? 0;
    this.high[index][depth] = mix(hashOf(values, HIGH), privateHash(task, HIGH));
    this.low[index][depth] = mix(hashOf(values, LOW), privateHash(task, LOW));
  }

  operation(task: Task, operation: Operation<unknown>, result: unknown): void {
    const { index } = task;
    const depth = task.top?.depth ?? 0;
    const high = this.high[index];
    const low = this.low[index];
    const { objects } = this;
    let seenHigh: number;
    let seenLow: number;
    if (tells(result)) {
      seenHigh = hashOf(result, HIGH);
      seenLow = hashOf(result, LOW);
    } else {
      seenHigh = objects.highOf(operation.object);
      seenLow = objects.lowOf(operation.object);
      if (operation.also !== null) {
        seenHigh = mix(seenHigh, objects.highOf(operation.also));
        seenLow = mix(seenLow, objects.lowOf(operation.also));
      }
    }
    // Whatever it did to its object follows from its own state, all of its frames' together.
    if (operation.access !== 'read')
      objects.performed(operation, this.ownHigh(index, depth), this.ownLow(index, depth));
    high[depth] = mix(high[depth], seenHigh);
    low[depth] = mix(low[depth], seenLow);
  }

  ended(task: Task): void {
    const { index } = task;
    const depth = task.top?.depth ?? 0;
    this.objects.change(task, true, this.ownHigh(index, depth), this.ownLow(index, depth));
  }

  said(_task: Task | null, kind: string, text: string): void {
    this.saidHigh = (this.saidHigh + mix(hashOf(kind, HIGH), hashOf(text, HIGH))) | 0;
    this.saidLow = (this.saidLow + mix(hashOf(kind, LOW), hashOf(text, LOW))) | 0;
  }

  /** The task touches dead memory, and may be given another stack for that: what it saw on this one stays with it. */
  touchesDead(task: Task): void {
    this.keep(task, task.top?.depth ?? 0);
  }

  private keep({ index }: Task, depth: number): void {
    this.keptHigh[index] = mix(this.keptHigh[index], this.ownHigh(index, depth));
    this.keptLow[index] = mix(this.keptLow[index], this.ownLow(index, depth));
  }

  private start({ index }: Task, high: number, low: number): void {
    this.high[index] = [high];
    this.low[index] = [low];
    this.belowHigh[index] = [0];
    this.belowLow[index] = [0];
    this.keptHigh[index] = 0;
    this.keptLow[index] = 0;
  }

  /** A new frame, called what `name` says. */
  private push(index: number, depth: number, name: number): void {
    this.belowHigh[index][depth] = depth === 0 ? 0 : this.ownHigh(index, depth - 1);
    this.belowLow[index][depth] = depth === 0 ? 0 : this.ownLow(index, depth - 1);
    this.high[index][depth] = mix(name, HIGH);
    this.low[index][depth] = mix(name, LOW);
  }

  /** All that a task has seen, and not forgotten. */
  private ownHigh(index: number, depth: number): number {
    return mix(this.belowHigh[index][depth], this.high[index][depth]);
  }

  private ownLow(index: number, depth: number): number {
    return mix(this.belowLow[index][depth], this.low[index][depth]);
  }
}

/** A result of several values, as those; any other as it is. */
function fieldsOf(result: unknown): unknown {
  const plain =
    typeof result === 'object' && result !== null && Object.getPrototypeOf(result) === Object.prototype;
  return plain ? Object.values(result) : result;
}

/** What a model keeps of a task in plain fields of its context: those that it names, or all that tell what they are. */
function privateHash({ context }: Task, seed: number): number {
  if (typeof context !== 'object' || context === null) return seed;
  const { plainFields } = context as { plainFields?: readonly unknown[] };
  let hash = seed;
  for (const value of plainFields ?? (Object.values(context) as unknown[])) {
    if (!(value instanceof SimObject) && tells(value)) hash = mix(hash, hashOf(value, seed));
  }
  return hash;
}
