declare const brand: unique symbol;

/** A primitive that cannot be mixed up with another of the same shape. */
export type Brand<Base, Name extends string> = Base & { readonly [brand]: Name };

/** Virtual nanoseconds since boot. Fits a number: 2^53 ns are 104 days. */
export type Ns = Brand<number, 'Ns'>;

export const ns = (value: number): Ns => value as Ns;
export const us = (value: number): Ns => (value * 1_000) as Ns;
export const ms = (value: number): Ns => (value * 1_000_000) as Ns;
export const seconds = (value: number): Ns => (value * 1_000_000_000) as Ns;
