import { describe, expect, test } from 'vitest';
import { Call, FunctionSymbol, type Body } from './call.ts';
import { Cell } from './cell.ts';
import { choose } from './choose.ts';
import { EventHash } from './event-hash.ts';
import { Lock } from './lock.ts';
import { Machine } from './machine.ts';
import { runningTask } from './machine-in-force.ts';
import { Memory } from './memory.ts';
import { RandomChooser } from './random.ts';
import { abandon, end, join, spawn } from './spawn.ts';
import { Frame } from './task.ts';
import { firstOf, inOrder, machineWith } from './testing/programs.ts';

describe('operations', () => {
  // a: read x (0), write x 1        b: read x (0), write x 1
  // Run alternately, one increment is lost.
  test('run in the order of the chooser, each atomically', () => {
    const increment = function* (x: Cell<number>): Body<void> {
      const seen = yield* x.read();
      yield* x.write(seen + 1);
    };
    const race = machineWith(() => new Cell(0, 'x'), { a: increment, b: increment });
    race.machine.run(inOrder('a b a b'));
    expect(race.shared.value).toBe(1);
  });

  test('give their result to the task that performed them', () => {
    const { machine, shared } = machineWith(() => new Cell(5, 'x'), {
      a: function* (x) {
        const before = yield* x.update((value) => value * 2);
        yield* x.write(before + (yield* x.read()));
      },
    });
    machine.run(firstOf);
    expect(shared.value).toBe(15);
  });

  test('that wait become enabled by an operation on their object, and only then', () => {
    const { machine } = machineWith(() => new Cell(0, 'x'), {
      waiter: function* (x) {
        return yield* x.await((value) => value === 2);
      },
      writer: function* (x) {
        yield* x.write(1);
        yield* x.write(2);
      },
    });
    const [waiter] = machine.tasks;
    machine.run(firstOf, 1);
    expect(waiter?.enabled).toBe(false);
    machine.run(firstOf, 1);
    expect(waiter?.enabled).toBe(true);
    machine.run(firstOf);
    expect(waiter?.result).toBe(2);
  });

  test('are offered to the chooser in ascending index of their tasks', () => {
    const seen: string[] = [];
    const { machine } = machineWith(() => new Lock('l'), {
      a: function* (l) {
        yield* l.acquire();
        yield* l.release();
      },
      b: function* (l) {
        yield* l.acquire();
        yield* l.release();
      },
    });
    machine.run({
      next: (enabled) => {
        seen.push(enabled.map((task) => task.label).join(''));
        return enabled[enabled.length - 1] ?? null;
      },
      alternative: () => 0,
    });
    expect(seen).toEqual(['ab', 'b', 'a', 'a']);
  });

  test('of choice take the alternative that the chooser names', () => {
    const { machine } = machineWith(() => null, {
      a: function* () {
        return yield* choose('which way', 3);
      },
    });
    machine.run({ next: firstOf.next.bind(firstOf), alternative: () => 2 });
    expect(machine.tasks[0]?.result).toBe(2);
  });
});

describe('calls', () => {
  const twice = new FunctionSymbol('twice', function* (x: Cell<number>): Body<number> {
    return 2 * (yield* x.read());
  });
  const call = (x: Cell<number>): Call<number> => new Call(twice, [x]);

  test('push a frame, run the body and give its result', () => {
    const names: (string | undefined)[] = [];
    const { machine } = machineWith(() => new Cell(4, 'x'), {
      a: function* (x) {
        const result = yield* call(x);
        names.push(runningTask().top?.symbol?.name);
        return result;
      },
    });
    expect(machine.tasks[0]?.top?.symbol?.name).toBe('twice');
    machine.run(firstOf);
    expect(machine.tasks[0]?.result).toBe(8);
    expect(names).toEqual([undefined]);
  });

  test('run what stands in for the symbol', () => {
    const machine = new Machine();
    machine.implementations[twice.index] = function* (x: Cell<number>): Body<number> {
      return -(yield* x.read());
    };
    machine.inside(() => {
      const x = new Cell(4, 'x');
      machine.spawn({ label: 'a', body: () => call(x)[Symbol.iterator]() as unknown as Body<number> });
    });
    machine.run(firstOf);
    expect(machine.tasks[0]?.result).toBe(-4);
  });
});

