import { z } from 'zod';
import { method, topic } from './method.ts';
import { overridesSchema } from './scenario.ts';

/** Searches of interleavings, and matrices of kernels. Both go on in worker threads and can be cancelled. */

export const searchId = z.string().max(32);

export const findSchema = z.strictObject({
  title: z.string(),
  count: z.number().int(),
  first: z.number().int(),
  switches: z.number().int(),
  preemptions: z.number().int(),
  operations: z.number().int(),
  /** The text of a replay file. */
  replay: z.string().nullable(),
});
export type Find = z.infer<typeof findSchema>;

export const searchState = z.strictObject({
  id: searchId,
  title: z.string(),
  state: z.enum(['running', 'cancelled', 'done', 'failed']),
  strategy: z.string(),
  executions: z.number().int(),
  blocked: z.number().int(),
  operations: z.number().int(),
  elapsedMs: z.number(),
  /** An estimate of what is left, if there is one. */
  remaining: z.number().nullable(),
  complete: z.boolean(),
  /** What was covered, in words that claim no more than was searched. */
  covered: z.string(),
  /** Null while it runs. */
  met: z.boolean().nullable(),
  failures: z.array(z.string()),
  finds: z.array(findSchema),
  error: z.string().nullable(),
});
export type SearchState = z.infer<typeof searchState>;

export const matrixState = z.strictObject({
  id: searchId,
  title: z.string(),
  state: z.enum(['running', 'cancelled', 'done', 'failed']),
  /** Rows done, of so many. */
  done: z.number().int(),
  total: z.number().int(),
  columns: z.array(z.string()),
  rows: z.array(
    z.strictObject({
      name: z.string(),
      verdict: z.enum(['pass', 'fail', 'error', 'pending']),
      of: z.number().int(),
      /** How often each column's title came up. */
      counts: z.array(z.number().int()),
      note: z.string(),
    }),
  ),
  error: z.string().nullable(),
});
export type MatrixState = z.infer<typeof matrixState>;

const text = z.string().max(1_000_000);
const path = z.string().max(512);

export const searchMethods = {
  'search/start': method(
    z.strictObject({
      text,
      path,
      overrides: overridesSchema,
      strategy: z.enum(['dpor', 'states', 'bounded', 'pct', 'random']),
      preemptions: z.number().int().min(0).max(20).nullable(),
      executions: z.number().int().min(1).nullable(),
      seconds: z.number().min(0.1).nullable(),
      stopAtFirst: z.boolean(),
    }),
    z.strictObject({ id: searchId }),
  ),
  'search/cancel': method(z.strictObject({ id: searchId }), z.strictObject({})),
  'search/list': method(z.strictObject({}), z.strictObject({ searches: z.array(searchState) })),
  'matrix/start': method(
    z.strictObject({
      text,
      path,
      trees: z.array(z.string()).max(32),
      /** Sets of patches; the empty set is the tree itself. */
      patches: z.array(z.array(z.string())).max(32),
      configs: z.array(z.record(z.string(), z.union([z.boolean(), z.number()]))).max(32),
      explore: z.boolean(),
      iterations: z.number().int().min(1).max(1000),
      executions: z.number().int().min(1).nullable(),
    }),
    z.strictObject({ id: searchId }),
  ),
} as const;

export const searchTopics = {
  /** The state now, then each change, at most a few times per second. */
  'search/state': topic(z.strictObject({ id: searchId }), searchState),
  'matrix/state': topic(z.strictObject({ id: searchId }), matrixState),
} as const;
