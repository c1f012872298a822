import type { Operation } from './operation.ts';

/** What a task's code yields to the machine: an operation to be scheduled, or a call to be entered at once. */
export type Step = Operation<unknown> | Call<unknown>;

/** The code of a task or a function: yields steps, is resumed with their results. */
export type Body<Result> = Generator<Step, Result, unknown>;

/** A named function of the model. Which body stands behind the name, the machine looks up at each call. */
export class FunctionSymbol<Args extends readonly unknown[], Result> {
  /** Index into the machine's table of implementations. */
  readonly index: number;

  constructor(
    readonly name: string,
    /** The body that is used where no tree or patch stands in for it. */
    readonly body: (...args: Args) => Body<Result>,
    /**
     * What it leaves behind of all that it saw, once it has returned, besides its result, what operations have changed and
     * what its task's context shows in plain fields: what is written into its arguments, for instance, as values that
     * tell what they are. Null: nobody has said. It holds for bodies that stand in for its own, too.
     */
    readonly leaves: ((...args: Args) => readonly unknown[]) | null = null,
  ) {
    this.index = nextIndex++;
  }
}

let nextIndex = 0;

/** Any symbol, where the types of its arguments do not matter. */
export type AnySymbol = FunctionSymbol<never, unknown>;

/** A call of a symbol: a value that the machine turns into a frame on the calling task's stack. */
export class Call<Result> implements Iterator<Call<unknown>, Result, unknown> {
  private fresh = true;

  constructor(
    readonly symbol: AnySymbol,
    readonly args: readonly unknown[],
  ) {}

  [Symbol.iterator](): this {
    return this;
  }

  next(value: unknown): IteratorResult<Call<unknown>, Result> {
    if (this.fresh) {
      this.fresh = false;
      return { done: false, value: this };
    }
    return { done: true, value: value as Result };
  }
}
