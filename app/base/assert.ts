/**
 * States what must hold whatever the scenario says. A failure is a bug in Scythe, never in a scenario or
 * in the modelled kernel: those end in issues and reports.
 */
export function assert(condition: boolean, what: string): asserts condition {
  if (!condition) throw new ScytheBug(what);
}

/** The tool itself went wrong. The message starts with "bug in Scythe" so that nobody looks for it elsewhere. */
export class ScytheBug extends Error {
  constructor(what: string) {
    super(`bug in Scythe: ${what}`);
    this.name = 'ScytheBug';
  }
}

/** Marks a branch that the types rule out. */
export function unreachable(value: never): never {
  throw new ScytheBug(`unexpected value ${String(value)}`);
}
