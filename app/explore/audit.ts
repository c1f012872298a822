import { Prng } from '../base/prng.ts';
import type { Schedule } from '../sim/schedule.ts';
import { describeSteps, type DescribedStep } from './described-step.ts';
import { OPERATIONS_PER_EXECUTION } from './execution.ts';
import { Footprints } from './footprint.ts';
import type { Program } from './program.ts';
import { Comparison, type Difference, Recording } from './recording.ts';
import { afterSwaps, inversions, neighboursSwapped, reordered } from './reorder.ts';
import { Wanderer } from './wanderer.ts';

export interface AuditOptions {
  readonly seed?: number;
  /** Executions to record. */
  readonly executions?: number;
  /** Ends when so many different breaches were found. */
  readonly most?: number;
  readonly operationsPerExecution?: number;
}

/**
 * A place where a program breaks the promise that searches rest on (see operation.ts):
 * - `order`: two operations said to be independent do not commute.
 * - `enabledness`: an operation became enabled, or stopped being so, though nothing happened to its objects.
 * - `snapshot`: an object put back into a former state does not answer as it did then.
 */
export interface Breach {
  readonly kind: 'order' | 'enabledness' | 'snapshot';
  /** The two operations in their order; for the other kinds the one that ran and the one that waits. */
  readonly first: DescribedStep;
  readonly second: DescribedStep;
  readonly difference: string;
  /** How often it was met. */
  count: number;
  /** Leads up to the first of the two operations. */
  readonly schedule: Schedule;
}

export interface AuditReport {
  readonly executions: number;
  readonly operations: number;
  /** Pairs of operations that came in the other order. */
  readonly pairs: number;
  readonly breaches: readonly Breach[];
}

/**
 * Looks for places where a program breaks the promise: records random executions, performs them again in other
 * orders in which only independent operations have changed places, and compares step by step: operations, results,
 * who is enabled, titles. When two executions differ, there are two adjacent operations on the way from one order
 * to the other that make a difference: those are told. Finds nothing in a program that keeps the promise; what it
 * does not find may still be there.
 */
export function audit(program: Program, options: AuditOptions = {}): AuditReport {
  return new Audit(program, options).run();
}

class Audit {
  private executions = 0;
  private operations = 0;
  private pairs = 0;
  private readonly breaches = new Map<string, Breach>();
  private readonly footprints = new Footprints();
  private readonly prng: Prng;
  private readonly limit: number;

  constructor(
    private readonly program: Program,
    private readonly options: AuditOptions,
  ) {
    this.prng = new Prng(options.seed ?? 1);
    this.limit = options.operationsPerExecution ?? OPERATIONS_PER_EXECUTION;
  }

  run(): AuditReport {
    const { executions = 20, most = 20 } = this.options;
    while (this.executions < executions && this.breaches.size < most) this.execution();
    return {
      executions: this.executions,
      operations: this.operations,
      pairs: this.pairs,
      breaches: [...this.breaches.values()],
    };
  }

  private execution(): void {
    const { program, footprints, prng, limit } = this;
    const recording = new Recording(program, footprints, new Wanderer(prng.word()), limit);
    const recorded = recording.events.map((_, event) => event);
    this.executions++;
    this.operations += recording.events.length;
    for (const { kind, event, task, difference } of recording.irregularities) {
      const schedule = recording.schedule(recorded, event);
      const [first, second] = describeSteps(program, schedule, [recording.events[event].thread, task]);
      this.note(kind, first, second, difference, schedule);
    }
    // Neighbours change places, which shows who is enabled at once; then all that can, however far apart.
    const orders = [
      neighboursSwapped(recording, prng),
      reordered(recording, prng),
      reordered(recording, prng),
    ];
    for (const order of orders) {
      this.pairs += inversions(order);
      if (this.compare(recording, order) !== null) this.blame(recording, order);
    }
  }

  private compare(recording: Recording, order: readonly number[]): Difference | null {
    const comparison = new Comparison(this.program, recording, order);
    this.operations += comparison.performed;
    return comparison.difference;
  }

  /** Finds two adjacent orders on the way to `order` of which one is as recorded and the other is not. */
  private blame(recording: Recording, order: readonly number[]): void {
    let same = 0;
    let other = inversions(order);
    let difference: Difference | null = null;
    if (this.compare(recording, afterSwaps(order, 0)) !== null)
      throw new Error('the program is not deterministic');
    while (other - same > 1) {
      const middle = (same + other) >> 1;
      const found = this.compare(recording, afterSwaps(order, middle));
      if (found === null) same = middle;
      else [other, difference] = [middle, found];
    }
    difference ??= this.compare(recording, order);
    const then = afterSwaps(order, same);
    const now = afterSwaps(order, other);
    const at = then.findIndex((event, i) => event !== now[i]);
    const schedule = recording.schedule(then, at);
    const threads = [recording.events[then[at]].thread, recording.events[then[at + 1]].thread];
    const [first, second] = describeSteps(this.program, schedule, threads);
    this.note('order', first, second, this.tell(recording, now, at, difference), schedule);
  }

  /** The difference, with the operation where it shows if that is none of the two. */
  private tell(
    recording: Recording,
    order: readonly number[],
    at: number,
    difference: Difference | null,
  ): string {
    if (difference === null) return 'nothing, the next time';
    const { position, thread, text } = difference;
    if (position <= at + 1) return text;
    const later = position - at - 1;
    if (thread < 0 || position >= order.length) return `${text} (${later} operations later)`;
    const [step] = describeSteps(this.program, recording.schedule(order, position), [thread]);
    return `${text} (${later} operations later, ${formatStep(step)})`;
  }

  private note(
    kind: Breach['kind'],
    first: DescribedStep,
    second: DescribedStep,
    difference: string,
    schedule: Schedule,
  ): void {
    // The same two places in either order are one breach.
    const places = [placeOf(first), placeOf(second)];
    if (places[0] > places[1]) places.reverse();
    const key = [kind, ...places].join(' / ');
    const known = this.breaches.get(key);
    if (known !== undefined) known.count++;
    else this.breaches.set(key, { kind, first, second, difference, count: 1, schedule });
  }
}

/** Where in the program a step is, whoever performs it. */
function placeOf({ kind, access, functions }: DescribedStep): string {
  return `${kind} ${access} ${functions.slice(0, 3).join(' ')}`;
}

/** Several lines: the two operations and what does not fit. */
export function formatBreach({ kind, first, second, difference, count }: Breach): string {
  const what = {
    order: 'two operations said to be independent do not commute',
    enabledness: 'an operation is enabled or not though nothing happened to its objects',
    snapshot: 'a snapshot does not hold all that an operation waits for',
  }[kind];
  return `${what} (${count} times)\n  ${formatStep(first)}\n  ${formatStep(second)}\n  ${difference}`;
}

function formatStep({ task, kind, access, object, id, also, memory, functions }: DescribedStep): string {
  const seconds = [also, memory].filter((name) => name !== null).join(', ');
  const beside = seconds === '' ? '' : ` (and ${seconds})`;
  const inside = functions.length === 0 ? '' : ` in ${functions.join(' < ')}`;
  return `${task}: ${kind} (${access}) ${object} #${id}${beside}${inside}`;
}
