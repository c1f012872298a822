import { z } from 'zod';
import { DURATION } from './units.ts';

// What the parts of the scenario format are made of (schema.ts, expect-schema.ts).

/** Where the names that a key may have come from. */
export type Registry = 'trees' | 'patches' | 'config' | 'programs' | 'costs' | 'probes';

declare module 'zod' {
  interface GlobalMeta {
    registry?: Registry;
    fix?: string;
  }
}

/** For rules about several keys: what is wrong with one of them is told alone. */
export const hasNoIssue = (payload: { readonly issues: readonly unknown[] }): boolean =>
  payload.issues.length === 0;

export const name = (registry: Registry) => z.string().min(1).max(200).meta({ registry });

export const duration = z
  .string()
  .regex(DURATION)
  .meta({
    title: 'duration',
    description: 'A number with a unit: ns, us, ms, s or min.',
    fix: 'write a number with a unit, such as 57ms or 1.5s',
    examples: ['57ms', '1.5s'],
  });

const configValue = z.union([z.literal('y'), z.literal('n'), z.number().int()]).meta({
  title: 'option value',
  description: '`y` or `n`; a number for HZ.',
  fix: 'write y or n (a number for HZ)',
});

export const configuration = z.record(name('config'), configValue).meta({
  description:
    'Kconfig options that differ from the debug kernel of the captures, by their kernel names without ' +
    '`CONFIG_`. What others select or depend on is worked out as `make olddefconfig` does.',
});
