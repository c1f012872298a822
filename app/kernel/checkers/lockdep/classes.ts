import { config } from '../../kernel.ts';
import type { StackEntry } from '../../stack.ts';
import type { LockdepMap, LockKind, WaitType } from '../../kernel/locking/lockdep.ts';
import type { Dependency } from './graph.ts';

// Bits of LockClass.usage: bit 0 tells reading, bit 1 "with that irq enabled" rather than "inside that irq",
// bit 2 softirq rather than hardirq.
export const READ_BIT = 1;
export const ENABLED_BIT = 2;
export const IN_HARDIRQ = 0;
export const IN_SOFTIRQ = 4;
export const USED = 8;
export const USED_READ = 9;

/** Usage bits of locks used inside any irq, and of locks used with any irq enabled. */
export const USED_IN_IRQ_ALL = 0b00110011;
export const ENABLED_IRQ_ALL = 0b11001100;

export const USAGE_NAMES = [
  'IN-HARDIRQ-W',
  'IN-HARDIRQ-R',
  'HARDIRQ-ON-W',
  'HARDIRQ-ON-R',
  'IN-SOFTIRQ-W',
  'IN-SOFTIRQ-R',
  'SOFTIRQ-ON-W',
  'SOFTIRQ-ON-R',
  'INITIAL USE',
  'INITIAL READ USE',
] as const;

/** `HARDIRQ`, `SOFTIRQ-READ`: the kind of interrupt that a usage bit speaks of. */
export function stateName(bit: number): string {
  return `${bit < IN_SOFTIRQ ? 'HARDIRQ' : 'SOFTIRQ'}${(bit & READ_BIT) === 0 ? '' : '-READ'}`;
}

/** struct lock_class - what is known of all locks with one name and subclass. */
export class LockClass {
  usage = 0;
  /** By usage bit: the stack that set it. */
  readonly usageTraces: (readonly StackEntry[] | undefined)[] = [];
  readonly after: Dependency[] = [];
  readonly before: Dependency[] = [];

  constructor(
    readonly index: number,
    /** With `/subclass` where that is not 0. */
    readonly name: string,
    readonly kind: LockKind,
    readonly waitInner: number,
    /** 0 if it is the same as the inner one. */
    readonly waitOuter: number,
  ) {}

  /** `{+.+.}`: hardirq-write, hardirq-read, softirq-write, softirq-read. */
  get usageChars(): string {
    return [IN_HARDIRQ, IN_HARDIRQ | READ_BIT, IN_SOFTIRQ, IN_SOFTIRQ | READ_BIT]
      .map((bit) => {
        const inside = (this.usage & (1 << bit)) !== 0;
        if ((this.usage & (1 << (bit | ENABLED_BIT))) !== 0) return inside ? '?' : '+';
        return inside ? '-' : '.';
      })
      .join('');
  }

  /** ` (name){usage}-{outer:inner}` */
  get description(): string {
    const outer = this.waitOuter === 0 ? this.waitInner : this.waitOuter;
    return ` (${this.name}){${this.usageChars}}-{${outer}:${this.waitInner}}`;
  }
}

/** What no context forbids. */
export const waitMax = (): number => waitNumber('sleep') + 1;

/** As the kernel counts them, which depends on whether raw spinlocks are told from others. */
export function waitNumber(type: WaitType): number {
  const raw = config().PROVE_RAW_LOCK_NESTING ? 1 : 0;
  switch (type) {
    case 'inv':
      return 0;
    case 'free':
      return 1;
    case 'spin':
      return 2;
    case 'config':
      return 2 + raw;
    case 'sleep':
      return 3 + raw;
  }
}

/** All classes of a kernel, in order of first use. */
export class ClassTable {
  private readonly byName = new Map<string, LockClass>();

  /** In order of first use. */
  all(): readonly LockClass[] {
    return [...this.byName.values()];
  }

  /** The class of a lock, registered at its first use. */
  of(map: LockdepMap, subclass: number): LockClass {
    const known = map.classes[subclass];
    if (known !== undefined) return known;
    const name = subclass === 0 ? map.name : `${map.name}/${subclass}`;
    let lockClass = this.byName.get(name);
    if (lockClass === undefined) {
      const { inner = 'inv', outer = 'inv' } = map.wait;
      lockClass = new LockClass(this.byName.size, name, map.kind, waitNumber(inner), waitNumber(outer));
      this.byName.set(name, lockClass);
    }
    map.classes[subclass] = lockClass;
    return lockClass;
  }
}
