/** Prints one number and what it stands for. */
export function report(what: string, value: string): void {
  console.log(`${what.padEnd(44)} ${value}`);
}

/** The median, with the lowest and the highest in brackets. */
export function spread(values: readonly number[], format: (value: number) => string): string {
  const sorted = [...values].sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)];
  return `${format(median)} (${format(sorted[0])} to ${format(sorted[sorted.length - 1])})`;
}
