import * as fc from 'fast-check';
import type { Body } from '../../sim/call.ts';
import { Cell, Counter } from '../../sim/cell.ts';
import { choose } from '../../sim/choose.ts';
import { endingOf } from '../../sim/ending.ts';
import { Lock } from '../../sim/lock.ts';
import { Machine } from '../../sim/machine.ts';
import { UNTOLD } from '../../sim/object.ts';
import { Memory } from '../../sim/memory.ts';
import { BlockingEffect, Effect, type Operation } from '../../sim/operation.ts';
import { machineInForce, runningTask } from '../../sim/machine-in-force.ts';
import { abandon, end, join, spawn, type TaskDescription } from '../../sim/spawn.ts';
import type { Task, TaskState } from '../../sim/task.ts';
import type { Program } from '../program.ts';

/** One instruction of a random program, as data so that failures can be shrunk and printed. */
export interface Instruction {
  readonly verb:
    | 'read'
    | 'write'
    | 'increment'
    | 'await'
    | 'add'
    | 'look'
    | 'await count'
    | 'lock'
    | 'try lock'
    | 'unlock'
    | 'read lock'
    | 'write lock'
    | 'try read lock'
    | 'rw unlock'
    | 'choose'
    | 'spawn'
    | 'join'
    | 'free'
    | 'touch'
    | 'take two'
    | 'skip if odd'
    | 'look at task'
    | 'look at tasks'
    | 'end'
    | 'end if odd'
    | 'spawn if odd'
    | 'abandon';
  /** Which of two objects, where there are two. */
  readonly which: 0 | 1;
}

const VERBS: readonly { verb: Instruction['verb']; weight: number }[] = [
  { verb: 'read', weight: 4 },
  { verb: 'write', weight: 4 },
  { verb: 'increment', weight: 2 },
  { verb: 'await', weight: 2 },
  { verb: 'add', weight: 2 },
  { verb: 'look', weight: 1 },
  { verb: 'await count', weight: 1 },
  { verb: 'lock', weight: 4 },
  { verb: 'try lock', weight: 2 },
  { verb: 'unlock', weight: 4 },
  { verb: 'read lock', weight: 2 },
  { verb: 'write lock', weight: 1 },
  { verb: 'try read lock', weight: 1 },
  { verb: 'rw unlock', weight: 2 },
  { verb: 'choose', weight: 1 },
  { verb: 'spawn', weight: 1 },
  { verb: 'join', weight: 1 },
  { verb: 'free', weight: 1 },
  { verb: 'touch', weight: 1 },
  { verb: 'take two', weight: 1 },
  { verb: 'skip if odd', weight: 2 },
  { verb: 'look at task', weight: 3 },
  { verb: 'look at tasks', weight: 1 },
  { verb: 'end', weight: 1 },
  { verb: 'end if odd', weight: 1 },
  { verb: 'spawn if odd', weight: 1 },
  { verb: 'abandon', weight: 1 },
];

const ENDS: ReadonlySet<string> = new Set([
  'look at task',
  'end if odd',
  'skip if odd',
  'choose',
  'lock',
  'try lock',
]);

/** Those that have to do with the ends of tasks come more often: whether one comes is up to what comes before. */
const ABOUT_ENDS = VERBS.map(({ verb, weight }) => {
  return { verb, weight: ENDS.has(verb) ? weight * 3 : weight };
});

function instructions(verbs: typeof VERBS): fc.Arbitrary<Instruction> {
  return fc.record({
    verb: fc.oneof(...verbs.map(({ verb, weight }) => ({ arbitrary: fc.constant(verb), weight }))),
    which: fc.constantFrom(0 as const, 1 as const),
  });
}

/** Programs of two to four tasks; the more tasks, the shorter. */
function tasksOf(instruction: fc.Arbitrary<Instruction>): fc.Arbitrary<Instruction[][]> {
  return fc.oneof(
    fc.array(fc.array(instruction, { minLength: 1, maxLength: 5 }), { minLength: 2, maxLength: 2 }),
    fc.array(fc.array(instruction, { minLength: 1, maxLength: 3 }), { minLength: 3, maxLength: 3 }),
    fc.array(fc.array(instruction, { minLength: 1, maxLength: 2 }), { minLength: 4, maxLength: 4 }),
  );
}

