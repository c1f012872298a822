import { z } from 'zod';
import { configuration, hasNoIssue, name } from './schema-parts.ts';
import { STRATEGIES } from './schema.ts';

const title = z.string().min(1).max(100);
const MOST = 64;

const exploration = z
  .strictObject({
    strategy: z.enum(STRATEGIES).meta({ description: 'How to search; as the scenario says.' }).optional(),
    preemptions: z.number().int().min(0).max(64).meta({ description: 'Search up to so many.' }).optional(),
    executions: z
      .number()
      .int()
      .min(1)
      .max(10_000_000)
      .meta({
        description: 'Stop after so many. There is no limit of time: a table must come out the same again.',
      })
      .optional(),
    stopAtFirst: z.boolean().meta({ description: 'Stop when something was found.' }).optional(),
  })
  .meta({ description: 'Search the interleavings in place of a run in time; `{}` as the scenario says.' });

const column = z
  .strictObject({
    title: title.meta({ description: 'What stands above the column; the name of the scenario.' }).optional(),
    scenario: z
      .string()
      .regex(/^[\w-]+(\/[\w-]+)*$/)
      .meta({
        description: 'A bundled scenario, `kvm-oom/reap`, or one beside this file, `reap`.',
        fix: 'write the name of a scenario, without .yaml',
      }),
    explore: exploration.optional(),
    iterations: z
      .number()
      .int()
      .min(1)
      .max(10_000)
      .meta({ description: 'Runs, each with the next seed.' })
      .optional(),
    config: configuration.optional(),
  })
  .refine(({ explore, iterations }) => explore === undefined || iterations === undefined, {
    message: 'a search has no iterations',
    params: { fix: 'leave one of `explore` and `iterations` out' },
    when: hasNoIssue,
  });

const row = z.strictObject({
  title: title.meta({ description: 'What stands before the row; the kernel.' }).optional(),
  tree: name('trees').optional(),
  patches: z
    .array(name('patches'))
    .max(16)
    .meta({ description: 'In place of the scenario’s own; `[]` for none.' })
    .optional(),
  config: configuration.optional(),
  columns: z
    .array(z.number().int().min(1).max(MOST))
    .max(MOST)
    .meta({ description: 'Only these columns, counted from 1; all of them if not given.' })
    .optional(),
});

/** The format of `matrix.yaml`, version 1: an argument as a table of kernels and scenarios. */
export const matrixSchema = z.strictObject({
  matrix: z.literal(1).meta({ description: 'Version of the format.', fix: 'write matrix: 1' }),
  title: z.string().min(1).max(200).meta({ description: 'What is compared, in a line.' }),
  description: z.string().max(10_000).optional(),
  columns: z.array(column).min(1).max(MOST).meta({ description: 'Scenarios.' }),
  rows: z.array(row).min(1).max(MOST).meta({ description: 'Kernels.' }),
});

export type MatrixFile = z.infer<typeof matrixSchema>;