describe('tasks', () => {
  test('are started by spawn and awaited by join', () => {
    const { machine } = machineWith(() => new Cell(1, 'x'), {
      parent: function* (x) {
        const child = yield* spawn({
          label: 'child',
          body: function* () {
            return yield* x.read();
          },
        });
        return yield* join(child);
      },
    });
    machine.run(firstOf);
    expect(machine.tasks.map((task) => [task.label, task.state, task.result])).toEqual([
      ['parent', 'ended', 1],
      ['child', 'ended', 1],
    ]);
  });

  test('that end deep in calls are never resumed', () => {
    const inner = new FunctionSymbol('inner', function* (): Body<void> {
      yield* end(7);
    });
    const { machine, shared } = machineWith(() => new Cell(0, 'x'), {
      a: function* (x) {
        yield* new Call<void>(inner, []);
        yield* x.write(1);
      },
    });
    machine.run(firstOf);
    expect([machine.tasks[0]?.state, machine.tasks[0]?.result, shared.value]).toEqual(['ended', 7, 0]);
  });

  test('that are abandoned keep their locks and are never resumed', () => {
    let resumed = false;
    const { machine, shared } = machineWith(() => new Lock('l'), {
      a: function* (l) {
        try {
          yield* l.acquire();
          yield* abandon();
        } finally {
          resumed = true;
        }
      },
    });
    machine.run(firstOf);
    expect(machine.tasks[0]?.state).toBe('abandoned');
    expect(shared.owner).toBe(machine.tasks[0]);
    expect(resumed).toBe(false);
  });

  test('create objects whose ids do not depend on the interleaving', () => {
    const ids = (order: string): string[] => {
      const found: string[] = [];
      const maker = function* (x: Cell<number>): Body<void> {
        yield* x.read();
        const made = new Cell(0, 'made');
        found.push(`${runningTask().label}${made.id}`);
        yield* made.read();
      };
      const { machine } = machineWith(() => new Cell(0, 'x'), { a: maker, b: maker });
      machine.run(inOrder(order));
      return found.sort((p, q) => (p < q ? -1 : 1));
    };
    expect(ids('a b a b')).toEqual(ids('b a b a'));
  });
});

describe('memory', () => {
  const withMemory = () => {
    const memory = new Memory('slab', 'thing', 8, 0x1000);
    return { memory, x: new Cell(0, 'x', memory) };
  };

  test('that is dead tells the model when it is touched, before the operation', () => {
    const { machine, shared } = machineWith(withMemory, {
      a: function* ({ memory, x }) {
        yield* memory.free();
        yield* x.write(1);
      },
    });
    const touched: string[] = [];
    machine.onDeadAccess = (task, operation, memory) => {
      touched.push(`${task.label} ${operation.kind} ${operation.object.name} of ${memory.label}`);
      return 'continue';
    };
    machine.run(firstOf);
    expect(touched).toEqual(['a write thing->x of thing']);
    expect(shared.x.value).toBe(1);
  });

  test('whose touch abandons the task does not change', () => {
    const { machine, shared } = machineWith(withMemory, {
      a: function* ({ memory, x }) {
        yield* memory.free();
        yield* x.write(1);
      },
    });
    machine.onDeadAccess = () => 'abandon';
    machine.run(firstOf);
    expect(machine.tasks[0]?.state).toBe('abandoned');
    expect(shared.x.value).toBe(0);
  });

  test('whose touch gives the task another stack does not change, and the old stack is never resumed', () => {
    let resumed = false;
    const { machine, shared } = machineWith(withMemory, {
      a: function* ({ memory, x }) {
        yield* memory.free();
        yield* x.write(1);
        resumed = true;
      },
    });
    const die = function* (): Body<string> {
      return 'died on another stack';
    };
    machine.onDeadAccess = (task) => {
      task.top = new Frame(null, die(), null, 0, []);
      return 'rewound';
    };
    machine.run(firstOf);
    expect(machine.tasks[0]?.result).toBe('died on another stack');
    expect([resumed, shared.x.value]).toEqual([false, 0]);
  });

  test('that is freed twice counts as touched', () => {
    const { machine } = machineWith(withMemory, {
      a: function* ({ memory }) {
        yield* memory.free();
        yield* memory.free();
      },
    });
    let touches = 0;
    machine.onDeadAccess = () => {
      touches++;
      return 'continue';
    };
    machine.run(firstOf);
    expect(touches).toBe(1);
  });

  test('on a frame dies when the frame is left, as operations of its own', () => {
    const holds = new FunctionSymbol('holds', function* (out: Memory[]): Body<void> {
      const memory = new Memory('stack', 'on stack', 8, 0);
      const frame = runningTask().top;
      if (frame !== null) frame.locals = [memory];
      out.push(memory);
      yield* new Cell(0, 'y', memory).read();
    });
    const out: Memory[] = [];
    const { machine } = machineWith(() => null, {
      a: function* () {
        yield* new Call<void>(holds, [out]);
      },
    });
    machine.run(firstOf, 1);
    expect(out[0]?.alive).toBe(true);
    expect(machine.tasks[0]?.pending?.kind).toBe('free');
    machine.run(firstOf);
    expect(out[0]?.alive).toBe(false);
  });
});

test('a task that carries something for others is nobody to the model: its context is null', () => {
  const write = function* (x: Cell<number>): Body<void> {
    yield* x.write(1);
  };
  const { machine } = machineWith(() => new Cell(0, 'x'), { a: write });
  expect(machine.tasks[0]?.context).toBeNull();
});

test('the same seed gives the same event hash, another schedule another one', () => {
  const hashOf = (seed: number): string => {
    const increment = function* (x: Cell<number>): Body<void> {
      for (let i = 0; i < 20; i++) yield* x.write((yield* x.read()) + 1);
    };
    const { machine } = machineWith(() => new Cell(0, 'x'), { a: increment, b: increment });
    const hash = new EventHash(machine);
    machine.observer = hash;
    machine.run(new RandomChooser(seed));
    return hash.digest();
  };
  expect(hashOf(1)).toBe(hashOf(1));
  expect(hashOf(1)).not.toBe(hashOf(2));
});
