import type { CostModel } from '../sim/timed.ts';
import type { OperationKind } from '../sim/operation.ts';

/** A cost model with its name and what it stands for. */
export interface NamedCosts {
  readonly name: string;
  readonly description: string;
  readonly costs: CostModel;
}

function everyKind(ns: Readonly<Partial<Record<OperationKind, number>>>, otherwise: number) {
  const kinds: OperationKind[] = [
    ...(['read', 'write', 'rmw', 'acquire', 'release', 'wait'] as const),
    ...(['alloc', 'free', 'choose', 'delay', 'spawn', 'exit'] as const),
  ];
  return Object.fromEntries(kinds.map((kind) => [kind, ns[kind] ?? otherwise])) as Record<
    OperationKind,
    number
  >;
}

/**
 * The cost models that a scenario can name.
 *
 * What an operation costs here is more than the instruction itself: it stands for all the code between it and
 * the operation before, sanitizers and lock debugging included. Delays (jiffies of timers, of SRCU, of the OOM
 * reaper) are the kernel's own and do not scale.
 */
export const costModels: readonly NamedCosts[] = [
  {
    name: 'default',
    description: 'a debug kernel on hardware virtualisation: the reap of simple_kvm takes about 3 ms',
    costs: {
      operation: everyKind(
        { acquire: 9_000, alloc: 18_000, free: 12_000, spawn: 150_000, choose: 0, delay: 1_000 },
        4_800,
      ),
      computing: 4,
      contextSwitch: 3_000,
      wakeUp: 4_000,
      slice: 3_000_000,
      jitter: 24,
    },
  },
  {
    name: 'tcg',
    description: "the captures' machine, software emulation of a debug kernel: a reap takes 20 to 45 ms",
    costs: {
      operation: everyKind(
        { acquire: 16_000, alloc: 32_000, free: 24_000, spawn: 1_200_000, choose: 0, delay: 10_000 },
        8_000,
      ),
      computing: 210,
      contextSwitch: 40_000,
      wakeUp: 60_000,
      slice: 3_000_000,
      jitter: 128,
    },
  },
];