export const randomTasks: fc.Arbitrary<Instruction[][]> = fc.oneof(
  { arbitrary: tasksOf(instructions(VERBS)), weight: 3 },
  { arbitrary: tasksOf(instructions(ABOUT_ENDS)), weight: 1 },
);

/** A lock that readers share, waiting included, whose state no search is told. */
class SharedLock extends Lock {
  readers = 0;

  override snapshot(): unknown {
    return UNTOLD;
  }
}

/** The same with a snapshot. */
class ToldSharedLock extends SharedLock {
  override snapshot(): unknown {
    return { owner: this.owner, readers: this.readers };
  }

  override restore(snapshot: unknown): void {
    const { owner, readers } = snapshot as { owner: Task | null; readers: number };
    this.owner = owner;
    this.readers = readers;
  }
}

class World {
  readonly cells = [new Cell(0, 'x'), new Cell(0, 'y')];
  readonly counters = [new Counter(0, 'c'), new Counter(0, 'd')];
  readonly locks = [new Lock('l'), new Lock('m')];
  readonly shared = [new SharedLock('r'), new ToldSharedLock('s')];
  readonly memory = new Memory('slab', 'm', 8, 0);
  readonly part = new Cell(0, 'part', this.memory);
  readonly notes: number[] = [];
  deadTouches = 0;
}

/** The program; its titles are what can be observed in the end. */
export function randomProgram(tasks: readonly (readonly Instruction[])[]): Program {
  return {
    create: () => {
      const machine = new Machine();
      machine.inside(() => {
        const world = new World();
        machine.world = world;
        machine.onDeadAccess = (task) => {
          world.notes[task.index] = (world.notes[task.index] ?? 0) + 100;
          return task.index % 2 === 0 ? 'abandon' : 'continue';
        };
        for (const [i, instructions] of tasks.entries()) {
          machine.spawn({ label: `task ${i}`, body: () => run(world, i, instructions) });
        }
      });
      return machine;
    },
    judge: (machine) => [describe(machine)],
  };
}

function describe(machine: Machine): string {
  const world = machine.world as World;
  const values = [...world.cells, ...world.counters, world.part].map((cell) => cell.value);
  const states = machine.tasks.map((task) => `${task.state[0]}${world.notes[task.index] ?? ''}`);
  return `${endingOf(machine).kind} ${values.join(',')} ${states.join(' ')}`;
}

function* run(world: World, self: number, instructions: readonly Instruction[]): Body<void> {
  let child: Task | null = null;
  const holds = { locks: [0, 0], shared: [0, 0] };
  const note = (value: number): void => {
    world.notes[self] = ((world.notes[self] ?? 0) * 7 + value + 1) % 9973;
  };
  for (let i = 0; i < instructions.length; i++) {
    const { verb, which } = instructions[i];
    const cell = world.cells[which];
    const lock = world.locks[which];
    const shared = world.shared[which];
    switch (verb) {
      case 'read':
        note(yield* cell.read());
        break;
      case 'write':
        yield* cell.write(self + 1 + i);
        break;
      case 'increment':
        note(yield* cell.update((value) => value + 1));
        break;
      case 'await':
        note(yield* cell.await((value) => value % 2 === 1));
        break;
      case 'add':
        yield* world.counters[which].add(1);
        break;
      case 'look':
        note(yield* world.counters[which].read());
        break;
      case 'await count':
        note(yield* world.counters[which].await((value) => value === which + 1));
        break;
      case 'lock':
        yield* lock.acquire();
        holds.locks[which] = 1;
        break;
      case 'try lock':
        if (yield* lock.tryAcquire()) holds.locks[which] = 1;
        note(holds.locks[which]);
        break;
      case 'unlock':
        if (holds.locks[which] === 0) break;
        yield* lock.release();
        holds.locks[which] = 0;
        break;
      case 'read lock':
        yield* readLock(shared);
        holds.shared[which]++;
        break;
      case 'try read lock':
        if (yield* tryReadLock(shared)) holds.shared[which]++;
        note(holds.shared[which]);
        break;
      case 'write lock':
        yield* writeLock(shared);
        holds.shared[which] = -1;
        break;
      case 'rw unlock':
        if (holds.shared[which] === 0) break;
        yield* sharedUnlock(shared, holds.shared[which] < 0);
        holds.shared[which] = holds.shared[which] < 0 ? 0 : holds.shared[which] - 1;
        break;
      case 'choose':
        note(yield* choose('something', 2 + which));
        break;
      case 'spawn':
        child = yield* spawn({ label: 'child', body: () => childOf(world, self, which) });
        break;
      case 'join':
        if (child !== null) note(Number(yield* join(child)));
        break;
      case 'free':
        yield* world.memory.free();
        break;
      case 'touch':
        if (which === 0) note(yield* world.part.read());
        else yield* world.part.write(self + 1);
        break;
      case 'take two':
        yield* takeTwo(world);
        break;
      case 'skip if odd':
        if ((world.notes[self] ?? 0) % 2 === 1) i++;
        break;
      case 'look at task':
        note(STATES.indexOf(yield* lookAt(child ?? machineInForce().tasks.at(which) ?? runningTask())));
        break;
      case 'look at tasks':
        note(yield* countTasks());
        break;
      case 'end':
        yield* end(self);
        break;
      case 'end if odd':
        yield* endIfOdd(cell);
        break;
      case 'spawn if odd':
        yield* spawnIfOdd(cell, { label: 'child', body: () => childOf(world, self, which) });
        break;
      case 'abandon':
        yield* abandon();
        break;
    }
  }
}

