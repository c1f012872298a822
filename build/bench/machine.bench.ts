// Scheduled operations per second of the machine alone, on one core: a seeded random walk over a small program.
import { Call, FunctionSymbol, type Body } from '../../app/sim/call.ts';
import { Cell } from '../../app/sim/cell.ts';
import { Lock } from '../../app/sim/lock.ts';
import { Machine } from '../../app/sim/machine.ts';
import { RandomChooser } from '../../app/sim/random.ts';
import { report, spread } from './report.ts';

const TASKS = 4;
const STEPS = 1_000_000;
const REPEATS = 7;

interface Shared {
  readonly cells: readonly Cell<number>[];
  readonly lock: Lock;
}

/** Each task takes a lock, reads and writes what all share, lets go, for ever. */
function* plain({ cells, lock }: Shared): Body<never> {
  for (;;) {
    yield* lock.acquire();
    for (const cell of cells) yield* cell.write((yield* cell.read()) + 1);
    yield* lock.release();
    for (const cell of cells) yield* cell.read();
  }
}

const increment = new FunctionSymbol<[Cell<number>], void>('increment', function* (cell) {
  yield* cell.write((yield* cell.read()) + 1);
});
const section = new FunctionSymbol<[Shared], void>('section', function* (shared) {
  yield* shared.lock.acquire();
  for (const cell of shared.cells) yield* call(increment, cell);
  yield* shared.lock.release();
});

function call<Args extends readonly unknown[], Result>(
  symbol: FunctionSymbol<Args, Result>,
  ...args: Args
): Call<Result> {
  return new Call<Result>(symbol, args);
}

/** The same through calls: a third of the operations enter or leave a function. */
function* calling(shared: Shared): Body<never> {
  for (;;) {
    yield* call(section, shared);
    for (const cell of shared.cells) yield* cell.read();
  }
}

function operationsPerSecond(program: (shared: Shared) => Body<never>, seed: number): number {
  const machine = new Machine();
  machine.inside(() => {
    const shared = {
      cells: Array.from({ length: 4 }, (_, i) => new Cell(0, `cell${i}`)),
      lock: new Lock('lock'),
    };
    for (let i = 0; i < TASKS; i++) machine.spawn({ label: `task${i}`, body: () => program(shared) });
  });
  const chooser = new RandomChooser(seed);
  machine.run(chooser, STEPS / 10);
  const startedMs = performance.now();
  machine.run(chooser, STEPS);
  return STEPS / ((performance.now() - startedMs) / 1000);
}

for (const [name, program] of [
  ['random run of a small program', plain],
  ['the same through calls', calling],
] as const) {
  const rates = Array.from({ length: REPEATS }, (_, seed) => operationsPerSecond(program, seed));
  report(name, `${spread(rates, (rate) => `${(rate / 1e6).toFixed(2)} M`)} operations/s`);
}
