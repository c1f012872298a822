import { Call, FunctionSymbol, type AnySymbol, type Body } from '../sim/call.ts';

/** A kernel function: calling it gives a call, which `yield*` hands to the machine. */
export interface KernelFunction<Args extends readonly unknown[], Result> {
  (...args: Args): Call<Result>;
  readonly symbol: FunctionSymbol<Args, Result>;
}

export interface SymbolTraits<Args extends readonly unknown[]> {
  /**
   * The compiler folds the function into its callers, as the captures in facts and ground truth show: it
   * is no entry of stack traces, function traces and kallsyms. A patch can stand in for it all the same.
   */
  readonly inlined?: boolean;
  /**
   * What the function leaves behind besides its result, its operations and plain fields of the task (see
   * FunctionSymbol). A search for states needs it of functions whose caller does not care what they saw: two tasks that
   * invalidate a range have counted 1 and 2, or 2 and 1, and it is all the same afterwards.
   */
  readonly leaves?: (...args: Args) => readonly unknown[];
}

/** For `leaves`. */
export const nothing = (): readonly [] => [];

const symbols = new Map<string, AnySymbol>();
/** By the index of the symbol. */
const inlined: (true | undefined)[] = [];

/**
 * Registers a kernel function under its kernel name. Which body runs is looked up at each call, in the tree
 * and the patches in force; `body` is the one of the newest tree that needs no difference.
 */
export function kfunc<Args extends readonly unknown[], Result>(
  name: string,
  body: (...args: Args) => Body<Result>,
  traits: SymbolTraits<Args> = {},
): KernelFunction<Args, Result> {
  const symbol = new FunctionSymbol<Args, Result>(name, body, traits.leaves ?? null);
  if (symbols.has(name)) throw new Error(`the symbol ${name} is registered twice`);
  symbols.set(name, symbol);
  if (traits.inlined === true) inlined[symbol.index] = true;
  return Object.assign((...args: Args) => new Call<Result>(symbol as unknown as AnySymbol, args), { symbol });
}

/** A body of any symbol, where the types of its arguments do not matter. */
export type AnyBody = (...args: never[]) => Body<unknown>;

/** A body that stands in for a symbol's own: what trees and patches are made of. */
export interface Replacement {
  readonly symbol: AnySymbol;
  /** Makes the body from the one underneath: the symbol's own, the tree's, or an earlier patch's. */
  readonly over: (below: AnyBody) => AnyBody;
  /** What it does, in a line: for `scythe diff`. */
  readonly how?: string;
}

/** Says that `body` stands in for `original`; arguments and result are those of the original. */
export function replace<Args extends readonly unknown[], Result>(
  original: KernelFunction<Args, Result>,
  body: (...args: Args) => Body<Result>,
  how?: string,
): Replacement {
  const over = (): AnyBody => body as unknown as AnyBody;
  return { symbol: original.symbol, over, ...(how !== undefined && { how }) };
}

/**
 * Says that `original` does something more. `over` is handed the body underneath, whatever tree or patch it
 * comes from; `yield* below(...args)` runs it in the same stack frame, as lines of one function.
 */
export function extend<Args extends readonly unknown[], Result>(
  original: KernelFunction<Args, Result>,
  over: (below: (...args: Args) => Body<Result>) => (...args: Args) => Body<Result>,
  how?: string,
): Replacement {
  return {
    symbol: original.symbol,
    over: over as unknown as Replacement['over'],
    ...(how !== undefined && { how }),
  };
}

export function isInlined(symbol: AnySymbol): boolean {
  return inlined[symbol.index] === true;
}

/** All registered symbols by name, in alphabetical order: kallsyms. */
export function kallsyms(): readonly AnySymbol[] {
  return [...symbols.values()].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}
