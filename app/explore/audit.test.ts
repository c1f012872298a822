import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Body } from '../sim/call.ts';
import { Cell } from '../sim/cell.ts';
import { machineInForce } from '../sim/machine-in-force.ts';
import { SimObject } from '../sim/object.ts';
import { BlockingEffect, Effect } from '../sim/operation.ts';
import { spawn } from '../sim/spawn.ts';
import { audit, type Breach, formatBreach } from './audit.ts';
import type { Program } from './program.ts';
import { classic } from './programs/classics.ts';
import { smallModel } from './small-model.ts';
import { lostUpdate } from './testing/lost-update.ts';
import { randomProgram, randomTasks } from './testing/random-program.ts';

const breachesOf = (program: Program): readonly Breach[] => audit(program, { executions: 50 }).breaches;

describe('a program that keeps the promise', () => {
  test.each(['readers:4', 'lastzero:4', 'indexer:4', 'filesystem:4'])('has no breach: %s', (name) => {
    const program = classic(name);
    if (program !== null) expect(breachesOf(program).map(formatBreach)).toEqual([]);
  });

  test('has none, though its operations conflict', () => {
    const report = audit(lostUpdate(3, 4), { executions: 20 });
    expect(report).toMatchObject({ executions: 20, breaches: [] });
  });

  test('has none, whatever it does', { timeout: 60_000 }, () => {
    fc.assert(
      fc.property(randomTasks, (tasks) => {
        const { breaches } = audit(randomProgram(tasks), { executions: 5 });
        expect(breaches.map(formatBreach)).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });
});

class World {
  readonly cells = [new Cell(0, 'x'), new Cell(0, 'y')];
  /** What tasks share behind the machine's back. */
  hidden = 0;
  readonly gate = new Gate();
  lazy: Cell<number> | null = null;
}

/** Something to wait for whose state is more than its snapshot tells. */
class Gate extends SimObject {
  open = false;
  closes = 0;

  constructor() {
    super(null);
  }

  override get name(): string {
    return 'gate';
  }

  override snapshot(): unknown {
    return this.closes;
  }

  override restore(snapshot: unknown): void {
    this.closes = snapshot as number;
  }

  unlock(): Effect<void> {
    return new Effect('write', this, 'write', () => {
      this.open = true;
    });
  }

  pass(): BlockingEffect<void> {
    return new BlockingEffect<void>(
      'wait',
      this,
      'read',
      () => this.open,
      () => undefined,
    );
  }
}

type Code = (world: World) => Body<unknown>;

const two = (a: Code, b: Code): Program => smallModel({ setUp: () => new World(), tasks: { a, b } });

function* idle(world: World): Body<void> {
  yield* world.cells[1].read();
  yield* world.cells[1].read();
}

describe('a breach is found where', () => {
  test('a result depends on what is no operation', () => {
    const [breach] = breachesOf(
      two(
        function* ({ cells }) {
          yield* cells[0].write(1);
        },
        function* (world) {
          yield* world.cells[1].read();
          yield* new Effect('read', world.cells[1], 'read', () => world.cells[0].value);
        },
      ),
    );
    expect(breach.kind).toBe('order');
    expect(breach.difference).toMatch(/^the result for b was [01], and is [01]$/);
    expect([breach.first, breach.second].map(({ object }) => object).sort()).toEqual(['x', 'y']);
    expect(formatBreach(breach)).toContain('a: write (write) x #1');
  });

  test('the next operation does', () => {
    const [breach] = breachesOf(
      two(
        function* (world) {
          yield* world.cells[0].read();
          world.hidden++;
          yield* world.cells[0].read();
        },
        function* (world) {
          yield* world.cells[1].read();
          yield* world.cells[world.hidden].write(1);
        },
      ),
    );
    expect(breach.difference).toMatch(
      /b does not do write \(write\) [xy] #[12], but write \(write\) [xy] #[12]/,
    );
  });

  test('an object is made by whoever comes first', () => {
    const make: Code = function* (world) {
      yield* world.cells[0].read();
      world.lazy ??= new Cell(0, 'lazy');
      yield* world.lazy.read();
    };
    const [breach] = breachesOf(two(make, make));
    expect(breach.difference).toContain('lazy #');
  });

  test('an effect ends the waiting of somebody else', () => {
    const breaches = breachesOf(
      two(
        function* (world) {
          yield* new Effect('write', world.cells[0], 'write', () => {
            world.cells[1].value = 1;
            machineInForce().wake(world.cells[1]);
          });
        },
        function* ({ cells }) {
          yield* cells[1].await((value) => value === 1);
        },
      ),
    );
    expect(breaches[0]).toMatchObject({ kind: 'enabledness', difference: 'b became enabled' });
    expect(breaches[0].second).toMatchObject({ task: 'b', kind: 'wait', object: 'y' });
  });

  test('somebody could go on, and nobody tells the machine', () => {
    const [breach] = breachesOf(
      two(
        function* (world) {
          yield* world.cells[0].read();
          world.hidden = 1;
          yield* world.cells[0].read();
        },
        function* (world) {
          yield* new BlockingEffect<void>(
            'wait',
            world.cells[1],
            'read',
            () => world.hidden === 1,
            () => undefined,
          );
        },
      ),
    );
    expect(breach).toMatchObject({ kind: 'enabledness', difference: 'b is enabled, and nobody told' });
  });

  test('a snapshot is not all that an operation waits for', () => {
    const breaches = breachesOf(
      two(
        function* ({ gate }) {
          yield* gate.unlock();
        },
        function* ({ gate }) {
          yield* gate.pass();
        },
      ),
    );
    expect(breaches).toHaveLength(1);
    expect(breaches[0]).toMatchObject({ kind: 'snapshot', difference: 'put back, b would be enabled' });
  });

  test('the titles depend on it in the end', () => {
    const say: Code = function* (world) {
      yield* world.cells[0].read();
      world.hidden = machineInForce().running().index;
    };
    const program: Program = {
      ...two(say, say),
      judge: (machine) => [`last: ${(machine.world as { shared: World }).shared.hidden}`],
    };
    const [breach] = breachesOf(program);
    expect(breach.difference).toMatch(/^in the end, was: last: [01]; is: last: [01]/);
  });

  test('of many operations two are to blame, long before it shows', () => {
    const [breach] = breachesOf(
      two(
        function* (world) {
          yield* idle(world);
          yield* world.cells[0].write(1);
          world.hidden = 1;
          for (let i = 0; i < 20; i++) yield* world.cells[0].read();
        },
        function* (world) {
          yield* idle(world);
          yield* world.cells[1].write(1);
          const seen = world.hidden;
          for (let i = 0; i < 20; i++) yield* world.cells[1].read();
          const child = yield* spawn({ label: 'child', body: () => idle(world) });
          yield* world.cells[1].write(seen + child.index);
          if (seen === 1) yield* world.cells[0].write(2);
        },
      ),
    );
    expect([breach.first, breach.second].map(({ kind }) => kind)).toEqual(['write', 'write']);
    expect(breach.difference).toMatch(/\(\d+ operations later/);
  });
});
