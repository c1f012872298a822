/**
 * Quantities as a scenario writes them, as text with a unit: `57ms`, `1.5s`, `2G`, `5%`. A bare number would
 * leave the reader guessing.
 */
export const DURATION = /^(\d{1,9})(?:\.(\d{1,9}))?(ns|us|ms|s|min)$/;
export const SIZE = /^(\d{1,9})([KMGT])$/;
export const PERCENT = /^(100|\d{1,2})%$/;
export const RATIO = /^(\d{1,6})\/(\d{1,6})$/;

const NS_PER: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1_000,
  ms: 1_000_000,
  s: 1_000_000_000,
  min: 60_000_000_000,
};

/** Nanoseconds of a duration, rounded down; null if the text is none. */
export function parseDuration(text: string): number | null {
  const match = DURATION.exec(text);
  if (match === null) return null;
  const perUnit = NS_PER[match[3]];
  const digits = match[2] ?? '';
  // Whole numbers only, so that every platform gets the same: both factors are below 2^53.
  const fraction =
    digits === '' ? 0 : Math.floor((Number(digits) * perUnit) / Number(`1${'0'.repeat(digits.length)}`));
  return Number(match[1]) * perUnit + fraction;
}

/** A duration with the unit that suits it, at most three decimals: `3.141 ms`. */
export function formatDuration(nanoseconds: number): string {
  for (const [unit, size] of [
    ['s', 1e9],
    ['ms', 1e6],
    ['us', 1e3],
  ] as const) {
    if (nanoseconds >= size)
      return `${trimZeros((Math.round((nanoseconds / size) * 1000) / 1000).toFixed(3))} ${unit}`;
  }
  return `${nanoseconds} ns`;
}

/** Bytes of a size such as `512M` (powers of 1024); null if the text is none. */
export function parseSize(text: string): number | null {
  const match = SIZE.exec(text);
  if (match === null) return null;
  let bytes = Number(match[1]);
  for (let step = 'KMGT'.indexOf(match[2]); step >= 0; step--) bytes *= 1024;
  return bytes;
}

/** 256ths of a percentage: what cost models count jitter in; null if the text is none. */
export function parsePercent(text: string): number | null {
  const match = PERCENT.exec(text);
  return match === null ? null : Math.round((Number(match[1]) * 256) / 100);
}

/** Numerator and denominator of a chance such as `1/4`; null if the text is none or above 1. */
export function parseRatio(
  text: string,
): { readonly numerator: number; readonly denominator: number } | null {
  const match = RATIO.exec(text);
  if (match === null) return null;
  const [numerator, denominator] = [Number(match[1]), Number(match[2])];
  return denominator >= 1 && numerator <= denominator ? { numerator, denominator } : null;
}

/** `name == 0`, and the other comparisons of a number with a name. */
export interface Condition {
  readonly name: string;
  readonly operator: '==' | '!=' | '<' | '<=' | '>' | '>=';
  readonly value: number;
}

export const CONDITION = /^([A-Za-z_]\w*(?:\.\w+)*)\s*(==|!=|<=|>=|<|>)\s*(-?\d{1,15})$/;

export function parseCondition(text: string): Condition | null {
  const match = CONDITION.exec(text);
  if (match === null) return null;
  return { name: match[1], operator: match[2] as Condition['operator'], value: Number(match[3]) };
}

export function holds({ operator, value }: Condition, actual: number): boolean {
  switch (operator) {
    case '==':
      return actual === value;
    case '!=':
      return actual !== value;
    case '<':
      return actual < value;
    case '<=':
      return actual <= value;
    case '>':
      return actual > value;
    case '>=':
      return actual >= value;
  }
}

function trimZeros(text: string): string {
  return text.replace(/\.?0+$/, '');
}