function* childOf(world: World, parent: number, which: 0 | 1): Body<number> {
  yield* world.cells[which].write(parent + 10);
  return parent;
}

function readLock(lock: SharedLock): Operation<void> {
  return new BlockingEffect(
    'acquire',
    lock,
    'share',
    () => lock.owner === null,
    () => {
      lock.readers++;
    },
  );
}

function tryReadLock(lock: SharedLock): Operation<boolean> {
  return new Effect('acquire', lock, 'share', () => {
    if (lock.owner !== null) return false;
    lock.readers++;
    return true;
  });
}

function writeLock(lock: SharedLock): Operation<void> {
  return new BlockingEffect(
    'acquire',
    lock,
    'write',
    () => lock.owner === null && lock.readers === 0,
    (task) => {
      lock.owner = task;
    },
  );
}

function sharedUnlock(lock: SharedLock, writer: boolean): Operation<void> {
  return new Effect('release', lock, 'write', () => {
    if (writer) lock.owner = null;
    else lock.readers--;
  });
}

/** Looks at a task without waiting for it: whether it has ended depends on whatever ends it. */
function lookAt(target: Task): Operation<TaskState> {
  return new Effect('read', target, 'read', () => target.state);
}

function countTasks(): Operation<number> {
  const { taskList, tasks } = machineInForce();
  return new Effect('read', taskList, 'read', () => tasks.length);
}

/** An effect that ends its task in one order and not in another, as only the cell tells. */
function endIfOdd(cell: Cell<number>): Operation<void> {
  return new Effect('rmw', cell, 'write', (task) => {
    if (cell.value % 2 === 1) machineInForce().end(task, cell.value);
    else cell.value += 2;
  });
}

/** The same for starting one, which is on the list of tasks in any case. */
function spawnIfOdd(cell: Cell<number>, description: TaskDescription): Operation<void> {
  const machine = machineInForce();
  const effect = (): void => {
    if (cell.value % 2 === 1) machine.spawn(description);
  };
  return new Effect('spawn', machine.taskList, 'write', effect, cell);
}

const STATES: readonly TaskState[] = ['ready', 'ended', 'abandoned'];

/** Waits for the first lock to be free while x is even, and takes it: an operation that looks at two objects. */
function takeTwo(world: World): Operation<void> {
  const [lock] = world.locks;
  const [x] = world.cells;
  return new BlockingEffect(
    'acquire',
    lock,
    'write',
    () => lock.owner === null && x.value % 2 === 0,
    (task) => {
      lock.owner = task;
    },
    x,
  );
}
